/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "lineage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "coder.h"
#include "columns.h"
#include "succession.h"

/* ---- streams --------------------------------------------------------------------------------------- */

/* One stream of one kernel, while it is told or followed. */
struct stream {
	struct coder coder;
	const struct record_set *old;
	const struct record_set *now;    /* while telling */
	struct record_set *next;         /* what is made of it */
	struct succession plan, roots;
	struct columns plan_columns, body_columns, prefix;
	struct numbers named, coming, own, heads; /* by place, of data types and functions */
	struct numbers place, old_place;   /* by name */
};

static void stream__free(struct stream *stream)
{
	coder__free(&stream->coder);
	succession__free(&stream->plan);
	succession__free(&stream->roots);
	columns__free(&stream->plan_columns);
	columns__free(&stream->body_columns);
	columns__free(&stream->prefix);
	numbers__free(&stream->named);
	numbers__free(&stream->coming);
	numbers__free(&stream->own);
	numbers__free(&stream->heads);
	numbers__free(&stream->place);
	numbers__free(&stream->old_place);
}

static const struct record_list *list_of(const struct record_set *set, int stream)
{
	return stream ? &set->functions : &set->data;
}

static void begin_columns(struct stream *stream, struct columns *columns, unsigned int count)
{
	columns->count = count;
	stream->coder.out = columns;
	for (unsigned int i = 0; stream->coder.following && i < count; i++)
		stream->coder.in[i] = cursor__over(columns->items[i].data, columns->items[i].len);
}

static void code_plans(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	const struct numbers *old = &list_of(stream->old, coder->stream)->records;
	const struct numbers *now = stream->now ? &list_of(stream->now, coder->stream)->records : NULL;
	int err = 0;

	if (now)
		err = succession__find_stays(coder->pool, old, now, &stream->plan.from);
	if (now && !err && !coder->stream)
		err = succession__find_stays(coder->pool, &stream->old->roots, &stream->now->roots,
				 &stream->roots.from);
	if (err)
		coder__fail(coder, err);
	succession__code_runs(coder, PLAN_STAY, old->count, &stream->plan);
	if (!coder->stream)
		succession__code_runs(coder, PLAN_ROOT_STAY, stream->old->roots.count, &stream->roots);
	succession__code_heads(coder, old, now, &stream->plan);
}

/* The list of names that the stream is about, in the new set. */
static int list_names(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	const struct record_list *old = list_of(stream->old, coder->stream);
	struct record_list *next = coder->stream ? &stream->next->functions : &stream->next->data;
	int err = 0;

	for (uint32_t i = 0; !err && i < stream->plan.from.count; i++) {
		uint32_t from = stream->plan.from.items[i];
		const uint32_t *head = stream->plan.heads.items + 2 * (size_t)i;

		err = from ? record_list__keep(next, coder->pool, old, from - 1)
			   : record_list__add_name(next, coder->pool, head[RECORD_KIND] & 0xff,
						   head[RECORD_NAME],
						   coder->first && coder->following);
	}
	return err;
}

static int set_place(struct numbers *place, const struct numbers *names, uint32_t first)
{
	for (uint32_t i = 0; i < names->count; i++)
		place->items[names->items[i]] = first + i + 1;
	return 0;
}

static int empty_places(const struct pool *pool, struct numbers *place)
{
	uint32_t count = pool->names.count / 3;

	place->items = calloc((size_t)count + 1, 4);
	place->count = place->room = place->items ? count : 0;
	return place->items ? 0 : -ENOMEM;
}

/* Data types come before functions, which may refer to them; the other way round nobody does. */
static int join_lists(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	const struct record_list *next = list_of(stream->next, coder->stream);
	uint32_t first = coder->stream ? stream->next->data.records.count : 0;
	int err = 0;

	if (coder->stream)
		err = numbers__append(&stream->named, stream->next->data.names.items, first) ?:
		      numbers__append(&stream->coming, stream->next->data.records.items, first) ?:
		      numbers__append(&stream->own, stream->next->data.records.items, first);
	/* what comes has a head; data types do not come with functions */
	coder->heads_first = first;
	err = err ?: numbers__append(&stream->named, next->names.items, next->names.count) ?:
	      numbers__append(&stream->coming, next->records.items, next->records.count) ?:
	      numbers__append(&stream->heads, stream->plan.heads.items, stream->plan.heads.count);
	if (!err && stream->now) {
		const struct numbers *now = &list_of(stream->now, coder->stream)->records;

		err = numbers__append(&stream->own, now->items, now->count);
	}
	coder->under_way = calloc((size_t)stream->coming.count + 1, sizeof(bool));
	if (err || !coder->under_way || empty_places(coder->pool, &stream->place) ||
	    empty_places(coder->pool, &stream->old_place))
		return -ENOMEM;
	set_place(&stream->place, &stream->named, 0);
	set_place(&stream->old_place, &stream->old->data.names, 0);
	return 0;
}

