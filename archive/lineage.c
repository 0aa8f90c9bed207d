/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "lineage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "coder.h"
#include "columns.h"
#include "succession.h"

/* Of the words of records: fewer are not worth it, and no kernel has more at once. */
#define RESERVE_MIN (1u << 14)
#define RESERVE_MAX (1u << 24)

/* ---- streams --------------------------------------------------------------------------------------- */

/* One stream of one kernel, while it is told or followed. */
struct stream {
	struct coder coder;
	const struct record_set *old;
	const struct record_set *now;    /* while telling */
	struct record_set *next;         /* what is made of it */
	struct succession plan, roots;
	struct columns plan_columns, body_columns, prefix;
	struct arrivals arrivals;
	struct numbers own;              /* while telling: the records that come */
	struct numbers renamed;          /* places in the new list, and the name that was there */
};

static void stream__free(struct stream *stream)
{
	coder__free(&stream->coder);
	succession__free(&stream->plan);
	succession__free(&stream->roots);
	columns__free(&stream->plan_columns);
	columns__free(&stream->body_columns);
	columns__free(&stream->prefix);
	numbers__free(&stream->arrivals.records);
	numbers__free(&stream->arrivals.heads);
	numbers__free(&stream->arrivals.names);
	numbers__free(&stream->own);
	numbers__free(&stream->renamed);
}

static const struct record_list *list_of(const struct record_set *set, int stream)
{
	return stream ? &set->functions : &set->data;
}

static struct record_list *next_list(struct stream *stream)
{
	return stream->coder.stream ? &stream->next->functions : &stream->next->data;
}

static void code_plans(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	const struct numbers *old = &list_of(stream->old, coder->stream)->records;
	const struct numbers *now = stream->now ? &list_of(stream->now, coder->stream)->records : NULL;
	/* each that comes has a kind */
	size_t most = coder->following ? coder->in[PLAN_KIND].len : UINT32_MAX;
	int err = 0;

	if (now)
		err = succession__find(coder->pool, old, now, &stream->plan);
	if (now && !err && !coder->stream)
		err = succession__find(coder->pool, &stream->old->roots, &stream->now->roots,
				       &stream->roots);
	if (err)
		coder__fail(coder, err);
	succession__code_runs(coder, PLAN_STAY, old->count, (uint32_t)most, &stream->plan);
	if (!coder->stream)
		succession__code_runs(coder, PLAN_ROOT_STAY, stream->old->roots.count, UINT32_MAX,
				      &stream->roots);
	if (!coder->err)
		succession__code_heads(coder, old, now, &stream->plan, &stream->arrivals.heads);
}

/* ---- the new list ------------------------------------------------------------------------------------ */

/*
 * The name of the next of the list, which is not there yet. Variants count what is before
 * them in the list, so a name says which is the next variant's.
 */
static int name_next(struct stream *stream, uint32_t kind, uint32_t string, uint32_t *name)
{
	struct pool *pool = stream->coder.pool;
	const struct numbers *names = &next_list(stream)->names;
	uint32_t variant = record_list__next_variant(next_list(stream), pool, kind, string);

	if (stream->coder.first && stream->coder.following)
		return pool__append_name(pool, kind, string, variant, name);
	return pool__add_name(pool, kind, string, variant,
			      variant ? names->items[names->count - 1] : 0, name);
}

/* Of what stays, the first may be other variants than they were. */
static int keep_run(struct stream *stream, uint32_t from, uint32_t count)
{
	const struct pool *pool = stream->coder.pool;
	const struct record_list *old = list_of(stream->old, stream->coder.stream);
	struct record_list *next = next_list(stream);
	int err = numbers__copy(&next->records, &old->records, from, count);

	for (; !err && count; from++, count--) {
		uint32_t before = old->names.items[from], name;
		const uint32_t *words = pool__name(pool, before);

		if (words[NAME_VARIANT] == record_list__next_variant(next, pool, words[NAME_KIND],
								     words[NAME_STRING]))
			break;
		err = name_next(stream, words[NAME_KIND], words[NAME_STRING], &name) ?:
		      numbers__add(&stream->renamed, next->names.count) ?:
		      numbers__add(&stream->renamed, before) ?:
		      numbers__add(&next->names, name);
	}
	return err ? err : numbers__copy(&next->names, &old->names, from, count);
}

