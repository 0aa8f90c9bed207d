/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "canonical.h"

#include <errno.h>
#include <kbtf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "refinement.h"

static int compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* ---- the order -------------------------------------------------------------------------------- */

struct ordering {
	const struct type_graph *graph;
	const struct refinement *ref;
	uint32_t *uses;    /* by rank */
	uint32_t *id;      /* by rank: the new number, 0 while there is none */
	uint32_t *sources; /* by new number: a type that stands for all that are like it */
	uint8_t *heights;  /* by rank: how deep types without a name nest in it, itself included */
	uint32_t count;    /* of new numbers given, void's included */
};

static const struct graph_type *first_of(const struct ordering *ordering, uint32_t rank)
{
	return &ordering->graph->types[refinement__first(ordering->ref, rank)];
}

static void count_uses(struct ordering *ordering)
{
	const uint32_t *rank = ordering->ref->rank;

	for (uint32_t i = 1; i < ordering->graph->type_count; i++) {
		const struct graph_type *type = &ordering->graph->types[i];

		/* of those that are one, one refers */
		if (refinement__first(ordering->ref, rank[i]) != i)
			continue;
		ordering->uses[rank[type->ref]]++;
		for (uint32_t k = 0; k < type->count; k++)
			ordering->uses[rank[ordering->graph->slots[type->first + k].type]]++;
	}
}

static int by_name(const void *p, const void *q, void *ctx)
{
	const struct ordering *ordering = ctx;
	uint32_t x = *(const uint32_t *)p, y = *(const uint32_t *)q;
	const struct graph_type *a = first_of(ordering, x), *b = first_of(ordering, y);
	int order = compare(a->name, b->name);

	if (!order)
		order = compare(a->kind, b->kind);
	if (!order)
		order = compare(ordering->uses[y], ordering->uses[x]);
	return order ? order : compare(x, y);
}

static int meet(struct ordering *ordering, uint32_t type, int depth);

/* Height of the highest that it refers to, or an error. */
static int meet_all(struct ordering *ordering, const struct graph_type *type, int depth)
{
	int highest = meet(ordering, type->ref, depth);

	for (uint32_t i = 0; highest >= 0 && i < type->count; i++) {
		int height = meet(ordering, ordering->graph->slots[type->first + i].type, depth);

		if (height < 0 || height > highest)
			highest = height;
	}
	return highest;
}

/*
 * Give a type without a name its number, and then those it refers to. Its height, or -ELOOP.
 * One that was met before counts with all its height: so what is too deep is so from
 * wherever it is met first.
 */
static int meet(struct ordering *ordering, uint32_t type, int depth)
{
	uint32_t rank = ordering->ref->rank[type];
	const struct graph_type *first;
	int height, below;

	if (!rank || graph_type__is_named(first = first_of(ordering, rank)))
		return 0;
	height = ordering->heights[rank];
	if (height)
		return depth + height > CANONICAL_MAX_DEPTH ? -ELOOP : height;
	/* met, but its height is not known yet: it is in itself */
	if (ordering->id[rank] || depth == CANONICAL_MAX_DEPTH)
		return -ELOOP;
	ordering->sources[ordering->count] = refinement__first(ordering->ref, rank);
	ordering->id[rank] = ordering->count++;
	below = meet_all(ordering, first, depth + 1);
	if (below >= 0)
		ordering->heights[rank] = (uint8_t)(below + 1);
	return below < 0 ? below : below + 1;
}

static int error_of(int height)
{
	return height < 0 ? height : 0;
}

/* Ranks that are some type's, those with a name or those without, by rank. */
static uint32_t list_ranks(const struct ordering *ordering, bool named, uint32_t *list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i + 1 < ordering->graph->type_count; i++) {
		uint32_t type = ordering->ref->order[i];

		if (ordering->ref->rank[type] == i + 1 &&
		    graph_type__is_named(&ordering->graph->types[type]) == named)
			list[count++] = i + 1;
	}
	return count;
}

static int give_numbers(struct ordering *ordering, uint32_t *list)
{
	uint32_t count = list_ranks(ordering, true, list), roots;
	_cleanup_free_ uint32_t *others = calloc(ordering->graph->type_count, sizeof(*others));
	int err = others ? 0 : -ENOMEM;

	if (err)
		return err;
	qsort_r(list, count, sizeof(*list), by_name, ordering);
	ordering->count = 1;
	for (uint32_t i = 0; !err && i < count; i++)
		err = error_of(meet_all(ordering, first_of(ordering, list[i]), 0));
	roots = list_ranks(ordering, false, others);
	for (uint32_t i = 0; !err && i < roots; i++)
		if (!ordering->uses[others[i]])
			err = error_of(meet(ordering, refinement__first(ordering->ref, others[i]), 0));
	/* what is left is used by each other alone */
	for (uint32_t i = 0; !err && i < roots; i++)
		if (!ordering->id[others[i]])
			err = -ELOOP;
	for (uint32_t i = 0; !err && i < count; i++) {
		ordering->sources[ordering->count] = refinement__first(ordering->ref, list[i]);
		ordering->id[list[i]] = ordering->count++;
	}
	return err;
}

/* ---- the new graph -------------------------------------------------------------------------------- */

