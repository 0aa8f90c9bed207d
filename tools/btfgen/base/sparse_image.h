/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A package's vmlinux in memory, of which only those parts are there that its types and its
 * identity are read from. Of the package no more is fetched and decompressed than holds them:
 * of a package of 858 MB a fifteenth.
 *
 * Only what can be entered anywhere is read so: a .deb whose data.tar is .xz of several blocks,
 * on disk or on an HTTP server that does ranges. All else is for stage/extract.h, which streams.
 *
 * Trust: .xz has checksums against damage, which are held, but no digest of a part can be held
 * against a signed index. What is read so is what the mirror gives.
 */
#ifndef BTFGEN_SPARSE_IMAGE_H
#define BTFGEN_SPARSE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/meter.h"
#include "base/transfer.h"

/* Strings are lent. */
struct package_place {
	const char *path;      /* the package on disk, or NULL */
	const char *url;       /* else where it is */
	const struct transfer_identity *identity; /* for the URL; or NULL */
	/* manners towards its host, as in http_ranges.h; all may be 0 */
	unsigned int parallel, tries, stall_s, delay_ms;
	uint64_t size;         /* as an index lists it; 0: unknown. Another one is refused. */
	const char *member;    /* patterns of vmlinux's path: member_path.h */
	bool want_btf;         /* .BTF in place of DWARF, where there is one */
	unsigned int threads;  /* that decompress; 0: as many as there are cores */
	struct meter *meter;   /* or NULL */
};

struct sparse_image {
	/*
	 * vmlinux, sealed against changes: ELF header, section headers and their names, notes, the
	 * sections that DWARF's types are in, or .BTF, and of what is loaded as much as has the kernel's
	 * banner in it. All else is zeros, section headers or not. For vmlinux__inspect() and the
	 * like, which take a path, it is /proc/self/fd/N.
	 */
	int fd;
	uint64_t size;
	char *member;          /* its path in the package */
	uint64_t package_size;
	/* bytes of the package that were fetched, or read from the disk: also where that failed */
	uint64_t package_read;
	size_t blocks, blocks_read;
};

/*
 * Errors: -ENOTSUP (it has to be streamed: the text says why), -ENOENT (the package isn't there),
 * -EBADMSG (damaged, or a server's wrong answer), -ENOEXEC (the member is no ELF file), -EFBIG
 * (over 1 GiB would be needed), -ESTALE (the file on the server changed), -EACCES, -EHOSTUNREACH,
 * -EIO, -ECANCELED, -ENOMEM. After all but the last two, streaming may do, or has the better
 * words.
 */
int sparse_image__open(const struct package_place *place, struct sparse_image *image,
		       struct error *err);
void sparse_image__close(struct sparse_image *image);

#endif
