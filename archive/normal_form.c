/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "normal_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "canonical.h"
#include "refinement.h"

#define SEVERAL UINT32_MAX

struct normalizing {
	const struct type_graph *graph;
	uint32_t *names;           /* of each type with a name: what kind and name say */
	struct refinement by_name; /* as seen from behind a pointer */
	struct refinement layouts;
	struct refinement wholes;  /* types without a name by the layouts that they lead to */
	uint32_t *layout;          /* of each type, a declaration's being that of what it declares */
	uint32_t *chosen;          /* by that: the type that stands for all */
};

static const struct graph_type *type_at(const struct normalizing *it, uint32_t type)
{
	return &it->graph->types[type];
}

/* ---- kind and name ----------------------------------------------------------------------- */

static uint8_t declared_kind(const struct graph_type *type)
{
	if (type->kind != TYPE_FWD)
		return type->kind;
	return type->flag ? TYPE_UNION : TYPE_STRUCT;
}

/* Strings are at most a quarter of GRAPH_TEXT_MAX, or they would not differ: so 32 bits do. */
static void number_names(struct normalizing *it)
{
	for (uint32_t i = 1; i < it->graph->type_count; i++)
		it->names[i] = type_at(it, i)->name * TYPE_KIND_END +
			       declared_kind(type_at(it, i));
}

/* ---- declarations ------------------------------------------------------------------------ */

static bool is_definition(const struct graph_type *type)
{
	return type->name && (type->kind == TYPE_STRUCT || type->kind == TYPE_UNION);
}

/* By name, first for structs, then for unions: the rank of the only layout; 0; SEVERAL. */
static uint32_t *list_definitions(const struct normalizing *it)
{
	uint32_t *only = calloc(2 * (size_t)it->graph->string_count, sizeof(*only));

	for (uint32_t i = 1; only && i < it->graph->type_count; i++) {
		const struct graph_type *type = type_at(it, i);
		uint32_t *one = &only[2 * (size_t)type->name + (type->kind == TYPE_UNION)];

		if (!is_definition(type))
			continue;
		if (!*one)
			*one = it->layouts.rank[i];
		else if (*one != it->layouts.rank[i])
			*one = SEVERAL;
	}
	return only;
}

static int resolve_declarations(struct normalizing *it)
{
	_cleanup_free_ uint32_t *only = list_definitions(it);

	if (!only)
		return -ENOMEM;
	for (uint32_t i = 1; i < it->graph->type_count; i++) {
		const struct graph_type *type = type_at(it, i);
		uint32_t definition = 0;

		if (type->kind == TYPE_FWD)
			definition = only[2 * (size_t)type->name + type->flag];
		it->layout[i] = definition && definition != SEVERAL ? definition
								    : it->layouts.rank[i];
	}
	return 0;
}

/* ---- which one stands for those of one layout -------------------------------------------- */

/*
 * The one whose references lead where most others' do; types without a name are there what
 * they lead to themselves.
 */
static uint32_t choose(struct normalizing *it, uint32_t from, uint32_t to)
{
	struct refinement *wholes = &it->wholes;
	uint32_t *order = it->layouts.order, end, chosen = order[from], most = 0;

	qsort_r(order + from, to - from, sizeof(*order), refinement__by_references, wholes);
	for (uint32_t begin = from; begin < to; begin = end) {
		end = begin + 1;
		while (end < to && !refinement__by_references(&order[begin], &order[end], wholes))
			end++;
		if (end - begin > most) {
			most = end - begin;
			chosen = order[begin];
		}
	}
	return chosen;
}

static void choose_all(struct normalizing *it)
{
	uint32_t count = it->graph->type_count - 1, to;

	for (uint32_t from = 0; from < count; from = to) {
		to = refinement__end(&it->layouts, from);
		if (graph_type__is_named(type_at(it, it->layouts.order[from])))
			it->chosen[from + 1] = choose(it, from, to);
	}
}

/* What a reference to this type becomes: types without a name are those of their owner. */
static uint32_t stand_in(const struct normalizing *it, uint32_t type)
{
	return type && graph_type__is_named(type_at(it, type)) ? it->chosen[it->layout[type]]
							       : type;
}

/* ---- what is left ------------------------------------------------------------------------ */

struct marking {
	const struct normalizing *it;
	bool *kept;
	uint32_t *stack; /* met, but what they refer to is not; each type once */
	uint32_t depth;
};

static void keep(struct marking *marking, uint32_t type)
{
	if (type && !marking->kept[type]) {
		marking->kept[type] = true;
		marking->stack[marking->depth++] = type;
	}
}

/* Types without a name that these lead to. */
static void keep_parts(struct marking *marking)
{
	const struct normalizing *it = marking->it;

	while (marking->depth) {
		const struct graph_type *type = type_at(it, marking->stack[--marking->depth]);

		if (!graph_type__is_named(type_at(it, type->ref)))
			keep(marking, type->ref);
		for (uint32_t i = 0; i < type->count; i++) {
			uint32_t part = it->graph->slots[type->first + i].type;

			if (!graph_type__is_named(type_at(it, part)))
				keep(marking, part);
		}
	}
}

