/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The types of a kernel that objects' relocations touch, and no others: what the same
 * relocations find there is the same, type IDs aside.
 *
 * - Of a field: the struct that it is in, with the members on the way to it, and their types
 *   without theirs. A pointer points to nothing.
 * - Of a type that is looked for: it without members, and what a typedef or pointer leads to.
 * - Of a type that must match: its members and their types; behind pointers without members.
 * - Of an enumerator: its enumeration, whole.
 *
 * Of several candidates that agree the first one stays. That is what others do, and enough
 * almost always: but where another relocation asks one of the others for something else, it
 * is no candidate any more if it has lost what the first one asked for. Results tell.
 */
#ifndef ARCHIVE_CORE_REDUCTION_H
#define ARCHIVE_CORE_REDUCTION_H

#include "core.h"

struct core_reduction {
	const struct core_target *target; /* lent */
	uint8_t *marks;   /* by type */
	uint8_t *members; /* by slot: whether it stays */
	struct numbers todo; /* types whose references are still to be followed, each with its mark */
};

/* -ENOMEM. */
int core_reduction__init(struct core_reduction *reduction, const struct core_target *target);
void core_reduction__free(struct core_reduction *reduction);
/* What an object's results touch, besides what is there already. -ENOMEM. */
int core_reduction__add(struct core_reduction *reduction, const struct core_object *object,
			const struct core_results *results);
/* Also in all candidates that agree with those found, and the type that tells pointers' size. */
int core_reduction__add_twins(struct core_reduction *reduction, const struct core_object *object,
			      const struct core_results *results);
/* As BTF: types in the order that they have in the kernel. malloc'ed. -ENOMEM, -E2BIG. */
int core_reduction__write(const struct core_reduction *reduction, void **data, size_t *size);

#endif
