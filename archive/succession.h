/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which records of a list stay from one kernel to the next, which go, and what comes. */
#ifndef ARCHIVE_SUCCESSION_H
#define ARCHIVE_SUCCESSION_H

#include "coder.h"

struct succession {
	struct numbers from;   /* of each of the new list: place in the old one plus 1; 0: it comes */
	struct numbers gone;   /* places in the old one, of what goes */
	struct numbers heads;  /* kind and name of each of the new list that comes */
};

void succession__free(struct succession *plan);
/*
 * Sets `from`: places in the old list, where the new has the same records. Of those, the most
 * that are in the same order stay.
 */
int succession__find_stays(const struct pool *pool, const struct numbers *old, const struct numbers *now,
		     struct numbers *from);
/* So many stay, so many go, so many come, and on. `columns`: the first of three. */
void succession__code_runs(struct coder *coder, unsigned int columns, uint32_t old_count,
		     struct succession *plan);
/* Kinds and names of what comes. `now`: the new list, while telling. */
void succession__code_heads(struct coder *coder, const struct numbers *old, const struct numbers *now,
		      struct succession *plan);

#endif
