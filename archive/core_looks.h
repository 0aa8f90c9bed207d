/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What was looked at in a kernel's types, and what was looked for, by name: an answer that was
 * found so depends on nothing else of them.
 */
#ifndef ARCHIVE_CORE_LOOKS_H
#define ARCHIVE_CORE_LOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel_versions.h"

/* Names by hash: two that share a bit are taken for one, which does no harm. */
#define CORE_LOOKS_NAMES (1u << 18)

struct core_looks {
	uint8_t *types; /* by ID */
	uint8_t *names; /* a bit each */
	bool all;       /* it depends on all types, or on their IDs */
	struct version_scope versions; /* kernels for which it is the same, as far as those matter */
};

static inline void core_looks__for(struct core_looks *looks, uint32_t hash)
{
	hash &= CORE_LOOKS_NAMES - 1;
	looks->names[hash / 8] |= (uint8_t)(1u << hash % 8);
}

static inline bool core_looks__are_for(const uint8_t *names, uint32_t hash)
{
	hash &= CORE_LOOKS_NAMES - 1;
	return names[hash / 8] >> hash % 8 & 1;
}

#endif
