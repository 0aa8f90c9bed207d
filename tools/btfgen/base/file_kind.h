/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file is, by its first bytes: names lie. */
#ifndef BTFGEN_FILE_KIND_H
#define BTFGEN_FILE_KIND_H

#include <stdbool.h>

enum file_kind {
	FILE_KIND_OTHER,   /* perhaps a bootable kernel image: vmlinuz__inspect() knows */
	FILE_KIND_ELF,
	FILE_KIND_BTF,     /* raw, of either byte order */
	FILE_KIND_DEB,
	FILE_KIND_RPM,
	FILE_KIND_TAR,     /* plain, or compressed by gzip, xz, zstd or bzip2 */
	FILE_KIND_ARCHIVE, /* libkbtf's */
};

/* -errno of open(2) or read(2), else a kind. */
int file_kind__of(const char *path);
/* As proxies and login pages send in the place of what was asked for. */
bool file_kind__is_web_page(int fd);

#endif
