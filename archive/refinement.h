/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A partition of a graph's types: what a type is by itself tells it apart from others, and
 * then, round by round, what it refers to, until no round tells any more apart. Nothing in it
 * depends on the order of the types.
 */
#ifndef ARCHIVE_REFINEMENT_H
#define ARCHIVE_REFINEMENT_H

#include "type_graph.h"

struct refinement {
	const struct type_graph *graph;
	/*
	 * Ranks of types with a name, by type, where that is all that tells them apart; NULL:
	 * content and references do, as for those without one.
	 */
	const uint32_t *given;
	/*
	 * Ranks that tell apart what pointers, functions and their prototypes refer to; NULL: those
	 * of this partition, as for other references.
	 */
	const uint32_t *behind;
	uint32_t *order; /* all types but void, by rank */
	uint32_t *rank;  /* of each type: where those that are like it begin in `order`, plus 1 */
	uint32_t *next;  /* what a round finds; free for others afterwards */
	uint64_t work;   /* types looked at again */
};

/*
 * Fills in the ranks; the fields above them are the caller's. -ELOOP: types that differ do so
 * only behind very many references; -ENOMEM. To be freed in either case.
 */
int refinement__run(struct refinement *ref);
void refinement__free(struct refinement *ref);

/* One of those that are like the ones of this rank. */
static inline uint32_t refinement__first(const struct refinement *ref, uint32_t rank)
{
	return ref->order[rank - 1];
}

/* Where, in `order`, those end that are like the one at `from`. */
uint32_t refinement__end(const struct refinement *ref, uint32_t from);

/* Order of two types (uint32_t each) of one content, by the ranks of what they refer to. */
int refinement__by_references(const void *p, const void *q, void *ref);

#endif
