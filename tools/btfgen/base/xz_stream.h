/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decompression of .xz on all cores. Debian's packages are made of many blocks, which
 * are independent; libarchive takes one after the other. Input is pulled as needed, so
 * a reader that stops early leaves the rest alone but for some read-ahead.
 * With liblzma before 5.4 it is one core. (liblzma 5.4.0 to 5.8.0 need their fix for
 * CVE-2025-31115, which all distributions shipped under their old version numbers.)
 */
#ifndef BTFGEN_XZ_STREAM_H
#define BTFGEN_XZ_STREAM_H

#include <stddef.h>
#include <sys/types.h>

struct xz_stream;

/*
 * More input: *data lends bytes until the next call. Gives their number, 0 at the end,
 * or a negative errno.
 */
typedef ssize_t (*xz_stream__pull_fn)(void *context, const void **data);

/* NULL: out of memory. */
struct xz_stream *xz_stream__new(xz_stream__pull_fn pull, void *context);
void xz_stream__free(struct xz_stream *stream);
/*
 * The next decompressed bytes, lent until the next call: their number, 0 at the end, or
 * what pull gave, -EBADMSG (no .xz, damaged, cut off), -ENOMEM (also: it asks for over 2 GiB).
 */
ssize_t xz_stream__read(struct xz_stream *stream, const void **data);

#endif
