/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Any bytes of a .xz of several blocks, of which only the blocks that hold them are read and
 * decompressed, on several threads at once. A few blocks are kept at a time.
 *
 * Not supported: one block only, several streams, padding, blocks of more than 64 MiB, filters
 * that take over 256 MiB: all of that is read as a stream (xz_stream.h).
 */
#ifndef BTFGEN_XZ_BLOCKS_H
#define BTFGEN_XZ_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_source.h"
#include "base/error.h"

struct xz_blocks;

/*
 * The `size` bytes of `source` from `offset` are the .xz; `threads` 0: as many as there are
 * cores. Of the source's bytes only header, footer and index are read here. Errors: -ENOTSUP (see
 * above), -EBADMSG (damaged: no .xz, its index contradicts itself), -ENOMEM, the source's.
 */
int xz_blocks__open(struct byte_source *source, uint64_t offset, uint64_t size,
		    unsigned int threads, struct xz_blocks **blocks, struct error *err);
void xz_blocks__free(struct xz_blocks *blocks);

/* Decompressed bytes. */
uint64_t xz_blocks__size(const struct xz_blocks *blocks);
size_t xz_blocks__count(const struct xz_blocks *blocks);
/* Blocks that were decompressed so far, those that were so twice twice. */
size_t xz_blocks__used(struct xz_blocks *blocks);

struct xz_span {
	uint64_t offset, len;
};

/*
 * A hint, which replaces an earlier one: these bytes will be read, in the order of offsets. What
 * they are made of is fetched from now on, and decompressed ahead of the reader.
 */
void xz_blocks__want(struct xz_blocks *blocks, const struct xz_span *spans, size_t count);

/*
 * For one thread at a time. Gives bytes of a block before all of it is decompressed and its
 * checksum compared: they count once xz_blocks__settle() is 0. Errors: -EBADMSG (damaged; beyond
 * the end), -ENOMEM, the source's.
 */
int xz_blocks__read(struct xz_blocks *blocks, uint64_t offset, void *buf, size_t len,
		    struct error *err);
/* Waits for the blocks that bytes were read of: 0 if all of them were whole. */
int xz_blocks__settle(struct xz_blocks *blocks, struct error *err);

#endif
