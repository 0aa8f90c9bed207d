/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the blocks of a .xz of one stream lie: its footer and index, bounded and checked. */
#ifndef BTFGEN_XZ_INDEX_H
#define BTFGEN_XZ_INDEX_H

#include <lzma.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_source.h"
#include "base/error.h"

struct xz_block {
	uint64_t at;       /* in the source */
	uint64_t packed;   /* bytes there, with header, padding and checksum */
	uint64_t unpadded; /* the same without padding */
	uint64_t from;     /* of the decompressed bytes, which are */
	uint64_t size;     /* so many */
};

struct xz_index {
	struct xz_block *blocks;
	size_t count;
	uint64_t size;     /* decompressed */
	lzma_check check;
};

/* As xz_blocks__open(). */
int xz_index__read(struct byte_source *source, uint64_t offset, uint64_t size,
		   struct xz_index *index, struct error *err);
void xz_index__free(struct xz_index *index);
/* The block that holds this byte, which must be one of them. */
size_t xz_index__find(const struct xz_index *index, uint64_t offset);

/* What a block header says of its filters; `header` points into it. */
struct xz_filters {
	lzma_filter list[LZMA_FILTERS_MAX + 1];
};

/*
 * A block's header, held against the index. *filters must live as long as *header, and be freed.
 * Errors: -EBADMSG, -ENOTSUP (an unknown filter, or one that wants too much memory), -ENOMEM.
 */
int xz_index__read_header(const struct xz_index *index, struct byte_source *source, size_t number,
			  lzma_block *header, struct xz_filters *filters, struct error *err);
void xz_filters__free(struct xz_filters *filters);

#endif
