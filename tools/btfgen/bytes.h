/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF that a command works on, wherever it comes from, and where a command's output goes. */
#ifndef BTFGEN_BYTES_H
#define BTFGEN_BYTES_H

#include <stddef.h>

#include "archive_file.h"
#include "base/error.h"

/*
 * The full BTF in `path`: raw, in an ELF file's .BTF, in a bootable kernel image or in a tar
 * with one BTF file, or of the one entry of an archive that `filter` picks. malloc'ed.
 * -ESRCH: it picks none.
 */
int btf_bytes__read(const char *path, const struct entry_filter *filter, void **data,
		    size_t *size, struct error *err);

/*
 * The same of `text`, which names a file, or else by its release or build ID an entry of the
 * archive (NULL: the default one) that `filter` lets pass.
 */
int btf_bytes__read_side(const char *text, const char *archive, const struct entry_filter *filter,
			 void **data, size_t *size, struct error *err);

/*
 * Replace the file `path`, or that which it links to, in one step; "-" is stdout. What is
 * no file, such as a device or a pipe, is written to.
 */
int bytes__write(const char *path, const void *data, size_t size, struct error *err);

#endif
