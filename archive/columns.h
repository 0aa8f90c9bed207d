/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Values of one meaning in a row, compressed apart from all others: what zstd does best.
 *
 * A table of columns is stored as: u8 whether they are compressed together, then of each
 * column its size as a varint (LEB128), and where they are apart and it is not empty, its
 * stored size as another; behind an empty one, a byte says how many empty ones follow at
 * once, which are left out; then the stored bytes. What is stored in as many bytes as it has
 * is not compressed. A prefix, which both sides know, is what zstd may refer back to.
 */
#ifndef ARCHIVE_COLUMNS_H
#define ARCHIVE_COLUMNS_H

#include "base/buf.h"
#include "base/cursor.h"

#define COLUMNS_MAX 96

struct columns {
	struct buf items[COLUMNS_MAX];
	unsigned int count;
};

/* How hard to try, and who may end it: `interrupted` (or NULL) is asked before each column. */
struct columns_effort {
	int level; /* zstd's */
	bool (*interrupted)(void *ctx);
	void *ctx;
};

void columns__free(struct columns *columns);
/* Appends to `out`. -E2BIG: more than columns__unpack() believes; -ENOMEM, -ECANCELED, -EIO (zstd). */
int columns__pack(const struct columns *columns, const struct columns *prefix,
		  const struct columns_effort *effort, struct buf *out);

/* What is read again and again for one kernel after another: zero it, and free it at the end. */
struct columns_reader {
	struct ZSTD_DCtx_s *zstd;
	struct buf room;
};

/*
 * So many columns, lent until the next are read. A prefix of fewer has none for the others.
 * -EBADMSG, -ENOMEM.
 */
int columns__unpack(struct columns_reader *reader, struct cursor *in,
		    const struct columns *prefix, unsigned int count, struct cursor *columns);
void columns_reader__free(struct columns_reader *reader);

void buf__add_varint(struct buf *buf, uint64_t value);
/* 0 and failed, where it is cut off or has more than 64 bits. */
uint64_t cursor__varint(struct cursor *cursor);

#endif
