/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A set: one kernel's types, as records of a pool in canonical order (canonical.h). */
#ifndef ARCHIVE_RECORD_SET_H
#define ARCHIVE_RECORD_SET_H

#include "pool.h"

/* Types with a name, in canonical order. */
struct record_list {
	struct numbers records;
	struct numbers names;     /* the number of each one's name */
};

struct record_set {
	struct record_list data;
	struct record_list functions; /* FUNC, and DECL_TAG, which tells of them for the most part */
	struct numbers roots;           /* types without a name that no other refers to */
};

/* The variant that the next of the list has, if this is its kind and name: it counts those before it. */
static inline uint32_t record_list__next_variant(const struct record_list *list,
						 const struct pool *pool, uint32_t kind,
						 uint32_t string)
{
	const uint32_t *last;

	if (!list->names.count)
		return 0;
	last = pool__name(pool, list->names.items[list->names.count - 1]);
	return last[NAME_KIND] == kind && last[NAME_STRING] == string ? last[NAME_VARIANT] + 1 : 0;
}

void record_list__free(struct record_list *list);

/* The records of a graph in canonical order. */
int record_set__from_graph(struct pool *pool, const struct type_graph *graph,
			   struct record_set *set);
void record_set__free(struct record_set *set);

/*
 * As canonical BTF, with functions or without. Without, what only functions lead to is not
 * there either, types with a name are in the same order as with them (so among several of
 * one name functions count as referring), and others as they are met. -EBADMSG: a record
 * refers to what the set has not, nests deeper than canonical types do, or has more than BTF
 * can count.
 */
int record_set__write(const struct pool *pool, const struct record_set *set, bool functions,
		      void **data, size_t *size);

/* A set's types as a graph, whose strings are the pool's, lent and in no order. */
struct set_graph {
	struct type_graph graph;  /* only set_graph__free() may free it */
	struct record_list named; /* types with a name, in the order of their IDs */
	uint32_t first_named;     /* the ID of the first of them; the others come before */
};

/* The same types without functions. -EBADMSG as above, -ENOMEM. */
int record_set__to_graph(const struct pool *pool, const struct record_set *set,
			 struct set_graph *out);
void set_graph__free(struct set_graph *graph);

#endif