static int copy_strings(const struct type_graph *graph, struct type_graph *copy)
{
	uint32_t last = graph->strings[graph->string_count - 1];
	size_t size = last + strlen(graph->text + last) + 1;

	copy->text = malloc(size);
	copy->strings = malloc(graph->string_count * sizeof(*copy->strings));
	if (!copy->text || !copy->strings)
		return -ENOMEM;
	memcpy(copy->text, graph->text, size);
	memcpy(copy->strings, graph->strings, graph->string_count * sizeof(*copy->strings));
	copy->string_count = graph->string_count;
	return 0;
}

static int copy_types(const struct ordering *ordering, struct type_graph *copy)
{
	const struct type_graph *graph = ordering->graph;
	const uint32_t *rank = ordering->ref->rank;

	copy->types = calloc(ordering->count, sizeof(*copy->types));
	copy->slots = malloc((graph->slot_count + 1) * sizeof(*copy->slots));
	if (!copy->types || !copy->slots)
		return -ENOMEM;
	copy->type_count = ordering->count;
	for (uint32_t i = 1; i < ordering->count; i++) {
		const struct graph_type *source = &graph->types[ordering->sources[i]];
		struct graph_type *type = &copy->types[i];

		*type = *source;
		type->ref = ordering->id[rank[source->ref]];
		type->first = (uint32_t)copy->slot_count;
		for (uint32_t k = 0; k < source->count; k++) {
			struct graph_slot *slot = &copy->slots[copy->slot_count++];

			*slot = graph->slots[source->first + k];
			slot->type = ordering->id[rank[slot->type]];
		}
	}
	return 0;
}

bool type_graph__is_image(const struct type_graph *graph, const struct type_graph *canonical,
			  const uint32_t *map)
{
	_cleanup_free_ bool *met = calloc(canonical->type_count, sizeof(*met));

	if (!met || map[0])
		return false;
	met[0] = true;
	for (uint32_t i = 1; i < graph->type_count; i++) {
		const struct graph_type *a = &graph->types[i], *b;
		const struct graph_slot *x = &graph->slots[a->first], *y;

		if (!map[i] || map[i] >= canonical->type_count)
			return false;
		b = &canonical->types[map[i]];
		y = &canonical->slots[b->first];
		met[map[i]] = true;
		if (a->name != b->name || a->kind != b->kind || a->flag != b->flag ||
		    a->size != b->size || a->extra != b->extra || a->count != b->count ||
		    map[a->ref] != b->ref)
			return false;
		for (uint32_t k = 0; k < a->count; k++)
			if (x[k].name != y[k].name || x[k].value != y[k].value ||
			    x[k].high != y[k].high || map[x[k].type] != y[k].type)
				return false;
	}
	return !memchr(met, false, canonical->type_count);
}

/* By the ranks of `ref`, whose `next` is free by now. */
static int put_in_order(struct refinement *ref, struct type_graph *canonical, uint32_t *map)
{
	const struct type_graph *graph = ref->graph;
	size_t count = (size_t)graph->type_count + 1;
	_cleanup_free_ uint32_t *uses = calloc(count, 4), *id = calloc(count, 4);
	_cleanup_free_ uint32_t *sources = calloc(count, 4);
	_cleanup_free_ uint8_t *heights = calloc(count, 1);
	struct ordering ordering = { graph, ref, uses, id, sources, heights, 1 };
	int err;

	if (!uses || !id || !sources || !heights)
		return -ENOMEM;
	count_uses(&ordering);
	if ((err = give_numbers(&ordering, ref->next)) || (err = copy_strings(graph, canonical)) ||
	    (err = copy_types(&ordering, canonical)))
		type_graph__free(canonical);
	for (uint32_t i = 0; !err && map && i < graph->type_count; i++)
		map[i] = id[ref->rank[i]];
	return err;
}

int type_graph__canonicalize(const struct type_graph *graph, struct type_graph *canonical,
			     uint32_t *map)
{
	struct refinement ref = { .graph = graph };
	int err = refinement__run(&ref);

	*canonical = (struct type_graph){};
	if (!err)
		err = put_in_order(&ref, canonical, map);
	refinement__free(&ref);
	return err;
}

int canonical__of(const void *btf, size_t size, struct type_graph *canonical)
{
	_cleanup_free_ uint32_t *map = NULL;
	struct type_graph graph;
	int err = type_graph__parse(btf, size, &graph, NULL);

	*canonical = (struct type_graph){};
	if (err)
		return err == -EBADMSG ? -EINVAL : err;
	map = calloc(graph.type_count, sizeof(*map));
	err = map ? type_graph__canonicalize(&graph, canonical, map) : -ENOMEM;
	if (!err && !type_graph__is_image(&graph, canonical, map)) {
		type_graph__free(canonical);
		err = -EIO;
	}
	type_graph__free(&graph);
	return err == -ELOOP ? -EINVAL : err;
}

int kbtf_btf__canonical(const void *btf, size_t size, void **canonical, size_t *canonical_size)
{
	struct type_graph graph;
	int err = canonical__of(btf, size, &graph);

	if (err)
		return err;
	err = type_graph__write(&graph, canonical, canonical_size);
	type_graph__free(&graph);
	return err;
}