/* Records with a name, or roots, that go: what zstd and the numbers begin with. */
static void tell_gone(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	const struct numbers *old = &list_of(stream->old, coder->stream)->records;

	for (uint32_t i = 0; !coder->err && i < stream->plan.gone.count + stream->roots.gone.count;
	     i++) {
		bool root = i >= stream->plan.gone.count;
		uint32_t record = root ? stream->old->roots.items[
				stream->roots.gone.items[i - stream->plan.gone.count]]
				: old->items[stream->plan.gone.items[i]];
		const uint32_t *words = pool__record(coder->pool, record);
		struct numbers body = {};
		int err = numbers__append(&body, words,
					RECORD_SLOTS + SLOT_WORDS * words[RECORD_COUNT]);

		if (err)
			coder__fail(coder, err);
		else if (root)
			coder__byte(coder, BODY_ROOT_KIND, (words[RECORD_KIND] & 0x7f) |
							 (words[RECORD_KIND] & RECORD_FLAG ? 0x80 : 0));
		if (!err)
			coder__body(coder, &body, 0);
		numbers__free(&body);
	}
}

/* Twice: what was new the first time is a number the second time, and later. */
static void make_prefix(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	bool following = coder->following;
	struct columns once = { .count = BODY_COLUMNS };

	coder->following = false;
	coder->records = &stream->old->data.records;
	coder->record_place = stream->old_place.items;
	coder->coming = NULL;
	coder->out = &once;
	tell_gone(stream);
	columns__free(&once);
	stream->prefix.count = BODY_COLUMNS;
	coder->out = &stream->prefix;
	tell_gone(stream);
	coder->following = following;
	coder->records = coder->coming = &stream->coming;
	coder->record_place = stream->place.items;
	buf__free(&coder->aligns);
	coder->aligns = (struct buf){};
}

static void code_root(struct coder *coder, uint32_t own, uint32_t *record)
{
	uint32_t kind = coder->following ? 0 : pool__record(coder->pool, own)[RECORD_KIND];

	kind = coder__byte(coder, BODY_ROOT_KIND, (kind & 0x7f) | (kind & RECORD_FLAG ? 0x80 : 0));
	if (!(kind & 0x7f) || (kind & 0x7f) >= TYPE_KIND_END) {
		coder__fail(coder, -EBADMSG);
		return;
	}
	*record = coder__nested(coder, own, ((kind & 0x7f) + SPELL_KIND) | (kind & 0x80), 0);
}

static void code_bodies(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	uint32_t first = stream->coming.count - stream->plan.from.count;

	for (uint32_t i = first; !coder->err && i < stream->coming.count; i++)
		if (!stream->coming.items[i])
			coder__coming(coder, i);
	for (uint32_t i = 0; !coder->err && i < stream->roots.from.count; i++) {
		uint32_t from = stream->roots.from.items[i], record = 0;

		if (from)
			record = stream->old->roots.items[from - 1];
		else
			code_root(coder, stream->now ? stream->now->roots.items[i] : 0, &record);
		coder__add_word(coder, &stream->next->roots, record);
	}
	if (!coder->err && stream->plan.from.count)
		memcpy((coder->stream ? &stream->next->functions : &stream->next->data)->records.items,
		       stream->coming.items + first, (size_t)stream->plan.from.count * 4);
}

/* From the names on, which both sides know. */
static int begin_bodies(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	int err = coder->err;

	if (err || (err = list_names(stream)) || (err = join_lists(stream)))
		return err;
	coder->named = &stream->named;
	coder->place = stream->place.items;
	coder->place_count = stream->place.count;
	coder->own = stream->own.items;
	coder->heads = stream->heads.items;
	make_prefix(stream);
	return coder->err;
}

