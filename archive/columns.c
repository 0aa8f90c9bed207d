/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "columns.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "base/cleanup.h"

/* Tables smaller than this are not worth a frame for each column. */
#define TOGETHER_MAX (96u << 10)
/* No kernel's columns together come near: what says more is not believed. */
#define TABLE_MAX (128u << 20)

void columns__free(struct columns *columns)
{
	for (unsigned int i = 0; i < columns->count; i++)
		buf__free(&columns->items[i]);
	*columns = (struct columns){};
}

void buf__add_varint(struct buf *buf, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf__add_u8(buf, (uint8_t)(value | 0x80));
	buf__add_u8(buf, (uint8_t)value);
}

uint64_t cursor__varint(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor__u8(cursor);

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	cursor->failed = true;
	return 0;
}

/* ---- one run of bytes -------------------------------------------------------------------- */

static int window_log(size_t size)
{
	int log = 10;

	while (log < 27 && ((size_t)1 << log) < size)
		log++;
	return log;
}

static int pack_run(ZSTD_CCtx *zstd, const struct buf *run, const struct buf *prefix,
		    const struct columns_effort *effort, struct buf *out)
{
	size_t bound = ZSTD_compressBound(run->len), size;
	uint8_t *room = buf__reserve(out, bound);

	if (!room)
		return -ENOMEM;
	if (effort->interrupted && effort->interrupted(effort->ctx))
		return -ECANCELED;
	ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel,
						effort->level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog,
						window_log(run->len + prefix->len))) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0)) ||
	    ZSTD_isError(ZSTD_CCtx_refPrefix(zstd, prefix->data, prefix->len)))
		return -EIO;
	size = ZSTD_compress2(zstd, room, bound, run->data, run->len);
	if (ZSTD_isError(size))
		return -EIO;
	if (size >= run->len) {
		memcpy(room, run->data, run->len);
		size = run->len;
	}
	out->len += size;
	return 0;
}

static int unpack_run(ZSTD_DCtx *zstd, const uint8_t *stored, size_t stored_size,
		      const struct buf *prefix, uint8_t *room, size_t size)
{
	if (stored_size == size) {
		memcpy(room, stored, size);
		return 0;
	}
	ZSTD_DCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	if (ZSTD_isError(ZSTD_DCtx_refPrefix(zstd, prefix->data, prefix->len)) ||
	    ZSTD_decompressDCtx(zstd, room, size, stored, stored_size) != size)
		return -EBADMSG;
	return 0;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void join(const struct columns *columns, unsigned int count, struct buf *all)
{
	for (unsigned int i = 0; i < count; i++)
		buf__add(all, columns->items[i].data, columns->items[i].len);
}

/* Behind an empty column: how many follow that are empty, too. */
static unsigned int empty_after(const struct columns *columns, unsigned int at)
{
	unsigned int end = at + 1;

	while (end < columns->count && !columns->items[end].len)
		end++;
	return end - at - 1;
}

static int pack_together(ZSTD_CCtx *zstd, const struct columns *columns,
			 const struct columns *prefix,
			 const struct columns_effort *effort, struct buf *out)
{
	_cleanup_buf_ struct buf all = {}, before = {};

	buf__add_u8(out, 1);
	for (unsigned int i = 0; i < columns->count; i++) {
		buf__add_varint(out, columns->items[i].len);
		if (!columns->items[i].len) {
			buf__add_u8(out, (uint8_t)empty_after(columns, i));
			i += empty_after(columns, i);
		}
	}
	join(columns, columns->count, &all);
	join(prefix, columns->count, &before);
	if (buf__failed(&all) || buf__failed(&before))
		return -ENOMEM;
	return all.len ? pack_run(zstd, &all, &before, effort, out) : 0;
}

static int pack_apart(ZSTD_CCtx *zstd, const struct columns *columns,
		      const struct columns *prefix,
			 const struct columns_effort *effort, struct buf *out)
{
	_cleanup_buf_ struct buf stored = {};

	buf__add_u8(out, 0);
	for (unsigned int i = 0; i < columns->count; i++) {
		size_t before = stored.len;
		int err;

		buf__add_varint(out, columns->items[i].len);
		if (!columns->items[i].len) {
			buf__add_u8(out, (uint8_t)empty_after(columns, i));
			i += empty_after(columns, i);
			continue;
		}
		err = pack_run(zstd, &columns->items[i], &prefix->items[i], effort, &stored);
		if (err)
			return err;
		buf__add_varint(out, stored.len - before);
	}
	buf__add(out, stored.data, stored.len);
	return buf__failed(out) ? -ENOMEM : 0;
}

int columns__pack(const struct columns *columns, const struct columns *prefix,
		  const struct columns_effort *effort, struct buf *out)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	size_t total = 0;
	int err = zstd ? 0 : -ENOMEM;

	for (unsigned int i = 0; i < columns->count; i++) {
		total += columns->items[i].len;
		if (buf__failed(&columns->items[i]))
			err = -ENOMEM;
	}
	if (!err && total > TABLE_MAX)
		err = -E2BIG;
	if (!err)
		err = (total <= TOGETHER_MAX ? pack_together : pack_apart)(zstd, columns, prefix,
									   effort, out);
	ZSTD_freeCCtx(zstd);
	return err;
}

