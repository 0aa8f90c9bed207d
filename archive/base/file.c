/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define TMP_NOISE 8
#define TMP_SUFFIX ".tmp"

int file__read(const char *path, size_t limit, void **data, size_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf buf = {};
	struct stat st;
	size_t want = 65536;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_size > 0 && (uint64_t)st.st_size <= limit)
		want = (size_t)st.st_size + 1;
	for (;;) {
		uint8_t *room = buf__reserve(&buf, want);
		ssize_t got;

		if (!room)
			return -ENOMEM;
		got = read(fd, room, want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		buf.len += got;
		if (buf.len > limit)
			return -EFBIG;
		want = 65536;
	}
	if (!buf__cstr(&buf))
		return -ENOMEM;
	*data = buf__steal(&buf, size);
	return 0;
}

/* Unlikely to be met again, which is all that it takes: never wait for entropy. */
static void make_noise(uint8_t noise[TMP_NOISE])
{
	struct timespec now;
	uint64_t mix;

	if (getrandom(noise, TMP_NOISE, GRND_NONBLOCK) == TMP_NOISE)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	mix = ((uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec << 50 ^ (uint64_t)getpid()) *
	      UINT64_C(0x9e3779b97f4a7c15);
	memcpy(noise, &mix, TMP_NOISE);
}

/* A name that nobody else uses; open(2) applies the umask, as mkstemp(3) would not. */
static int open_beside(struct new_file *file, unsigned int mode)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint8_t noise[TMP_NOISE];

	for (int tries = 0; tries < 100; tries++) {
		char name[TMP_NOISE + 1] = {};

		make_noise(noise);
		for (size_t i = 0; i < TMP_NOISE; i++)
			name[i] = digits[noise[i] % (sizeof(digits) - 1)];
		if (asprintf(&file->tmp_path, "%s.%s" TMP_SUFFIX, file->path, name) < 0) {
			file->tmp_path = NULL;
			return -ENOMEM;
		}
		file->fd = open(file->tmp_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (file->fd >= 0)
			return 0;
		free(steal_ptr(file->tmp_path)); /* not ours to unlink */
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

int file__begin(struct new_file *file, const char *path, unsigned int mode)
{
	int err;

	*file = (struct new_file){ .fd = -1 };
	file->path = strdup(path);
	err = file->path ? open_beside(file, mode) : -ENOMEM;
	if (err)
		file__discard(file);
	return err;
}

/* As open_beside() names them: NAME.12345678.tmp. */
static bool is_temporary(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '.' &&
	       strlen(entry + len) == 1 + TMP_NOISE + strlen(TMP_SUFFIX) &&
	       strcmp(entry + len + 1 + TMP_NOISE, TMP_SUFFIX) == 0;
}

void file__sweep(const char *path)
{
	_cleanup_free_ char *of_dir = strdup(path), *of_name = strdup(path);
	DIR *dir = of_dir && of_name ? opendir(dirname(of_dir)) : NULL;
	const char *name = dir ? basename(of_name) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (is_temporary(entry->d_name, name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

int file__write(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t put = write(fd, at, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		size -= put;
	}
	return 0;
}

static int sync_directory_of(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* some file systems can't fsync a directory; the rename itself stands */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != EBADF))
		return -errno;
	return 0;
}

int file__commit(struct new_file *file)
{
	if (fsync(file->fd) < 0)
		return -errno;
	if (close(steal_fd(&file->fd)) < 0)
		return -errno;
	if (rename(file->tmp_path, file->path) < 0)
		return -errno;
	free(steal_ptr(file->tmp_path));
	return sync_directory_of(file->path);
}

void file__discard(struct new_file *file)
{
	int saved = errno;

	if (file->fd >= 0)
		close(file->fd);
	if (file->tmp_path)
		unlink(file->tmp_path);
	free(file->tmp_path);
	free(file->path);
	*file = (struct new_file){ .fd = -1 };
	errno = saved;
}

int file__replace(const char *path, const void *data, size_t size, unsigned int mode)
{
	_cleanup_new_file_ struct new_file file = { .fd = -1 };
	int err = file__begin(&file, path, mode);

	if (!err)
		err = file__write(file.fd, data, size);
	if (!err)
		err = file__commit(&file);
	return err;
}
