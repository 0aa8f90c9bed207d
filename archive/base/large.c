/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
/* Of less than this too much of a huge page would be cleared in vain. */
#define LARGE_MIN ((size_t)4 << 20)

void *large__alloc(size_t size)
{
	size_t rounded = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	void *data;

	if (size < LARGE_MIN || rounded < size)
		return malloc(size);
	data = aligned_alloc(HUGE_PAGE, rounded);
	if (data)
		madvise(data, rounded, MADV_HUGEPAGE); /* or not */
	return data;
}

void *large__grow(void *old, size_t used, size_t size)
{
	void *grown;

	if (size < LARGE_MIN)
		return realloc(old, size);
	grown = large__alloc(size);
	if (!grown)
		return NULL;
	if (used)
		memcpy(grown, old, used);
	free(old);
	return grown;
}