static int unpack_together(ZSTD_DCtx *zstd, struct cursor *in, const struct columns *prefix,
			   uint8_t *room, size_t total)
{
	_cleanup_buf_ struct buf before = {};
	size_t left = in->len - in->pos;

	if (total > TOGETHER_MAX)
		return -EBADMSG;
	join(prefix, prefix->count, &before);
	if (buf__failed(&before))
		return -ENOMEM;
	/* it takes the rest */
	return total ? unpack_run(zstd, cursor__take(in, left), left, &before, room, total)
		     : cursor__take(in, left) ? 0 : -EBADMSG;
}

static int unpack_apart(ZSTD_DCtx *zstd, struct cursor *in, const struct columns *prefix,
			const size_t *stored_sizes, unsigned int count,
			const struct cursor *columns, uint8_t *room)
{
	static const struct buf none;
	int err = 0;

	for (unsigned int i = 0; !err && i < count; room += columns[i++].len) {
		const uint8_t *stored = cursor__take(in, stored_sizes[i]);

		if (!stored)
			return -EBADMSG;
		if (columns[i].len)
			err = unpack_run(zstd, stored, stored_sizes[i],
					 i < prefix->count ? &prefix->items[i] : &none, room,
					 columns[i].len);
	}
	return err;
}

static int read_sizes(struct cursor *in, bool together, unsigned int count,
		      struct cursor *columns, size_t *stored_sizes, size_t *total)
{
	for (unsigned int i = 0; i < count; i++) {
		uint64_t size = cursor__varint(in), stored = size && !together ? cursor__varint(in) : 0;
		unsigned int empty = size ? 0 : cursor__u8(in);

		if (size > TABLE_MAX || (*total += size) > TABLE_MAX || stored > size ||
		    empty >= count - i)
			return -EBADMSG;
		columns[i] = cursor__over(NULL, size);
		stored_sizes[i] = stored;
		for (; empty; empty--)
			columns[++i] = cursor__over(NULL, 0);
	}
	return cursor__failed(in) ? -EBADMSG : 0;
}

int columns__unpack(struct columns_reader *reader, struct cursor *in,
		    const struct columns *prefix, unsigned int count, struct cursor *columns)
{
	size_t stored_sizes[COLUMNS_MAX] = {}, total = 0;
	uint8_t together = cursor__u8(in), *room;
	int err = together > 1 ? -EBADMSG
			       : read_sizes(in, together, count, columns, stored_sizes, &total);

	if (err)
		return err;
	if (!reader->zstd)
		reader->zstd = ZSTD_createDCtx();
	room = buf__reserve(&reader->room, total);
	if (!reader->zstd || !room)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < count; at += columns[i++].len)
		columns[i].data = room + at;
	return together ? unpack_together(reader->zstd, in, prefix, room, total)
			: unpack_apart(reader->zstd, in, prefix, stored_sizes, count, columns, room);
}

void columns_reader__free(struct columns_reader *reader)
{
	ZSTD_freeDCtx(reader->zstd);
	buf__free(&reader->room);
	*reader = (struct columns_reader){};
}
