/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What an object finds in one place and not in another, in words. */
#ifndef ARCHIVE_CORE_DIFFERENCE_H
#define ARCHIVE_CORE_DIFFERENCE_H

#include "base/buf.h"
#include "core.h"

struct core_found {
	const char *where; /* "4.18.0-80.el8": it goes behind "on" */
	struct core_results results;
};

/* The first relocation that comes out otherwise, type IDs aside; false, and no words: none does. */
bool core_difference__tell(const struct core_object *object, const struct core_found *a,
			   const struct core_found *b, struct buf *words);

#endif
