/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "layout.h"

enum { DEPTH_MAX = 32 };

/* ---- who is part of whom ------------------------------------------------------------------ */

static void embed(struct embeddings *it, uint32_t inner, uint32_t outer)
{
	it->count++;
	it->outer[it->count] = outer;
	it->next[it->count] = it->first[inner];
	it->first[inner] = it->count;
}

struct embeddings embeddings__of(const struct kernel *kernel)
{
	struct embeddings it = { .type_count = kernel->count };
	size_t members = 1;

	for (uint32_t i = 1; i < kernel->count; i++)
		if (type__is_record(&kernel->types[i]))
			members += kernel->types[i].count;
	it.first = calloc(kernel->count, sizeof(uint32_t));
	it.reach = calloc(kernel->count, sizeof(uint32_t));
	it.next = calloc(members, sizeof(uint32_t));
	it.outer = calloc(members, sizeof(uint32_t));
	for (uint32_t i = 1; i < kernel->count; i++) {
		const struct type *record = &kernel->types[i];

		for (uint32_t j = 0; type__is_record(record) && !record->gone && j < record->count; j++) {
			uint32_t inner = kernel__stripped(kernel, record->slots[j].type);

			if (type__is_record(&kernel->types[inner]))
				embed(&it, inner, i);
		}
	}
	return it;
}

void embeddings__free(struct embeddings *it)
{
	free(it->first);
	free(it->next);
	free(it->outer);
	free(it->reach);
}

uint32_t embeddings__reach(struct embeddings *it, uint32_t record)
{
	uint32_t reach = 1;

	if (record >= it->type_count)
		return 1;
	if (it->reach[record])
		return it->reach[record];
	for (uint32_t at = it->first[record]; at && reach < EMBEDDINGS_NONE; at = it->next[at])
		reach += embeddings__reach(it, it->outer[at]);
	it->reach[record] = reach < EMBEDDINGS_NONE ? reach : EMBEDDINGS_NONE;
	return it->reach[record];
}

/* ---- places --------------------------------------------------------------------------------- */

static uint32_t round_up(uint32_t value, uint32_t align)
{
	return align ? (value + align - 1) / align * align : value;
}

/* In bytes. */
static uint32_t offset_of(const struct type *record, uint32_t member)
{
	uint32_t bits = record->slots[member].value;

	return (record->flag ? bits & 0xffffff : bits) / 8;
}

static bool is_bitfield(const struct type *record, uint32_t member)
{
	return record->flag ? record->slots[member].value >> 24 : false;
}

bool layout__can_move(const struct type *record)
{
	for (uint32_t i = 0; i < record->count; i++)
		if (is_bitfield(record, i))
			return false;
	return true;
}

static uint32_t end_of(const struct kernel *kernel, const struct type *record, uint32_t members)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < members; i++) {
		uint32_t to = offset_of(record, i) + kernel__size_of(kernel, record->slots[i].type);

		if (to > end)
			end = to;
	}
	return end;
}

/* What somebody must have asked for, where a place is not the next one. */
static uint32_t asked_align(uint32_t offset)
{
	uint32_t align = offset & -offset;

	return !align || align > 64 ? 64 : align;
}

/* Where each member would be without what somebody asked for: remembered before a change. */
struct places {
	uint32_t *aligns; /* 0: the next place for its type */
	uint32_t tail;    /* what the size is rounded up to, or 0 */
};

static void places__free(struct places *places)
{
	free(places->aligns);
}

static struct places places__of(const struct kernel *kernel, const struct type *record)
{
	struct places places = { .aligns = calloc(record->count + 1, sizeof(uint32_t)) };
	uint32_t end = 0, align = 1;

	for (uint32_t i = 0; i < record->count; i++) {
		uint32_t of = kernel__align_of(kernel, record->slots[i].type), at;

		at = record->kind == KIND_UNION ? 0 : round_up(end, of);
		if (at != offset_of(record, i))
			places.aligns[i] = asked_align(offset_of(record, i));
		if (of > align)
			align = of;
		end = offset_of(record, i) + kernel__size_of(kernel, record->slots[i].type);
	}
	end = end_of(kernel, record, record->count);
	if (round_up(end, align) != record->size)
		places.tail = asked_align(record->size);
	return places;
}

static void set_offset(struct type *record, uint32_t member, uint32_t bytes)
{
	uint32_t bits = 8 * bytes;

	record->slots[member].value = record->flag ? (record->slots[member].value & 0xff000000) |
						     (bits & 0xffffff) : bits;
}