static int add_arrival(struct stream *stream, uint32_t kind, uint32_t string)
{
	struct record_list *next = next_list(stream);
	uint32_t name;

	return name_next(stream, kind, string, &name) ?:
	       numbers__add(&stream->arrivals.names, name) ?:
	       numbers__add(&next->names, name) ?:
	       numbers__add(&next->records, 0);
}

/* Names and what stays, in the new set; of what comes, names. */
static int list_names(struct stream *stream)
{
	const struct succession *plan = &stream->plan;
	const uint32_t *head = stream->arrivals.heads.items;
	struct record_list *next = next_list(stream);
	uint32_t place = 0;
	int err = numbers__reserve(&stream->coder.pool->names, NAME_WORDS * (uint64_t)plan->arrived) ?:
		  numbers__reserve(&next->names, plan->count) ?:
		  numbers__reserve(&next->records, plan->count) ?:
		  numbers__reserve(&stream->arrivals.names, plan->arrived) ?:
		  numbers__clear(&stream->arrivals.records, plan->arrived);

	for (uint32_t n = 0; !err && n < plan->run_count; n++) {
		const struct run *run = &plan->runs[n];

		err = keep_run(stream, place, run->stay);
		for (uint32_t i = 0; !err && i < run->come; i++, head += 2)
			err = add_arrival(stream, head[RECORD_KIND] & 0xff, head[RECORD_NAME]);
		place += run->stay + run->go;
	}
	return err;
}

/* While telling: the records that come. */
static int list_own(struct stream *stream)
{
	const struct numbers *now = &list_of(stream->now, stream->coder.stream)->records;
	uint32_t place = 0;
	int err = 0;

	for (uint32_t n = 0; !err && n < stream->plan.run_count; n++) {
		const struct run *run = &stream->plan.runs[n];

		err = numbers__copy(&stream->own, now, place + run->stay, run->come);
		place += run->stay + run->come;
	}
	stream->arrivals.own = stream->own.items;
	return err;
}

/* The new kernel's places, by name. */
static int place_names(struct stream *stream)
{
	struct numbers *places = &stream->coder.lineage->places;
	const struct record_set *next = stream->next;
	uint32_t data_count = next->data.names.count;
	int err = numbers__clear(places, pool__name_count(stream->coder.pool));

	for (uint32_t i = 0; !err && i < data_count; i++)
		places->items[next->data.names.items[i]] = i + 1;
	for (uint32_t i = 0; !err && stream->coder.stream && i < next->functions.names.count; i++)
		places->items[next->functions.names.items[i]] = data_count + i + 1;
	stream->coder.places = places->items;
	return err;
}

/* ---- what goes ------------------------------------------------------------------------------------------ */

static void tell_gone_list(struct coder *coder, const struct succession *plan,
			   const struct numbers *old, bool roots)
{
	uint32_t place = 0;

	for (uint32_t n = 0; n < plan->run_count; n++) {
		const struct run *run = &plan->runs[n];

		place += run->stay;
		for (uint32_t i = 0; !coder->err && i < run->go; i++) {
			uint32_t at = coder->pool->records.items[old->items[place + i]];
			uint32_t kind = coder->pool->bodies.items[at + RECORD_KIND];

			if (roots)
				coder__put_byte(coder, BODY_ROOT_KIND,
						(kind & 0x7f) | (kind & RECORD_FLAG ? 0x80 : 0));
			coder__body(coder, at, 0);
		}
		place += run->go;
	}
}

