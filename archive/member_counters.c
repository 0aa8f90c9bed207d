/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "member_counters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/counted_name.h"
#include "canonical.h"

/* Of what is held in several places, at other counts: it counts from 0. */
#define SHARED UINT32_MAX
/* More members of one scope than a kernel has in all. */
#define MANY (1u << 24)

struct counting {
	struct type_graph *graph;
	uint32_t *stem_len; /* by string: that of a member's name without its counter; else 0 */
	bool *varies;       /* by string: another member's name differs in the counter alone */
	uint32_t *below;    /* by type: its counted members, parts without a name included, plus 1 */
	uint32_t *start;    /* by type: the count it begins with, plus 1; 0: not known; SHARED */
};

static bool has_members(const struct graph_type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

static struct graph_slot *slot_of(const struct counting *it, const struct graph_type *type,
				  uint32_t member)
{
	return &it->graph->slots[type->first + member];
}

/* The struct or union without a name whose members are in its holder's scope; 0: none. */
static uint32_t part_at(const struct counting *it, const struct graph_type *type, uint32_t member)
{
	const struct graph_slot *slot = slot_of(it, type, member);
	const struct graph_type *part = &it->graph->types[slot->type];

	return !slot->name && !part->name && has_members(part) ? slot->type : 0;
}

/* ---- which names count -------------------------------------------------------------------- */

struct stem {
	const char *name;
	uint32_t len, string;
};

static int by_stem(const void *p, const void *q)
{
	const struct stem *a = p, *b = q;
	int order = memcmp(a->name, b->name, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void mark_members(const struct counting *it, bool *is_member)
{
	for (uint32_t i = 1; i < it->graph->type_count; i++) {
		const struct graph_type *type = &it->graph->types[i];

		for (uint32_t k = 0; has_members(type) && k < type->count; k++)
			is_member[slot_of(it, type, k)->name] = true;
	}
}

/* How many names vary. */
static uint32_t mark_varying(struct counting *it, const struct stem *stems, size_t count)
{
	uint32_t marked = 0;
	size_t to;

	for (size_t from = 0; from < count; from = to) {
		to = from + 1;
		while (to < count && by_stem(&stems[from], &stems[to]) == 0)
			to++;
		for (size_t i = from; to - from > 1 && i < to; i++, marked++)
			it->varies[stems[i].string] = true;
	}
	return marked;
}

static int find_counters(struct counting *it, uint32_t *count)
{
	const struct type_graph *graph = it->graph;
	_cleanup_free_ bool *is_member = calloc(graph->string_count, sizeof(*is_member));
	_cleanup_free_ struct stem *stems = calloc(graph->string_count, sizeof(*stems));
	size_t found = 0;

	if (!is_member || !stems)
		return -ENOMEM;
	mark_members(it, is_member);
	for (uint32_t i = 1; i < graph->string_count; i++) {
		const char *name = type_graph__string(graph, i);
		size_t len = is_member[i] ? counted_name__stem_len(name, strlen(name)) : 0;

		if (len)
			stems[found++] = (struct stem){ name, (uint32_t)len, i };
		it->stem_len[i] = (uint32_t)len;
	}
	qsort(stems, found, sizeof(*stems), by_stem);
	*count = mark_varying(it, stems, found);
	return 0;
}

/* ---- counting ------------------------------------------------------------------------------- */

static uint32_t count_below(struct counting *it, uint32_t number, int depth)
{
	const struct graph_type *type = &it->graph->types[number];
	uint32_t count = 0;

	if (it->below[number])
		return it->below[number] - 1;
	it->below[number] = 1; /* circles and what nests too deep are refused later */
	for (uint32_t i = 0; depth < CANONICAL_MAX_DEPTH && i < type->count; i++) {
		uint32_t part = part_at(it, type, i);

		count += part ? count_below(it, part, depth + 1)
			      : it->stem_len[slot_of(it, type, i)->name] > 0;
		if (count > MANY)
			count = MANY;
	}
	it->below[number] = count + 1;
	return count;
}

static void mark_shared(struct counting *it, uint32_t number, int depth)
{
	const struct graph_type *type = &it->graph->types[number];

	if (it->start[number] == SHARED || depth > CANONICAL_MAX_DEPTH)
		return;
	it->start[number] = SHARED;
	for (uint32_t i = 0; i < type->count; i++)
		if (part_at(it, type, i))
			mark_shared(it, part_at(it, type, i), depth + 1);
}

/* Give the type, and parts of its scope, where their counts begin. */
static void number_scope(struct counting *it, uint32_t number, uint32_t start, int depth)
{
	const struct graph_type *type = &it->graph->types[number];

	if (it->start[number] == start + 1 || depth > CANONICAL_MAX_DEPTH)
		return;
	if (it->start[number]) {
		mark_shared(it, number, depth);
		return;
	}
	it->start[number] = start + 1;
	for (uint32_t i = 0; i < type->count && start < MANY; i++) {
		uint32_t part = part_at(it, type, i);

		if (part && count_below(it, part, 0)) {
			number_scope(it, part, start, depth + 1);
			start += count_below(it, part, 0);
		} else {
			start += it->stem_len[slot_of(it, type, i)->name] > 0;
		}
	}
}

static int number_scopes(struct counting *it)
{
	const struct type_graph *graph = it->graph;
	_cleanup_free_ bool *is_part = calloc(graph->type_count, sizeof(*is_part));

	if (!is_part)
		return -ENOMEM;
	for (uint32_t i = 1; i < graph->type_count; i++)
		for (uint32_t k = 0; has_members(&graph->types[i]) && k < graph->types[i].count; k++)
			is_part[part_at(it, &graph->types[i], k)] = true;
	for (uint32_t i = 1; i < graph->type_count; i++)
		if (has_members(&graph->types[i]) && !is_part[i])
			number_scope(it, i, 0, 0);
	return 0;
}

/* ---- new names -------------------------------------------------------------------------------- */

/* A member that gets another name. */
struct renaming {
	uint32_t string; /* its name until now */
	uint32_t count;  /* in its scope */
	uint32_t slot;
	uint32_t name;   /* which of the new ones it gets */
};

struct renamings {
	struct counting *it;
	struct renaming *items;
	size_t count;
};

static void list_renamings(struct renamings *list)
{
	const struct counting *it = list->it;

	for (uint32_t i = 1; i < it->graph->type_count; i++) {
		const struct graph_type *type = &it->graph->types[i];
		uint32_t count = it->start[i] && it->start[i] != SHARED ? it->start[i] - 1 : 0;

		for (uint32_t k = 0; has_members(type) && k < type->count; k++) {
			uint32_t string = slot_of(it, type, k)->name, part = part_at(it, type, k);

			if (it->varies[string])
				list->items[list->count++] = (struct renaming){
					string, count, type->first + k, 0 };
			/* what does not vary counts, too: once named anew, all may be so */
			count += it->stem_len[string] > 0;
			if (part && it->below[part])
				count += it->below[part] - 1;
		}
	}
}

static int by_new_name(const void *p, const void *q, void *ctx)
{
	const struct counting *it = ctx;
	const struct renaming *a = p, *b = q;
	const struct stem x = { type_graph__string(it->graph, a->string), it->stem_len[a->string],
				0 };
	const struct stem y = { type_graph__string(it->graph, b->string), it->stem_len[b->string],
				0 };
	int order = by_stem(&x, &y);

	return order ? order : (a->count > b->count) - (a->count < b->count);
}

/* A string that the graph is to have, and who wants its number. */
struct naming {
	const char *text;
	uint32_t *number;
};

static int by_text(const void *p, const void *q)
{
	return strcmp(((const struct naming *)p)->text, ((const struct naming *)q)->text);
}

/* New names, each once, one after the other. */
static int write_new_names(struct renamings *list, struct buf *text)
{
	struct counting *it = list->it;
	uint32_t name = 0;

	qsort_r(list->items, list->count, sizeof(*list->items), by_new_name, it);
	for (size_t i = 0; i < list->count; i++) {
		struct renaming *one = &list->items[i];

		if (!i || by_new_name(one - 1, one, it) != 0) {
			name += i > 0;
			buf__printf(text, "%.*s%u", (int)it->stem_len[one->string],
				    type_graph__string(it->graph, one->string), one->count);
			buf__add_u8(text, 0);
		}
		if (text->len > GRAPH_TEXT_MAX)
			return -EBADMSG;
		one->name = name;
	}
	return buf__failed(text) ? -ENOMEM : 0;
}

/* Gives each its number, and the graph their text. */
static int put_names(struct type_graph *graph, struct naming *names, size_t count)
{
	_cleanup_buf_ struct buf text = {};
	uint32_t *strings = malloc(count * sizeof(*strings));
	uint32_t last = 0;

	if (!strings)
		return -ENOMEM;
	qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 0; i < count; i++) {
		if (!i || by_text(&names[i - 1], &names[i]) != 0) {
			last += i > 0;
			strings[last] = (uint32_t)text.len;
			buf__add(&text, names[i].text, strlen(names[i].text) + 1);
		}
		*names[i].number = last;
	}
	if (buf__failed(&text)) {
		free(strings);
		return -ENOMEM;
	}
	free(graph->text);
	free(graph->strings);
	graph->text = (char *)buf__steal(&text, NULL);
	graph->strings = strings;
	graph->string_count = last + 1;
	return 0;
}

static void rename_all(const struct renamings *list, const uint32_t *number, const uint32_t *fresh)
{
	struct type_graph *graph = list->it->graph;

	for (uint32_t i = 1; i < graph->type_count; i++)
		graph->types[i].name = number[graph->types[i].name];
	for (size_t i = 0; i < graph->slot_count; i++)
		graph->slots[i].name = number[graph->slots[i].name];
	for (size_t i = 0; i < list->count; i++)
		graph->slots[list->items[i].slot].name = fresh[list->items[i].name];
}

static int rename_members(struct renamings *list)
{
	struct type_graph *graph = list->it->graph;
	size_t old = graph->string_count, count = 0;
	_cleanup_free_ struct naming *names = calloc(old + list->count, sizeof(*names));
	_cleanup_free_ uint32_t *number = calloc(old, sizeof(*number));
	_cleanup_free_ uint32_t *fresh = calloc(list->count + 1, sizeof(*fresh));
	_cleanup_buf_ struct buf text = {};
	int err = names && number && fresh ? write_new_names(list, &text) : -ENOMEM;

	if (err)
		return err;
	for (uint32_t i = 0; i < old; i++)
		names[count++] = (struct naming){ type_graph__string(graph, i), &number[i] };
	for (size_t at = 0; at < text.len; at += strlen((char *)text.data + at) + 1) {
		names[count] = (struct naming){ (char *)text.data + at, &fresh[count - old] };
		count++;
	}
	err = put_names(graph, names, count);
	if (!err)
		rename_all(list, number, fresh);
	return err;
}

/* ---- all of it -------------------------------------------------------------------------------- */

static int count_anew(struct counting *it)
{
	struct renamings list = { .it = it };
	int err = number_scopes(it);

	if (err)
		return err;
	list.items = calloc(it->graph->slot_count + 1, sizeof(*list.items));
	if (!list.items)
		return -ENOMEM;
	list_renamings(&list);
	err = rename_members(&list);
	free(list.items);
	return err;
}

int member_counters__unify(struct type_graph *graph, uint32_t *count)
{
	size_t types = graph->type_count;
	_cleanup_free_ uint32_t *stem_len = calloc(graph->string_count, sizeof(*stem_len));
	_cleanup_free_ bool *varies = calloc(graph->string_count, sizeof(*varies));
	_cleanup_free_ uint32_t *below = calloc(types, sizeof(*below));
	_cleanup_free_ uint32_t *start = calloc(types, sizeof(*start));
	struct counting it = { graph, stem_len, varies, below, start };
	int err = -ENOMEM;

	if (stem_len && varies && below && start)
		err = find_counters(&it, count);
	return err || !*count ? err : count_anew(&it);
}
