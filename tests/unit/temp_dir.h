/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A directory for one test, and files in it. Aborts rather than go on without. */
#ifndef TESTS_TEMP_DIR_H
#define TESTS_TEMP_DIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* malloc'ed; see temp_dir__remove() */
static inline char *temp_dir__new(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path;

	if (asprintf(&path, "%s/btfgen-test-XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0 ||
	    !mkdtemp(path))
		abort();
	return path;
}

static inline int temp_dir__remove_one(const char *path, const struct stat *st, int type,
				       struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void temp_dir__remove(char *path)
{
	nftw(path, temp_dir__remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

/* "dir/name" in one of four buffers of the thread, taken in turn */
static inline const char *temp_path(const char *dir, const char *name)
{
	static __thread char buffers[4][4096];
	static __thread unsigned int turn;
	char *path = buffers[turn++ % 4];

	snprintf(path, sizeof(buffers[0]), "%s/%s", dir, name);
	return path;
}

static inline void temp_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
}

/* Bytes that look like nothing else and are the same every time. */
static inline uint8_t *noise(size_t size)
{
	uint8_t *data = malloc(size ? size : 1);
	uint32_t state = 12345;

	if (!data)
		abort();
	for (size_t i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = state >> 24;
	}
	return data;
}

static inline int64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

#endif
