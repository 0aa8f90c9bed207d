/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which records of a list stay from one kernel to the next, which go, and what comes. */
#ifndef ARCHIVE_SUCCESSION_H
#define ARCHIVE_SUCCESSION_H

#include "coder.h"

/* So many of the old list stay; behind them so many go, and so many come instead. */
struct run {
	uint32_t stay, go, come;
};

struct succession {
	struct run *runs;
	uint32_t run_count, run_room;
	uint32_t count;        /* of the new list */
	uint32_t gone, arrived; /* so many go, and so many come, in all runs */
};

void succession__free(struct succession *plan);
/*
 * The runs that lead from one list to another. What is in both stays: of that, the most that
 * are in the same order.
 */
int succession__find(const struct pool *pool, const struct numbers *old,
		     const struct numbers *now, struct succession *plan);
/*
 * Tells or follows the runs. `columns`: the first of three. Of what comes no more are believed
 * than `most`.
 */
void succession__code_runs(struct coder *coder, unsigned int columns, uint32_t old_count,
			   uint32_t most, struct succession *plan);
/* Kinds and names of what comes. `now`: the new list, while telling. */
void succession__code_heads(struct coder *coder, const struct numbers *old,
			    const struct numbers *now, const struct succession *plan,
			    struct numbers *heads);

#endif
