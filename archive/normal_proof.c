/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "normal_proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/counted_name.h"
#include "canonical.h"

/* Types are compared so often at most, for each that came in: kernels need less than 4 times. */
#define STEPS_EACH 64
#define STEPS_MORE 4096

struct proof {
	const struct type_graph *graph, *normal;
	const uint32_t *map;
	/* by type without a name: what it was last shown to be like, as a part, and behind a pointer */
	uint32_t *shown_part, *shown_behind;
	uint64_t steps; /* that are left */
};

/* ---- names ------------------------------------------------------------------------------- */

static bool same_name(const struct proof *proof, uint32_t a, uint32_t b)
{
	return strcmp(type_graph__string(proof->graph, a),
		      type_graph__string(proof->normal, b)) == 0;
}

/* A member may have another counter. */
static bool same_member_name(const struct proof *proof, uint32_t a, uint32_t b)
{
	const char *before = type_graph__string(proof->graph, a);
	const char *after = type_graph__string(proof->normal, b);
	size_t stem = counted_name__stem_len(before, strlen(before));

	return strcmp(before, after) == 0 ||
	       (stem && counted_name__stem_len(after, strlen(after)) == stem &&
		memcmp(before, after, stem) == 0);
}

static bool same_kind(const struct graph_type *a, const struct graph_type *b)
{
	return a->kind == b->kind && a->flag == b->flag;
}

static bool declares(const struct graph_type *a, const struct graph_type *b)
{
	return a->kind == TYPE_FWD && b->kind == (a->flag ? TYPE_UNION : TYPE_STRUCT);
}

/* ---- what a type is made of -------------------------------------------------------------- */

static bool same_slots(const struct proof *proof, const struct graph_type *a,
		       const struct graph_type *b)
{
	const struct graph_slot *x = proof->graph->slots + a->first;
	const struct graph_slot *y = proof->normal->slots + b->first;
	bool members = a->kind == TYPE_STRUCT || a->kind == TYPE_UNION;
	bool same = a->count == b->count;

	for (uint32_t i = 0; same && i < a->count; i++)
		same = x[i].value == y[i].value && x[i].high == y[i].high &&
		       (members ? same_member_name(proof, x[i].name, y[i].name)
				: same_name(proof, x[i].name, y[i].name));
	return same;
}

static bool same_content(const struct proof *proof, const struct graph_type *a,
			 const struct graph_type *b)
{
	return same_kind(a, b) && same_name(proof, a->name, b->name) && a->size == b->size &&
	       a->extra == b->extra && same_slots(proof, a, b);
}

typedef bool (*leads_alike_fn)(struct proof *proof, uint32_t a, uint32_t b, int depth);

static bool references(struct proof *proof, const struct graph_type *a, const struct graph_type *b,
		       leads_alike_fn alike, int depth)
{
	bool same = alike(proof, a->ref, b->ref, depth);

	for (uint32_t i = 0; same && i < a->count; i++)
		same = alike(proof, proof->graph->slots[a->first + i].type,
			     proof->normal->slots[b->first + i].type, depth);
	return same;
}

static bool step(struct proof *proof, int depth)
{
	if (proof->steps)
		proof->steps--;
	return proof->steps && depth <= CANONICAL_MAX_DEPTH;
}

/* ---- what it refers to ------------------------------------------------------------------- */

/* A reference from behind a pointer, or one of a function. */
static bool same_behind(struct proof *proof, uint32_t x, uint32_t y, int depth)
{
	const struct graph_type *a = &proof->graph->types[x], *b = &proof->normal->types[y];

	if (!x || !y)
		return x == y;
	if (graph_type__is_named(a))
		return graph_type__is_named(b) && same_name(proof, a->name, b->name) &&
		       (a->kind == TYPE_FWD || b->kind == TYPE_FWD ?
			same_kind(a, b) || declares(a, b) || declares(b, a) : a->kind == b->kind);
	if (proof->shown_behind[x] == y)
		return true;
	if (!step(proof, depth) || !same_content(proof, a, b) ||
	    !references(proof, a, b, same_behind, depth + 1))
		return false;
	proof->shown_behind[x] = y;
	return true;
}

static bool same_part(struct proof *proof, uint32_t x, uint32_t y, int depth);

static bool same_type(struct proof *proof, const struct graph_type *a, const struct graph_type *b,
		      int depth)
{
	/* said here again: a mistake in type_kind__is_indirect() would not be seen by its own */
	bool is_indirect = a->kind == TYPE_PTR || a->kind == TYPE_FUNC ||
			   a->kind == TYPE_FUNC_PROTO;

	return same_content(proof, a, b) &&
	       references(proof, a, b, is_indirect ? same_behind : same_part, depth + 1);
}

/* A reference to what is a part. One with a name is compared on its own. */
static bool same_part(struct proof *proof, uint32_t x, uint32_t y, int depth)
{
	const struct graph_type *a = &proof->graph->types[x], *b = &proof->normal->types[y];

	if (!x || !y)
		return x == y;
	if (graph_type__is_named(a))
		return proof->map[x] == y;
	if (proof->shown_part[x] == y)
		return true;
	if (!step(proof, depth) || !same_type(proof, a, b, depth))
		return false;
	proof->shown_part[x] = y;
	return true;
}

/* ---- all --------------------------------------------------------------------------------- */

static bool stands_for(struct proof *proof, uint32_t type)
{
	const struct graph_type *a = &proof->graph->types[type];
	/* void, of kind 0, is like none */
	const struct graph_type *b = &proof->normal->types[proof->map[type]];

	if (declares(a, b))
		return same_name(proof, a->name, b->name);
	return same_type(proof, a, b, 0);
}

/* Types that have to be stood for: others are part of them. */
static void list_owners(const struct type_graph *graph, bool *is_owner)
{
	memset(is_owner, true, graph->type_count);
	for (uint32_t i = 1; i < graph->type_count; i++)
		is_owner[graph->types[i].ref] = false;
	for (size_t i = 0; i < graph->slot_count; i++)
		is_owner[graph->slots[i].type] = false;
	for (uint32_t i = 1; i < graph->type_count; i++)
		is_owner[i] |= graph_type__is_named(&graph->types[i]);
	is_owner[0] = false;
}

static int check_owners(struct proof *proof, const bool *is_owner, bool *met, uint32_t *at_fault)
{
	for (uint32_t i = 1; i < proof->graph->type_count; i++) {
		if (proof->map[i] >= proof->normal->type_count)
			return -EIO;
		*at_fault = i;
		if (is_owner[i] && !stands_for(proof, i))
			return proof->steps ? -EIO : -ELOOP;
		if (is_owner[i])
			met[proof->map[i]] = true;
	}
	*at_fault = 0;
	for (uint32_t i = 1; i < proof->normal->type_count; i++)
		if (graph_type__is_named(&proof->normal->types[i]) && !met[i])
			return -EIO;
	return 0;
}

int normal_proof__check(const struct type_graph *graph, const struct type_graph *normal,
			const uint32_t *map, uint32_t *at_fault)
{
	size_t count = graph->type_count;
	_cleanup_free_ uint32_t *parts = calloc(count, 4), *behind = calloc(count, 4);
	_cleanup_free_ bool *is_owner = calloc(count, 1), *met = calloc(normal->type_count, 1);
	struct proof proof = { graph, normal, map, parts, behind, 
			       STEPS_EACH * (uint64_t)count + STEPS_MORE };

	*at_fault = 0;
	if (!parts || !behind || !is_owner || !met)
		return -ENOMEM;
	list_owners(graph, is_owner);
	return check_owners(&proof, is_owner, met, at_fault);
}
