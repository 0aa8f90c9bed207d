/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What data streams and function streams have told, each in its order: found by place, and
 * by number where that is asked.
 */
#ifndef ARCHIVE_TOLD_H
#define ARCHIVE_TOLD_H

#include "numbers.h"

struct told {
	struct numbers items[2];
	struct numbers values; /* by item, see told__find() */
	uint32_t entered[2];   /* so many of the items are in `values` */
};

static inline void told__free(struct told *told)
{
	numbers__free(&told->items[0]);
	numbers__free(&told->items[1]);
	numbers__free(&told->values);
	told->entered[0] = told->entered[1] = 0;
}

/*
 * Where the item was told: twice its place, and 1 for the function streams' if data streams
 * have not told it, all plus 1; 0: neither has. There are `count` items. Who follows a first
 * kernel never asks, and so never has them entered. -ENOMEM.
 */
int told__find(struct told *told, uint32_t item, uint32_t count, uint32_t *value);

#endif
