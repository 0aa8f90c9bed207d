/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The number that a relocation puts into its instruction, from a place in a type. */
#ifndef ARCHIVE_CORE_VALUE_H
#define ARCHIVE_CORE_VALUE_H

#include "core_spec.h"

/* NULL, or why there is none: static words. */
const char *core_value__of(const struct core_types *types, enum core_kind kind,
			   const struct core_place *place, struct core_value *value);

/*
 * Whether a load that was made for the one may become one for the other: pointers, and
 * unsigned integers, of which the upper bits are zero.
 */
bool core_values__can_resize(const struct core_types *local, const struct core_value *a,
			     const struct core_types *target, const struct core_value *b);

#endif
