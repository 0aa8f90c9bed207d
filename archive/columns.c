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
		      const struct buf *prefix, size_t size, struct buf *run)
{
	uint8_t *room = buf__reserve(run, size);

	if (!room)
		return -ENOMEM;
	if (stored_size == size) {
		memcpy(room, stored, size);
		run->len = size;
		return 0;
	}
	ZSTD_DCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	if (ZSTD_isError(ZSTD_DCtx_refPrefix(zstd, prefix->data, prefix->len)) ||
	    ZSTD_decompressDCtx(zstd, room, size, stored, stored_size) != size)
		return -EBADMSG;
	run->len = size;
	return 0;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void join(const struct columns *columns, unsigned int count, struct buf *all)
{
	for (unsigned int i = 0; i < count; i++)
		buf__add(all, columns->items[i].data, columns->items[i].len);
}

static int pack_together(ZSTD_CCtx *zstd, const struct columns *columns,
			 const struct columns *prefix,
			 const struct columns_effort *effort, struct buf *out)
{
	_cleanup_buf_ struct buf all = {}, before = {};

	buf__add_u8(out, 1);
	for (unsigned int i = 0; i < columns->count; i++)
		buf__add_varint(out, columns->items[i].len);
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
		if (!columns->items[i].len)
			continue;
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
			   const size_t *sizes, struct columns *columns)
{
	_cleanup_buf_ struct buf all = {}, before = {};
	size_t total = 0, at = 0;
	int err;

	for (unsigned int i = 0; i < columns->count; i++)
		total += sizes[i];
	if (total > TOGETHER_MAX)
		return -EBADMSG;
	join(prefix, columns->count, &before);
	if (buf__failed(&before))
		return -ENOMEM;
	/* it takes the rest */
	err = total ? unpack_run(zstd, in->data + in->pos, in->len - in->pos, &before, total, &all)
		    : 0;
	in->pos = in->len;
	for (unsigned int i = 0; !err && total && i < columns->count; at += sizes[i++])
		buf__add(&columns->items[i], all.data + at, sizes[i]);
	return err;
}

static int unpack_apart(ZSTD_DCtx *zstd, struct cursor *in, const struct columns *prefix,
			const size_t *sizes, const size_t *stored_sizes, struct columns *columns)
{
	for (unsigned int i = 0; i < columns->count; i++) {
		const uint8_t *stored = cursor__take(in, stored_sizes[i]);
		int err;

		if (!sizes[i])
			continue;
		if (!stored)
			return -EBADMSG;
		err = unpack_run(zstd, stored, stored_sizes[i], &prefix->items[i], sizes[i],
				 &columns->items[i]);
		if (err)
			return err;
	}
	return 0;
}

int columns__unpack(struct cursor *in, const struct columns *prefix, struct columns *columns)
{
	size_t sizes[COLUMNS_MAX], stored_sizes[COLUMNS_MAX] = {};
	uint8_t together = cursor__u8(in);
	uint64_t total = 0;
	ZSTD_DCtx *zstd;
	int err;

	for (unsigned int i = 0; i < columns->count; i++) {
		uint64_t size = cursor__varint(in), stored = size && !together ? cursor__varint(in) : 0;

		if (size > TABLE_MAX || (total += size) > TABLE_MAX || stored > size)
			return -EBADMSG;
		sizes[i] = size;
		stored_sizes[i] = stored;
	}
	if (cursor__failed(in) || together > 1)
		return -EBADMSG;
	zstd = ZSTD_createDCtx();
	if (!zstd)
		return -ENOMEM;
	err = together ? unpack_together(zstd, in, prefix, sizes, columns)
		       : unpack_apart(zstd, in, prefix, sizes, stored_sizes, columns);
	ZSTD_freeDCtx(zstd);
	for (unsigned int i = 0; !err && i < columns->count; i++)
		if (buf__failed(&columns->items[i]))
			err = -ENOMEM;
	return err;
}
