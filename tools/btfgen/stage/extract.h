/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage: the one file that is wanted out of a package, streamed; reading stops where it
 * ends. Links in a package are skipped, never followed. Both layers of a .deb (ar, then
 * data.tar.{xz,zst,gz,bz2,lzma} or plain) and the cpio payload of an .rpm are read with
 * libarchive, as is what is compressed of an .rpm of format 6 (base/rpm_payload.h); a plain
 * .tar.* with one BTF file in it (the BTFHub layout) too.
 */
#ifndef BTFGEN_EXTRACT_H
#define BTFGEN_EXTRACT_H

#include <stdint.h>

#include "base/error.h"
#include "base/keyring.h"
#include "base/meter.h"

struct extract_opts {
	const char *package_path;
	/*
	 * fnmatch(3) patterns, separated by spaces, of the wanted path without leading
	 * "./" or "/"; '*' matches '/', too. The first regular file that matches any of
	 * them is taken.
	 */
	const char *member;
	const char *out_path;         /* written with mode 0600; removed again on failure */
	int out_fd;                   /* over 0: written in its place, and the caller's; empty before */
	uint64_t max_size;            /* larger is refused as a bomb; 0: 8 GiB */
	/*
	 * RPM: the header's signature must be good by one of these keys, and the member's
	 * digest the one that the header lists. Without keyrings the package is not
	 * required to be signed (but header digests are checked).
	 */
	struct trust rpm_trust;
	struct meter *meter;
};

struct extracted {
	char *member;                 /* its path in the package */
	uint64_t size;
	char *signed_by;              /* RPM: fingerprint or key ID of the good signature, or NULL */
};

/*
 * Errors: -ENOENT (no such member: the text says what the package holds instead, e.g.
 * only a link), -EBADMSG (truncated, damaged, wrong digest, no package at all), -EKEYREJECTED
 * (signature missing, bad, or by an unknown key), -EFBIG (member over max_size, or a
 * sparse member), -ENOSPC, -ECANCELED.
 */
int extract__member(const struct extract_opts *opts, struct extracted *extracted,
		    struct error *err);
void extracted__free(struct extracted *extracted);

#endif
