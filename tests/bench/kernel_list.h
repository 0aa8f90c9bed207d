/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A list of kernels as tests/lib/make-identities prints it, a line a kernel, of fields between
 * tabs; and what the benchmarks' programs do that end at the first thing that goes wrong.
 */
#ifndef BENCH_KERNEL_LIST_H
#define BENCH_KERNEL_LIST_H

#include <errno.h>
#include <kbtf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"

enum { BUILD_ID_SIZE = 20 };

enum field {
	FIELD_FILE, FIELD_DISTRO, FIELD_RELEASE, FIELD_ARCH, FIELD_KERNEL, FIELD_VERSION,
	FIELD_BUILD_ID, FIELD_PACKAGE, FIELD_PACKAGE_VERSION, FIELD_SHA256, FIELD_KEY,
	FIELD_ENCODER, FIELD_ENCODER_VERSION, FIELDS
};

static inline void need(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* malloc'ed. */
static inline void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	void *data;

	need(file && !fstat(fileno(file), &about), path);
	*size = (size_t)about.st_size;
	data = malloc(*size + 1);
	need(data && fread(data, 1, *size, file) == *size, path);
	fclose(file);
	return data;
}

/* Of a line, which becomes the fields. */
static inline void split(char *line, char *fields[FIELDS])
{
	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < FIELDS; i++)
		fields[i] = line ? strsep(&line, "\t") : "";
}

static inline struct kbtf_ident ident_of(char *fields[FIELDS], uint8_t build_id[BUILD_ID_SIZE])
{
	need(hex__decode(fields[FIELD_BUILD_ID], build_id, BUILD_ID_SIZE), "a build ID");
	return (struct kbtf_ident){
		.sz = sizeof(struct kbtf_ident), .distro = fields[FIELD_DISTRO],
		.distro_release = fields[FIELD_RELEASE], .arch = fields[FIELD_ARCH],
		.kernel_release = fields[FIELD_KERNEL], .kernel_version = fields[FIELD_VERSION],
		.build_id = build_id, .build_id_len = BUILD_ID_SIZE,
	};
}

#endif
