/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Streams of kernels that follow each other, damaged. The input is a list of edits of what
 * three kernels' streams hold once they are decompressed: a fuzzer would never get past
 * zstd. Or, with the first byte's top bit, it is two streams to the letter, which follow the
 * first kernel.
 *
 * What is followed without an error is BTF, whatever it tells; so is what can be told after
 * it. Seeds: a byte for which kernels to edit, and edits of five bytes and more; of none, the
 * kernels must be followed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "../unit/every_kind.h"
#include "base/cursor.h"
#include "canonical.h"
#include "coder.h"
#include "columns.h"
#include "harness.h"
#include "lineage.h"

#define KERNELS 3

/* zstd's least: bytes so few are stored as they are, and need no prefix to be read. */
static struct columns_effort effort;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A stream's two tables, and all of one kernel. */
struct tables {
	struct columns plan, body;
};
static struct told_kernel {
	struct tables streams[2];
	struct buf packed[2];
	struct type_graph graph;
} told[KERNELS];

/* Nothing was compressed, so it does not matter what was before. */
static void unpack_table(struct cursor *in, unsigned int count, struct columns *columns)
{
	static const struct columns none;
	struct columns_reader reader = {};
	struct cursor cursors[COLUMNS_MAX];

	expect(!columns__unpack(&reader, in, &none, count, cursors));
	columns->count = count;
	for (unsigned int i = 0; i < count; i++)
		buf__add(&columns->items[i], cursors[i].data, cursors[i].len);
	columns_reader__free(&reader);
}

static void unpack(const struct buf *stream, struct tables *tables)
{
	struct cursor in = cursor__over(stream->data, stream->len), plan;
	size_t size = cursor__varint(&in);

	plan = cursor__over(cursor__take(&in, size), size);
	unpack_table(&plan, PLAN_COLUMNS, &tables->plan);
	unpack_table(&in, BODY_COLUMNS, &tables->body);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct lineage teller;

	(void)argc, (void)argv;
	effort.level = ZSTD_minCLevel();
	expect(!lineage__init(&teller));
	for (unsigned int i = 0; i < KERNELS; i++) {
		struct buf streams[2] = {};
		struct type_graph parsed;
		size_t size;
		void *btf = every_kind(i, &size);

		expect(!type_graph__parse(btf, size, &parsed, NULL));
		expect(!type_graph__canonicalize(&parsed, &told[i].graph, NULL));
		expect(!lineage__tell(&teller, &told[i].graph, &effort, &streams[0],
				      &streams[1]));
		for (int k = 0; k < 2; k++) {
			unpack(&streams[k], &told[i].streams[k]);
			told[i].packed[k] = streams[k];
		}
		type_graph__free(&parsed);
		free(btf);
	}
	lineage__free(&teller);
	return 0;
}

/* ---- edits ------------------------------------------------------------------------------ */

static void copy_columns(const struct columns *columns, struct columns *copy)
{
	copy->count = columns->count;
	for (unsigned int i = 0; i < columns->count; i++)
		buf__add(&copy->items[i], columns->items[i].data, columns->items[i].len);
}

enum { REPLACE, PUT_IN, TAKE_OUT, WAYS };

/* Bytes at a place of a column. */
static void edit(struct buf *column, unsigned int way, size_t at, const uint8_t *bytes,
		 size_t count)
{
	struct buf edited = {};

	at %= column->len + 1;
	buf__add(&edited, column->data, at);
	if (way != TAKE_OUT)
		buf__add(&edited, bytes, count);
	if (way != PUT_IN)
		at += count;
	if (at < column->len)
		buf__add(&edited, column->data + at, column->len - at);
	buf__free(column);
	*column = edited;
}

/*
 * One edit: stream and way, column, place (two bytes), count, bytes. False: it was the
 * kernel's last, which counts none, or the input's.
 */
static bool edit_next(struct cursor *in, struct tables *streams)
{
	uint8_t how = cursor__u8(in);
	unsigned int column = cursor__u8(in) % (PLAN_COLUMNS + BODY_COLUMNS);
	size_t at = cursor__u8(in), count;
	const uint8_t *bytes;
	struct tables *tables = &streams[how & 1];

	at |= (size_t)cursor__u8(in) << 8;
	count = cursor__u8(in);
	bytes = cursor__take(in, count);
	if (cursor__failed(in))
		return false;
	edit(column < PLAN_COLUMNS ? &tables->plan.items[column]
				   : &tables->body.items[column - PLAN_COLUMNS],
	     (how >> 1) % WAYS, at, bytes, count);
	return count;
}