/* Members from `from` on, each behind the one before it. */
static void lay_out(struct kernel *kernel, uint32_t number, const struct places *places,
		    uint32_t from)
{
	struct type *record = &kernel->types[number];
	uint32_t end = end_of(kernel, record, from), align = 1;

	for (uint32_t i = 0; i < record->count; i++) {
		uint32_t of = kernel__align_of(kernel, record->slots[i].type);

		if (of > align)
			align = of;
		if (i < from)
			continue;
		if (places->aligns[i] > of)
			of = places->aligns[i];
		if (record->kind == KIND_UNION)
			end = 0;
		set_offset(record, i, round_up(end, of));
		end = offset_of(record, i) + kernel__size_of(kernel, record->slots[i].type);
	}
	end = end_of(kernel, record, record->count);
	record->size = round_up(end, places->tail > align ? places->tail : align);
}

void layout__natural(struct kernel *kernel, uint32_t number)
{
	struct type *record = &kernel->types[number];
	struct places places = { .aligns = calloc(record->count + 1, sizeof(uint32_t)) };

	lay_out(kernel, number, &places, 0);
	places__free(&places);
}

/* Everything from the first member of this kind on moves by the same, as bit fields do. */
static void move_tail(struct kernel *kernel, uint32_t number, uint32_t inner, int32_t by)
{
	struct type *record = &kernel->types[number];
	bool behind = false;

	by = by > 0 ? (int32_t)round_up((uint32_t)by, 8) : -(int32_t)((uint32_t)-by / 8 * 8);
	for (uint32_t i = 0; i < record->count; i++) {
		if (behind && record->kind == KIND_STRUCT) {
			record->slots[i].value += 8 * (uint32_t)by;
		}
		if (kernel__stripped(kernel, record->slots[i].type) == inner)
			behind = true;
	}
	record->size += (uint32_t)by;
}

static void grow_outer(struct kernel *kernel, const struct embeddings *embeddings, uint32_t number,
		       uint32_t was, int depth);

static void finish(struct kernel *kernel, const struct embeddings *embeddings, uint32_t number,
		   uint32_t was, int depth)
{
	if (kernel->types[number].size != was && depth < DEPTH_MAX)
		grow_outer(kernel, embeddings, number, was, depth + 1);
}

/* `number` had this size before: those around it are as they were for that. */
static void grow_outer(struct kernel *kernel, const struct embeddings *embeddings, uint32_t number,
		       uint32_t was, int depth)
{
	uint32_t now = kernel->types[number].size, last = 0;

	if (number >= embeddings->type_count)
		return;
	for (uint32_t at = embeddings->first[number]; at; at = embeddings->next[at]) {
		uint32_t outer = embeddings->outer[at], outer_was = kernel->types[outer].size;
		struct places places;

		if (outer == last) /* it has several: done in one go */
			continue;
		last = outer;
		if (!layout__can_move(&kernel->types[outer])) {
			move_tail(kernel, outer, number, (int32_t)(now - was));
		} else {
			kernel->types[number].size = was;
			places = places__of(kernel, &kernel->types[outer]);
			kernel->types[number].size = now;
			lay_out(kernel, outer, &places, 0);
			places__free(&places);
		}
		finish(kernel, embeddings, outer, outer_was, depth);
	}
}

void layout__insert(struct kernel *kernel, const struct embeddings *embeddings, uint32_t number,
		    uint32_t at, struct slot slot)
{
	struct type *record = &kernel->types[number];
	struct places places = places__of(kernel, record);
	uint32_t was = record->size;

	type__make_room(record, record->count + 1);
	memmove(&record->slots[at + 1], &record->slots[at],
		(record->count - at) * sizeof(struct slot));
	places.aligns = realloc(places.aligns, (record->count + 2) * sizeof(uint32_t));
	memmove(&places.aligns[at + 1], &places.aligns[at],
		(record->count - at) * sizeof(uint32_t));
	places.aligns[at] = 0;
	record->slots[at] = slot;
	record->count++;
	lay_out(kernel, number, &places, at);
	places__free(&places);
	finish(kernel, embeddings, number, was, 0);
}

void layout__remove(struct kernel *kernel, const struct embeddings *embeddings, uint32_t number,
		    uint32_t at)
{
	struct type *record = &kernel->types[number];
	struct places places = places__of(kernel, record);
	uint32_t was = record->size;

	record->count--;
	memmove(&record->slots[at], &record->slots[at + 1],
		(record->count - at) * sizeof(struct slot));
	memmove(&places.aligns[at], &places.aligns[at + 1],
		(record->count - at) * sizeof(uint32_t));
	lay_out(kernel, number, &places, at);
	places__free(&places);
	finish(kernel, embeddings, number, was, 0);
}
