/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The memory that helpers of old kernels are handed, which those kernels want on the stack. */
#ifndef ARCHIVE_HELPER_MEMORY_H
#define ARCHIVE_HELPER_MEMORY_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct helper_memory {
	int32_t helper;
	uint8_t reg;
	enum {
		MEMORY_KEY,
		MEMORY_VALUE, /* both of the map in r1 */
		MEMORY_SIZED  /* the next register has its size */
	} kind;
	bool written;
};

/* The next argument of a helper behind `after`, NULL: the first; NULL if there is no more. */
const struct helper_memory *helper_memory__next(int32_t helper, const struct helper_memory *after);
/* The argument in a register, or NULL. */
const struct helper_memory *helper_memory__in(int32_t helper, uint8_t reg);

#endif