static void pack(const struct tables *tables, struct buf *stream)
{
	static const struct columns none = { .count = COLUMNS_MAX };
	struct buf plan = {};

	expect(!columns__pack(&tables->plan, &none, &effort, &plan));
	buf__add_varint(stream, plan.len);
	buf__add(stream, plan.data, plan.len);
	expect(!columns__pack(&tables->body, &none, &effort, stream));
	buf__free(&plan);
}

/* ---- following ----------------------------------------------------------------------------- */

static void expect_btf(const struct lineage *lineage, bool functions)
{
	struct type_graph graph;
	size_t size;
	void *btf;
	int err = record_set__write(&lineage->pool, &lineage->set, functions, &btf, &size);

	expect(!err || err == -EBADMSG);
	if (err)
		return;
	expect(type_graph__parse(btf, size, &graph, NULL) == 0);
	type_graph__free(&graph);
	free(btf);
}

/* Whether it goes on. */
static bool follow(struct lineage *lineage, const struct buf *data, const struct buf *functions)
{
	int err = lineage__follow(lineage, data->data, data->len, functions ? functions->data : NULL,
				  functions ? functions->len : 0);

	expect(!err || err == -EBADMSG);
	if (err)
		return false;
	expect_btf(lineage, true);
	expect_btf(lineage, false);
	return true;
}

static void tell_after(struct lineage *lineage)
{
	struct buf streams[2] = {};
	int err = lineage__tell(lineage, &told[0].graph, &effort, &streams[0], &streams[1]);

	expect(!err || err == -EBADMSG || err == -ENOTSUP);
	buf__free(&streams[0]);
	buf__free(&streams[1]);
}

/* A kernel's streams with the next edits of the input. */
static void edit_kernel(struct cursor *in, const struct told_kernel *kernel, struct buf *packed)
{
	struct tables streams[2] = {};

	for (int k = 0; k < 2; k++) {
		copy_columns(&kernel->streams[k].plan, &streams[k].plan);
		copy_columns(&kernel->streams[k].body, &streams[k].body);
	}
	while (edit_next(in, streams))
		;
	for (int k = 0; k < 2; k++) {
		pack(&streams[k], &packed[k]);
		columns__free(&streams[k].plan);
		columns__free(&streams[k].body);
	}
}

static void follow_edited(struct cursor *in, unsigned int which)
{
	struct lineage lineage, half;
	bool goes_on = true, half_goes_on = true;

	expect(!lineage__init(&lineage) && !lineage__init(&half));
	for (int i = 0; i < KERNELS && (goes_on || half_goes_on); i++) {
		struct buf edited[2] = {};
		const struct buf *packed = told[i].packed;

		if (which >> i & 1) {
			edit_kernel(in, &told[i], edited);
			packed = edited;
		}
		goes_on = goes_on && follow(&lineage, &packed[0], &packed[1]);
		half_goes_on = half_goes_on && follow(&half, &packed[0], NULL);
		expect(which || (goes_on && half_goes_on));
		buf__free(&edited[0]);
		buf__free(&edited[1]);
	}
	if (goes_on)
		tell_after(&lineage);
	lineage__free(&lineage);
	lineage__free(&half);
}

static void follow_raw(const uint8_t *data, size_t size, size_t middle)
{
	const struct buf edited[2] = {
		{ .data = (uint8_t *)data, .len = middle },
		{ .data = (uint8_t *)data + middle, .len = size - middle },
	};
	struct lineage lineage;

	expect(!lineage__init(&lineage));
	expect(follow(&lineage, &told[0].packed[0], &told[0].packed[1]));
	follow(&lineage, &edited[0], &edited[1]);
	lineage__free(&lineage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor__over(data, size);
	unsigned int which = cursor__u8(&in);
	size_t middle;

	if (which & 0x80) {
		middle = cursor__u8(&in);
		middle |= (size_t)cursor__u8(&in) << 8;
		if (!cursor__failed(&in))
			follow_raw(data + in.pos, size - in.pos, middle % (size - in.pos + 1));
		return 0;
	}
	follow_edited(&in, which);
	return 0;
}