/* Records with a name, and roots, that go: what zstd and the numbers begin with. */
static void tell_gone(struct stream *stream, struct columns *columns)
{
	columns->count = BODY_COLUMNS;
	stream->coder.out = columns;
	tell_gone_list(&stream->coder, &stream->plan,
		       &list_of(stream->old, stream->coder.stream)->records, false);
	tell_gone_list(&stream->coder, &stream->roots, &stream->old->roots, true);
}

/* Twice: what was new the first time is a number the second time, and later. */
static void make_prefix(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	bool following = coder->following;
	struct columns once = {};

	if (!stream->plan.gone && !stream->roots.gone)
		return;
	coder->following = false;
	coder->arrivals = NULL;
	tell_gone(stream, &once);
	columns__free(&once);
	tell_gone(stream, &stream->prefix);
	coder->following = following;
	buf__free(&coder->aligns);
	coder->aligns = (struct buf){};
}

/* From now on names mean the new kernel's records: those that stay, and those that come. */
static int enter_names(struct stream *stream)
{
	const struct record_list *old = list_of(stream->old, stream->coder.stream);
	const struct record_list *next = next_list(stream);
	struct numbers *by_name = &stream->coder.lineage->by_name;
	uint32_t count = pool__name_count(stream->coder.pool), place = 0;
	int err = numbers__extend(by_name, count);

	if (err)
		return err;
	for (uint32_t n = 0; n < stream->plan.run_count; n++) {
		const struct run *run = &stream->plan.runs[n];

		place += run->stay;
		for (uint32_t i = 0; i < run->go; i++)
			by_name->items[old->names.items[place++]] = 0;
	}
	for (uint32_t i = 0; i < stream->renamed.count; i += 2)
		by_name->items[stream->renamed.items[i + 1]] = 0;
	for (uint32_t i = 0; i < stream->renamed.count; i += 2) {
		place = stream->renamed.items[i];
		by_name->items[next->names.items[place]] = next->records.items[place];
	}
	for (uint32_t i = 0; i < stream->arrivals.names.count; i++)
		by_name->items[stream->arrivals.names.items[i]] = i | LINEAGE_ARRIVING;
	return 0;
}

/* ---- what comes ------------------------------------------------------------------------------------------ */

static void code_root(struct coder *coder, uint32_t own, uint32_t *record)
{
	uint32_t kind = coder->following ? 0 : pool__record(coder->pool, own)[RECORD_KIND];

	kind = coder__byte(coder, BODY_ROOT_KIND, (kind & 0x7f) | (kind & RECORD_FLAG ? 0x80 : 0));
	if (!(kind & 0x7f) || (kind & 0x7f) >= TYPE_KIND_END) {
		coder__fail(coder, -EBADMSG);
		return;
	}
	*record = coder__root(coder, own, ((kind & 0x7f) + SPELL_KIND) | (kind & 0x80));
}

static void code_roots(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	struct numbers *roots = &stream->next->roots;
	uint32_t place = 0;

	for (uint32_t n = 0; n < stream->roots.run_count; n++) {
		const struct run *run = &stream->roots.runs[n];
		int err = numbers__copy(roots, &stream->old->roots, place, run->stay);

		if (err)
			coder__fail(coder, err);
		for (uint32_t i = 0; !coder->err && i < run->come; i++) {
			uint32_t record = 0;

			code_root(coder, stream->now ? stream->now->roots.items[roots->count] : 0,
				  &record);
			coder__add_word(coder, roots, record);
		}
		place += run->stay + run->go;
	}
}

static void code_bodies(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	const uint32_t *record = stream->arrivals.records.items;
	struct numbers *next = &next_list(stream)->records;
	uint32_t place = 0;

	for (uint32_t i = 0; !coder->err && i < stream->plan.arrived; i++)
		coder__arrival(coder, i);
	for (uint32_t n = 0; n < stream->plan.run_count; n++) {
		const struct run *run = &stream->plan.runs[n];

		place += run->stay;
		for (uint32_t i = 0; i < run->come; i++)
			next->items[place++] = *record++;
	}
	code_roots(stream);
}

