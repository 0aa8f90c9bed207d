/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a package's vmlinux lies, without going through all of the package. Debian has it before
 * the modules up to 6.12, and behind them from 6.13 on: only the beginning is walked, and then
 * the end is looked at. An ELF file's table of sections, which stands last in it, tells where
 * the file before the end begins; the member that is found there must reach to the end.
 * At the end not supported: ELF32, and a table that does not stand last.
 */
#ifndef BTFGEN_VMLINUX_MEMBER_H
#define BTFGEN_VMLINUX_MEMBER_H

#include "base/error.h"
#include "base/tar_walk.h"

/*
 * The first regular file that matches `patterns` (member_path.h) and whose header is in the first
 * `front` bytes, or else the last file if it does. Errors: -ENOENT (neither), those of
 * tar_walk__next(). `archive` is at its beginning, and stays there.
 */
int vmlinux_member__find(const struct tar_walk *archive, const char *patterns, uint64_t front,
			 struct tar_member *member, struct error *err);

#endif
