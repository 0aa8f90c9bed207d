/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "refinement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * So many types may be looked at again, in all rounds that tell types apart by what they lead
 * to: each WORK_EACH times, and some more where they are few. Kernels need less than one
 * time each; a kernel of 561,978 types that was never deduplicated 12, in 51 rounds.
 */
#define WORK_EACH 64
#define WORK_MORE (1u << 22)

typedef int (*compare_fn)(const void *, const void *, void *);

static int compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* ---- what a type is by itself --------------------------------------------------------- */

static int compare_slots(const struct type_graph *graph, const struct graph_type *a,
			 const struct graph_type *b)
{
	const struct graph_slot *x = &graph->slots[a->first], *y = &graph->slots[b->first];
	int order = compare(a->count, b->count);

	for (uint32_t i = 0; !order && i < a->count; i++) {
		order = compare(x[i].name, y[i].name);
		if (!order)
			order = compare(x[i].value, y[i].value);
		if (!order)
			order = compare(x[i].high, y[i].high);
		/* void is like nothing else */
		if (!order)
			order = compare(!x[i].type, !y[i].type);
	}
	return order;
}

static int compare_content(const struct type_graph *graph, const struct graph_type *a,
			   const struct graph_type *b)
{
	int order = compare(a->name, b->name);

	if (!order)
		order = compare(a->kind, b->kind);
	if (!order)
		order = compare(a->flag, b->flag);
	if (!order)
		order = compare(a->size, b->size);
	if (!order)
		order = compare(a->extra, b->extra);
	if (!order)
		order = compare(!a->ref, !b->ref);
	return order ? order : compare_slots(graph, a, b);
}

static int by_content(const void *p, const void *q, void *ctx)
{
	const struct refinement *ref = ctx;
	uint32_t x = *(const uint32_t *)p, y = *(const uint32_t *)q;
	const struct graph_type *a = &ref->graph->types[x], *b = &ref->graph->types[y];
	int order;

	if (!ref->given || (!graph_type__is_named(a) && !graph_type__is_named(b)))
		return compare_content(ref->graph, a, b);
	order = compare(graph_type__is_named(a), graph_type__is_named(b));
	return order ? order : compare(ref->given[x], ref->given[y]);
}

/* ---- what it leads to --------------------------------------------------------------------- */

int refinement__by_references(const void *p, const void *q, void *ctx)
{
	const struct refinement *ref = ctx;
	const struct type_graph *graph = ref->graph;
	const struct graph_type *a = &graph->types[*(const uint32_t *)p];
	const struct graph_type *b = &graph->types[*(const uint32_t *)q];
	const uint32_t *rank = ref->behind && type_kind__is_indirect(a->kind) ? ref->behind
									      : ref->rank;
	int order = compare(rank[a->ref], rank[b->ref]);

	for (uint32_t i = 0; !order && i < a->count; i++)
		order = compare(rank[graph->slots[a->first + i].type],
				rank[graph->slots[b->first + i].type]);
	return order;
}

/* Number the types of order[from..to), which are sorted by `by`. Whether they are not all alike. */
static bool number(struct refinement *ref, uint32_t *ranks, uint32_t from, uint32_t to,
		   compare_fn by)
{
	uint32_t begin = from;

	for (uint32_t i = from; i < to; i++) {
		if (i > from && by(&ref->order[i - 1], &ref->order[i], ref) != 0)
			begin = i;
		ranks[ref->order[i]] = begin + 1; /* 0 is void's */
	}
	return begin != from;
}

uint32_t refinement__end(const struct refinement *ref, uint32_t from)
{
	uint32_t count = ref->graph->type_count - 1, to = from + 1;

	while (to < count && ref->rank[ref->order[to]] == ref->rank[ref->order[from]])
		to++;
	return to;
}

/* Whether references may tell any of order[from..to) apart. Most often all are alike. */
static bool may_split(struct refinement *ref, uint32_t from, uint32_t to)
{
	uint32_t i = from + 1;

	if (ref->given && graph_type__is_named(&ref->graph->types[ref->order[from]]))
		return false;
	ref->work += to - from;
	while (i < to && !refinement__by_references(&ref->order[from], &ref->order[i], ref))
		i++;
	return i < to;
}

/* One round, which asks the ranks of the one before alone: so no order of the file's counts. */
static bool refine(struct refinement *ref)
{
	uint32_t count = ref->graph->type_count - 1, to;
	bool split = false;

	memcpy(ref->next, ref->rank, ((size_t)count + 1) * sizeof(*ref->next));
	for (uint32_t from = 0; from < count; from = to) {
		to = refinement__end(ref, from);
		if (to - from == 1 || !may_split(ref, from, to))
			continue;
		qsort_r(ref->order + from, to - from, sizeof(*ref->order), refinement__by_references,
			ref);
		split |= number(ref, ref->next, from, to, refinement__by_references);
	}
	memcpy(ref->rank, ref->next, ((size_t)count + 1) * sizeof(*ref->rank));
	return split;
}

int refinement__run(struct refinement *ref)
{
	uint32_t count = ref->graph->type_count - 1;
	size_t room = (size_t)count + 2;

	ref->order = calloc(room, sizeof(*ref->order));
	ref->rank = calloc(room, sizeof(*ref->rank));
	ref->next = calloc(room, sizeof(*ref->next));
	ref->work = 0;
	if (!ref->order || !ref->rank || !ref->next)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		ref->order[i] = i + 1;
	qsort_r(ref->order, count, sizeof(*ref->order), by_content, ref);
	number(ref, ref->rank, 0, count, by_content);
	while (refine(ref))
		if (ref->work > (uint64_t)WORK_EACH * count + WORK_MORE)
			return -ELOOP;
	return 0;
}

void refinement__free(struct refinement *ref)
{
	free(ref->order);
	free(ref->rank);
	free(ref->next);
	ref->order = ref->rank = ref->next = NULL;
}
