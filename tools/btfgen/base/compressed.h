/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A compressed file (xz, gzip, zstd, bzip2, or plain), read as a stream. No archives. */
#ifndef BTFGEN_COMPRESSED_H
#define BTFGEN_COMPRESSED_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Takes the next bytes; not 0 ends the reading with that value, *err being set. */
typedef int (*compressed_sink)(void *context, const void *data, size_t len, struct error *err);

/*
 * Errors: what the sink gave; -EFBIG (more than `limit` bytes unpacked), -EBADMSG
 * (damaged), -ENOENT, -ECANCELED. Nothing says that the bytes are the right ones: check
 * a digest of the file first.
 */
int compressed__read(const char *path, uint64_t limit, compressed_sink sink, void *context,
		     struct error *err);

#endif