/* From the names on, which both sides know. */
static int begin_bodies(struct stream *stream)
{
	struct coder *coder = &stream->coder;
	bool places = !coder->following || stream->plan.gone || stream->roots.gone;
	int err = coder->err;

	if (err || (err = list_names(stream)) || (stream->now && (err = list_own(stream))) ||
	    (places && (err = place_names(stream))))
		return err;
	coder->kernel = stream->next;
	coder->place_count = stream->next->data.names.count +
			     (coder->stream ? stream->next->functions.names.count : 0);
	make_prefix(stream);
	coder->arrivals = &stream->arrivals;
	return coder->err ? coder->err : enter_names(stream);
}

/* ---- one stream ------------------------------------------------------------------------------------------ */

static int tell(struct stream *stream, const struct columns_effort *effort, struct buf *out)
{
	const struct columns none = { .count = PLAN_COLUMNS };
	_cleanup_buf_ struct buf plan = {};
	int err;

	stream->plan_columns.count = PLAN_COLUMNS;
	stream->coder.out = &stream->plan_columns;
	code_plans(stream);
	if ((err = begin_bodies(stream)))
		return err;
	stream->prefix.count = stream->body_columns.count = BODY_COLUMNS;
	stream->coder.out = &stream->body_columns;
	code_bodies(stream);
	if ((err = stream->coder.err) ||
	    (err = columns__pack(&stream->plan_columns, &none, effort, &plan)))
		return err;
	buf__add_varint(out, plan.len);
	buf__add(out, plan.data, plan.len);
	err = columns__pack(&stream->body_columns, &stream->prefix, effort, out);
	return err ? err : buf__failed(out) || buf__failed(&plan) ? -ENOMEM : 0;
}

/* Where what is told is many records, room for all of them at once. */
static int reserve_records(const struct stream *stream)
{
	const struct cursor *in = stream->coder.in;
	struct pool *pool = stream->coder.pool;
	size_t records = stream->plan.arrived + in[BODY_SPELLING].len;
	size_t words = RECORD_SLOTS * records + in[BODY_NAMES + 5 * NAME_MEMBER].len * 3 +
		       (in[BODY_NAMES + 5 * NAME_ENUMERATOR].len + in[BODY_PAIR].len) * 2;

	/* a damaged stream may promise very many */
	if (words < RESERVE_MIN || words > RESERVE_MAX)
		return 0;
	return numbers__reserve(&pool->bodies, words) ?:
	       numbers__reserve(&pool->records, records);
}

/* The same for strings, which share with one another about as much as they spell. */
static int reserve_strings(const struct stream *stream, const unsigned int *rest, size_t count)
{
	struct pool *pool = stream->coder.pool;
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += 2 * stream->coder.in[rest[i]].len;
	if (size < RESERVE_MIN || size > RESERVE_MAX)
		return 0;
	return pool__reserve_text(pool, size);
}

/* All that was told has been used. */
static int check_end(const struct stream *stream, unsigned int columns)
{
	for (unsigned int i = 0; i < columns; i++)
		if (stream->coder.in[i].pos != stream->coder.in[i].len)
			return -EBADMSG;
	return 0;
}