static int tell(struct stream *stream, const struct columns_effort *effort, struct buf *out)
{
	const struct columns none = { .count = PLAN_COLUMNS };
	_cleanup_buf_ struct buf plan = {};
	int err;

	begin_columns(stream, &stream->plan_columns, PLAN_COLUMNS);
	code_plans(stream);
	if ((err = begin_bodies(stream)))
		return err;
	begin_columns(stream, &stream->body_columns, BODY_COLUMNS);
	code_bodies(stream);
	if ((err = stream->coder.err) ||
	    (err = columns__pack(&stream->plan_columns, &none, effort, &plan)))
		return err;
	buf__add_varint(out, plan.len);
	buf__add(out, plan.data, plan.len);
	err = columns__pack(&stream->body_columns, &stream->prefix, effort, out);
	return err ? err : buf__failed(out) || buf__failed(&plan) ? -ENOMEM : 0;
}

/* All that was told has been used. */
static int check_end(const struct stream *stream, const struct columns *columns)
{
	for (unsigned int i = 0; i < columns->count; i++)
		if (stream->coder.in[i].pos != stream->coder.in[i].len)
			return -EBADMSG;
	return 0;
}

static int follow(struct stream *stream, const void *data, size_t size)
{
	const struct columns none = { .count = PLAN_COLUMNS };
	struct cursor in = cursor__over(data, size), plan;
	uint64_t plan_size = cursor__varint(&in);
	const uint8_t *bytes = plan_size <= size ? cursor__take(&in, plan_size) : NULL;
	int err;

	if (!bytes)
		return -EBADMSG;
	plan = cursor__over(bytes, plan_size);
	stream->plan_columns.count = PLAN_COLUMNS;
	err = columns__unpack(&plan, &none, &stream->plan_columns);
	if (err)
		return err;
	begin_columns(stream, &stream->plan_columns, PLAN_COLUMNS);
	code_plans(stream);
	if ((err = stream->coder.err) || (err = check_end(stream, &stream->plan_columns)) ||
	    (err = begin_bodies(stream)))
		return err;
	stream->body_columns.count = BODY_COLUMNS;
	err = columns__unpack(&in, &stream->prefix, &stream->body_columns);
	if (err)
		return err;
	begin_columns(stream, &stream->body_columns, BODY_COLUMNS);
	code_bodies(stream);
	if ((err = stream->coder.err) || (err = check_end(stream, &stream->body_columns)))
		return err;
	return in.pos == in.len ? 0 : -EBADMSG;
}

/* One of both: `out` while telling, else `data`. */
static int run(struct lineage *lineage, int number, const struct record_set *now,
	       struct record_set *next, const struct columns_effort *effort, struct buf *out,
	       const void *data, size_t size)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return -ENOMEM;
	stream->coder = (struct coder){ .lineage = lineage, .pool = &lineage->pool,
					.stream = number, .following = !out,
					.first = !lineage->begun };
	stream->old = &lineage->set;
	stream->now = now;
	stream->next = next;
	err = out ? tell(stream, effort, out) : follow(stream, data, size);
	stream__free(stream);
	free(stream);
	return err;
}

/* ---- lineages ----------------------------------------------------------------------------------------- */

int lineage__init(struct lineage *lineage)
{
	*lineage = (struct lineage){};
	return pool__init(&lineage->pool);
}

void lineage__free(struct lineage *lineage)
{
	pool__free(&lineage->pool);
	record_set__free(&lineage->set);
	for (int i = 0; i < 2; i++) {
		numbers__free(&lineage->strings[i]);
		numbers__free(&lineage->told[i]);
	}
}

static int advance(struct lineage *lineage, struct record_set *next, int err)
{
	if (err) {
		record_set__free(next);
		return err;
	}
	record_set__free(&lineage->set);
	lineage->set = *next;
	lineage->begun = true;
	return 0;
}

int lineage__tell(struct lineage *lineage, const struct type_graph *graph,
		  const struct columns_effort *effort, struct buf *data, struct buf *functions)
{
	struct record_set now, next = {};
	int err;

	pool__index_named(&lineage->pool);
	err = record_set__from_graph(&lineage->pool, graph, &now);
	if (err)
		return err;
	err = run(lineage, 0, &now, &next, effort, data, NULL, 0);
	if (!err)
		err = run(lineage, 1, &now, &next, effort, functions, NULL, 0);
	record_set__free(&now);
	return advance(lineage, &next, err);
}

int lineage__follow(struct lineage *lineage, const void *data, size_t data_size,
		    const void *functions, size_t functions_size)
{
	struct record_set next = {};
	int err = run(lineage, 0, NULL, &next, NULL, NULL, data, data_size);

	if (!err && functions)
		err = run(lineage, 1, NULL, &next, NULL, NULL, functions, functions_size);
	return advance(lineage, &next, err);
}
