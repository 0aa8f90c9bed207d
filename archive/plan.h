/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which records of a list stay from one kernel to the next, which go, and what comes. */
#ifndef ARCHIVE_PLAN_H
#define ARCHIVE_PLAN_H

#include "coder.h"

struct plan {
	struct words from;   /* of each of the new list: place in the old one plus 1; 0: it comes */
	struct words gone;   /* places in the old one, of what goes */
	struct words heads;  /* kind and name of each of the new list that comes */
};

void plan__free(struct plan *plan);
/*
 * Sets `from`: places in the old list, where the new has the same records. Of those, the most
 * that are in the same order stay.
 */
int plan__find_stays(const struct pool *pool, const struct words *old, const struct words *now,
		     struct words *from);
/* So many stay, so many go, so many come, and on. `columns`: the first of three. */
void plan__code_runs(struct coder *coder, unsigned int columns, uint32_t old_count,
		     struct plan *plan);
/* Kinds and names of what comes. `now`: the new list, while telling. */
void plan__code_heads(struct coder *coder, const struct words *old, const struct words *now,
		      struct plan *plan);

#endif