static int follow(struct stream *stream, const void *data, size_t size)
{
	static const unsigned int body_rests[NAME_CLASSES] = {
		BODY_NAMES + 4, BODY_NAMES + 9, BODY_NAMES + 14, BODY_NAMES + 19
	};
	const struct columns none = {};
	struct coder *coder = &stream->coder;
	struct columns_reader *reader = &coder->lineage->reader;
	struct cursor in = cursor__over(data, size), plan;
	uint64_t plan_size = cursor__varint(&in);
	const uint8_t *bytes = plan_size <= size ? cursor__take(&in, plan_size) : NULL;
	int err;

	if (!bytes)
		return -EBADMSG;
	plan = cursor__over(bytes, plan_size);
	if ((err = columns__unpack(reader, &plan, &none, PLAN_COLUMNS, coder->in)) ||
	    (err = reserve_strings(stream, (unsigned int[]){ PLAN_REST }, 1)))
		return err;
	code_plans(stream);
	if ((err = coder->err) || (err = check_end(stream, PLAN_COLUMNS)) ||
	    (err = begin_bodies(stream)) ||
	    (err = columns__unpack(reader, &in, &stream->prefix, BODY_COLUMNS, coder->in)) ||
	    (err = reserve_records(stream)) ||
	    (err = reserve_strings(stream, body_rests, NAME_CLASSES)))
		return err;
	code_bodies(stream);
	if ((err = coder->err) || (err = check_end(stream, BODY_COLUMNS)))
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
	record_set__free(&lineage->spare);
	told__free(&lineage->strings);
	told__free(&lineage->nested);
	numbers__free(&lineage->by_name);
	numbers__free(&lineage->places);
	columns_reader__free(&lineage->reader);
}

static int copy_numbers(const struct numbers *from, struct numbers *to)
{
	return numbers__copy(to, from, 0, from->count);
}

static int copy_list(const struct record_list *from, struct record_list *to)
{
	return copy_numbers(&from->records, &to->records) ?: copy_numbers(&from->names, &to->names);
}

static int copy_told(const struct told *from, struct told *to)
{
	/* its values are found anew when they are asked */
	return copy_numbers(&from->items[0], &to->items[0]) ?:
	       copy_numbers(&from->items[1], &to->items[1]);
}

int lineage__copy(const struct lineage *lineage, struct lineage *copy)
{
	int err;

	*copy = (struct lineage){ .begun = lineage->begun };
	err = pool__copy(&lineage->pool, &copy->pool) ?:
	      copy_list(&lineage->set.data, &copy->set.data) ?:
	      copy_list(&lineage->set.functions, &copy->set.functions) ?:
	      copy_numbers(&lineage->set.roots, &copy->set.roots) ?:
	      copy_told(&lineage->strings, &copy->strings) ?:
	      copy_told(&lineage->nested, &copy->nested) ?:
	      copy_numbers(&lineage->by_name, &copy->by_name);
	if (err)
		lineage__free(copy);
	return err;
}

/* A set that is empty, in room that was used before. */
static struct record_set take_spare(struct lineage *lineage)
{
	struct record_set next = lineage->spare;

	lineage->spare = (struct record_set){};
	next.data.records.count = next.data.names.count = 0;
	next.functions.records.count = next.functions.names.count = 0;
	next.roots.count = 0;
	return next;
}

static int advance(struct lineage *lineage, struct record_set *next, int err)
{
	if (err) {
		record_set__free(next);
		return err;
	}
	lineage->spare = lineage->set;
	lineage->set = *next;
	lineage->begun = true;
	return 0;
}

int lineage__tell(struct lineage *lineage, const struct type_graph *graph,
		  const struct columns_effort *effort, struct buf *data, struct buf *functions)
{
	struct record_set now, next;
	int err;

	err = record_set__from_graph(&lineage->pool, graph, &now);
	if (err)
		return err;
	next = take_spare(lineage);
	err = run(lineage, 0, &now, &next, effort, data, NULL, 0);
	if (!err)
		err = run(lineage, 1, &now, &next, effort, functions, NULL, 0);
	record_set__free(&now);
	return advance(lineage, &next, err);
}

int lineage__follow(struct lineage *lineage, const void *data, size_t data_size,
		    const void *functions, size_t functions_size)
{
	struct record_set next = take_spare(lineage);
	int err = run(lineage, 0, NULL, &next, NULL, NULL, data, data_size);

	if (!err && functions)
		err = run(lineage, 1, NULL, &next, NULL, NULL, functions, functions_size);
	return advance(lineage, &next, err);
}