/* Those without a name that nothing refers to: they are part of no other. */
static void keep_roots(struct marking *marking, bool *is_used)
{
	const struct type_graph *graph = marking->it->graph;

	for (uint32_t i = 1; i < graph->type_count; i++)
		is_used[graph->types[i].ref] = true;
	for (size_t i = 0; i < graph->slot_count; i++)
		is_used[graph->slots[i].type] = true;
	for (uint32_t i = 1; i < graph->type_count; i++)
		if (!is_used[i] && !graph_type__is_named(&graph->types[i]))
			keep(marking, i);
}

/*
 * Marks what the normal form is made of. -ELOOP: types without a name that are part of none
 * with one, nor of others without, refer to each other in a circle.
 */
static int mark_kept(const struct normalizing *it, bool *kept)
{
	size_t count = it->graph->type_count;
	_cleanup_free_ bool *all = calloc(count, sizeof(*all)), *is_used = calloc(count, 1);
	_cleanup_free_ uint32_t *stack = calloc(count, sizeof(*stack));
	struct marking every = { it, all, stack, 0 }, marking = { it, kept, stack, 0 };

	if (!all || !is_used || !stack)
		return -ENOMEM;
	keep_roots(&every, is_used);
	for (uint32_t i = 1; i < count; i++)
		if (graph_type__is_named(type_at(it, i)))
			keep(&every, i);
	keep_parts(&every);
	all[0] = true; /* void */
	if (memchr(all, false, count))
		return -ELOOP;
	memset(is_used, 0, count);
	keep_roots(&marking, is_used);
	for (uint32_t i = 1; i < count; i++)
		if (stand_in(it, i) == i && graph_type__is_named(type_at(it, i)))
			keep(&marking, i);
	keep_parts(&marking);
	return 0;
}

/* The types that stay, each with its number in `number`; strings are lent. */
static int copy_kept(const struct normalizing *it, uint32_t *number, struct type_graph *copy)
{
	const struct type_graph *graph = it->graph;
	_cleanup_free_ bool *kept = calloc(graph->type_count, sizeof(*kept));
	int err = kept ? mark_kept(it, kept) : -ENOMEM;

	if (err)
		return err;
	copy->type_count = 1;
	for (uint32_t i = 1; i < graph->type_count; i++)
		if (kept[i])
			number[i] = copy->type_count++;
	copy->types = calloc(copy->type_count, sizeof(*copy->types));
	copy->slots = malloc((graph->slot_count + 1) * sizeof(*copy->slots));
	if (!copy->types || !copy->slots)
		return -ENOMEM;
	for (uint32_t i = 1; i < graph->type_count; i++) {
		const struct graph_type *source = type_at(it, i);
		struct graph_type *type = &copy->types[number[i]];

		if (!kept[i])
			continue;
		*type = *source;
		type->ref = number[stand_in(it, source->ref)];
		type->first = (uint32_t)copy->slot_count;
		for (uint32_t k = 0; k < source->count; k++) {
			struct graph_slot *slot = &copy->slots[copy->slot_count++];

			*slot = graph->slots[source->first + k];
			slot->type = number[stand_in(it, slot->type)];
		}
	}
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------- */

static int partition(struct normalizing *it)
{
	int err;

	number_names(it);
	it->by_name = (struct refinement){ .graph = it->graph, .given = it->names };
	if ((err = refinement__run(&it->by_name)))
		return err;
	it->layouts = (struct refinement){ .graph = it->graph, .behind = it->by_name.rank };
	if ((err = refinement__run(&it->layouts)) || (err = resolve_declarations(it)))
		return err;
	it->wholes = (struct refinement){ .graph = it->graph, .given = it->layout };
	if ((err = refinement__run(&it->wholes)))
		return err;
	choose_all(it);
	return 0;
}

static int put_in_order(const struct normalizing *it, struct type_graph *normal, uint32_t *map)
{
	const struct type_graph *graph = it->graph;
	_cleanup_free_ uint32_t *number = calloc(graph->type_count, sizeof(*number));
	_cleanup_free_ uint32_t *place = calloc(graph->type_count, sizeof(*place));
	struct type_graph copy = { .text = graph->text, .strings = graph->strings,
				   .string_count = graph->string_count };
	int err = number && place ? copy_kept(it, number, &copy) : -ENOMEM;

	if (!err)
		err = type_graph__canonicalize(&copy, normal, place);
	for (uint32_t i = 0; !err && i < graph->type_count; i++)
		map[i] = place[number[stand_in(it, i)]];
	free(copy.types);
	free(copy.slots);
	return err;
}

int normal_form__of(const struct type_graph *graph, struct type_graph *normal, uint32_t *map)
{
	size_t count = (size_t)graph->type_count + 1;
	_cleanup_free_ uint32_t *names = calloc(count, 4), *layout = calloc(count, 4);
	_cleanup_free_ uint32_t *chosen = calloc(count, 4);
	struct normalizing it = { .graph = graph, .names = names, .layout = layout,
				  .chosen = chosen };
	int err = names && layout && chosen ? partition(&it) : -ENOMEM;

	*normal = (struct type_graph){};
	if (!err)
		err = put_in_order(&it, normal, map);
	refinement__free(&it.by_name);
	refinement__free(&it.layouts);
	refinement__free(&it.wholes);
	return err;
}
