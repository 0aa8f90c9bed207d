/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One kernel's minimized BTF, as an agent finds it at its start in what was linked into it: in
 * an archive, and in a tar.gz as the libbpf-tools of bcc do it (inflate all, walk the tar).
 * Usage: embedded ARCHIVE TAR.GZ OBJECT.bpf.o RUNS <LIST
 * LIST: as pack.c has it; each run takes another kernel of it. Prints the medians of both in
 * microseconds of processor time, and what each took of memory at the most, in kB, a process of its own each.
 */
#include <errno.h>
#include <kbtf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "kernel_list.h"

enum { KERNELS_MAX = 100000, TAR_BLOCK = 512 };

struct bytes {
	unsigned char *data;
	size_t size;
};

struct embedded {
	struct bytes archive, tar;
	uint8_t object[SHA256_SIZE];
	char **lines; /* of the list */
	size_t count;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* ---- a tar.gz ----------------------------------------------------------------------------- */

/* Into room that doubles from 4 MB on, whatever comes of it: as an agent that knows no size. */
static struct bytes inflate_all(struct bytes packed)
{
	struct bytes all = { malloc(4 << 20), 4 << 20 };
	z_stream stream = { .next_in = packed.data, .avail_in = (uInt)packed.size };
	int status;

	need(all.data && inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, "zlib");
	do {
		if (stream.total_out == all.size)
			all.data = realloc(all.data, all.size *= 2);
		need(all.data != NULL, "no memory");
		stream.next_out = all.data + stream.total_out;
		stream.avail_out = (uInt)(all.size - stream.total_out);
		status = inflate(&stream, Z_NO_FLUSH);
		need(status == Z_OK || status == Z_STREAM_END, "the tar.gz is damaged");
	} while (status != Z_STREAM_END);
	all.size = stream.total_out;
	inflateEnd(&stream);
	return all;
}

/* Of each header: the name in its first 100 bytes, the size in octal from byte 124. */
static const unsigned char *find_in_tar(struct bytes tar, const char *name, size_t *size)
{
	size_t at = 0;

	while (at + TAR_BLOCK <= tar.size && tar.data[at]) {
		*size = strtoul((const char *)tar.data + at + 124, NULL, 8);
		if (strncmp((const char *)tar.data + at, name, 100) == 0)
			return tar.data + at + TAR_BLOCK;
		at += TAR_BLOCK + (*size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	return NULL;
}

/* malloc'ed. */
static struct bytes from_tar(const struct embedded *it, char *fields[FIELDS])
{
	struct bytes all = inflate_all(it->tar), found = {};
	const unsigned char *data;
	char name[101];

	snprintf(name, sizeof(name), "./%s/%s/%s/%s.btf", fields[FIELD_DISTRO],
		 fields[FIELD_RELEASE], fields[FIELD_ARCH], fields[FIELD_KERNEL]);
	data = find_in_tar(all, name, &found.size);
	need(data && (found.data = malloc(found.size)), name);
	memcpy(found.data, data, found.size);
	free(all.data);
	return found;
}

/* ---- an archive ---------------------------------------------------------------------------- */

static struct bytes from_archive(const struct embedded *it, char *fields[FIELDS])
{
	uint8_t build_id[BUILD_ID_SIZE];
	struct kbtf_ident ident = ident_of(fields, build_id);
	struct kbtf_archive *archive = kbtf_archive__open_mem(it->archive.data, it->archive.size);
	struct kbtf_select_opts opts = { .sz = sizeof(opts),
					 .package_version = fields[FIELD_PACKAGE_VERSION] };
	struct kbtf_selection selection;
	const struct kbtf_profile *profile;
	struct bytes found = {};
	void *data;

	need(archive != NULL, "the archive");
	profile = kbtf_archive__find_profile(archive, it->object);
	need(profile && !kbtf_select(archive, &ident, &opts, &selection) && selection.entry,
	     fields[FIELD_KERNEL]);
	errno = -kbtf_entry__read_min(selection.entry, profile, &data, &found.size);
	need(!errno, fields[FIELD_KERNEL]);
	found.data = data;
	kbtf_archive__close(archive);
	return found;
}

/* ---- both ------------------------------------------------------------------------------------ */

typedef struct bytes (*reader)(const struct embedded *it, char *fields[FIELDS]);

/* Of the list's kernels in turn, in steps that lead all over it. */
static double read_one(const struct embedded *it, reader read, size_t run, size_t *size)
{
	char *line = strdup(it->lines[run * 7919 % it->count]), *fields[FIELDS];
	struct bytes found;
	double took;

	split(line, fields);
	took = now();
	found = read(it, fields);
	took = now() - took;
	*size = found.size;
	free(found.data);
	free(line);
	return took;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* kB that a process has at the most which does it once, beyond one that does nothing. */
static long memory_of(const struct embedded *it, reader read)
{
	struct rusage usage;
	size_t size;
	int status;
	pid_t child = fork();

	if (!child) {
		if (read)
			read_one(it, read, 0, &size);
		_exit(0);
	}
	need(child > 0 && wait4(child, &status, 0, &usage) == child && !status, "a child");
	return usage.ru_maxrss;
}

static void read_kernels(struct embedded *it)
{
	char line[4096];

	it->lines = calloc(KERNELS_MAX, sizeof(*it->lines));
	need(it->lines != NULL, "no memory");
	while (it->count < KERNELS_MAX && fgets(line, sizeof(line), stdin))
		it->lines[it->count++] = strdup(line);
}

int main(int argc, char **argv)
{
	struct embedded it = {};
	size_t runs = argc > 4 ? strtoul(argv[4], NULL, 10) : 0, sizes[2];
	long memory[2];
	double *times[2];

	if (!runs) {
		fprintf(stderr, "usage: embedded ARCHIVE TAR.GZ OBJECT RUNS <LIST\n");
		return 2;
	}
	it.archive.data = read_file(argv[1], &it.archive.size);
	it.tar.data = read_file(argv[2], &it.tar.size);
	errno = -sha256__of_file(argv[3], it.object);
	need(!errno, argv[3]);
	read_kernels(&it);
	/* before the heap has what runs leave behind */
	memory[0] = memory_of(&it, from_archive) - memory_of(&it, NULL);
	memory[1] = memory_of(&it, from_tar) - memory_of(&it, NULL);
	for (int i = 0; i < 2; i++)
		times[i] = calloc(runs, sizeof(double));
	for (size_t run = 0; run < runs; run++) {
		times[0][run] = read_one(&it, from_archive, run, &sizes[0]);
		times[1][run] = read_one(&it, from_tar, run, &sizes[1]);
	}
	for (int i = 0; i < 2; i++)
		qsort(times[i], runs, sizeof(double), ascending);
	printf("%.1f %.1f %ld %ld\n", times[0][runs / 2], times[1][runs / 2], memory[0], memory[1]);
	return 0;
}
