/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is read of a package's vmlinux, for tests: sparse-image PACKAGE SIZE PATTERNS [OUT].
 * Prints a line KEY=VALUE each; with OUT the image is written there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/sparse_image.h"
#include "base/vmlinux.h"

static int copy(const struct sparse_image *image, const char *path)
{
	static char buf[1 << 20];
	FILE *out = fopen(path, "w");
	ssize_t got;

	if (!out)
		return 1;
	for (off_t at = 0; (got = pread(image->fd, buf, sizeof(buf), at)) > 0; at += got)
		if (fwrite(buf, 1, got, out) != (size_t)got)
			got = -1;
	return fclose(out) != 0 || got < 0;
}

/* What it tells of itself. */
static int identify(const struct sparse_image *image)
{
	struct kernel_image kernel;
	struct error err;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", image->fd);
	if (vmlinux__inspect(path, false, &kernel, &err)) {
		printf("error=%s\n", err.text);
		return 1;
	}
	printf("kernel=%s %s %s ", kernel.arch, kernel.kernel_release, kernel.kernel_version);
	for (size_t i = 0; i < kernel.build_id_len; i++)
		printf("%02x", kernel.build_id[i]);
	putchar('\n');
	kernel_image__free(&kernel);
	return 0;
}

int main(int argc, char **argv)
{
	struct package_place place = {};
	struct sparse_image image;
	struct rusage usage;
	struct error err;
	int rc;

	if (argc < 4)
		return 2;
	*(strstr(argv[1], "://") ? &place.url : &place.path) = argv[1];
	place.size = strtoull(argv[2], NULL, 10);
	place.member = argv[3];
	rc = sparse_image__open(&place, &image, &err);
	if (rc) {
		printf("error=%s: %s\n", strerror(-rc), err.text);
		return 1;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("member=%s\nsize=%llu\nread=%llu\nblocks=%zu of %zu\nmemory_mb=%ld\n", image.member,
	       (unsigned long long)image.size, (unsigned long long)image.package_read,
	       image.blocks_read, image.blocks, usage.ru_maxrss >> 10);
	rc = identify(&image);
	if (!rc && argc > 4)
		rc = copy(&image, argv[4]);
	sparse_image__close(&image);
	return rc;
}
