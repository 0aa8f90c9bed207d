/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Whether a type of a kernel has what a relocation asks for, and where. Names of members
 * must be the same, and what they lead to must be alike as far as a load is concerned:
 * integers of any size, pointers to anything, structs and unions of any content.
 */
#ifndef ARCHIVE_CORE_MATCH_H
#define ARCHIVE_CORE_MATCH_H

#include "core_spec.h"

enum core_fit { CORE_FITS_NOT, CORE_FITS, CORE_FIT_UNKNOWN };

/*
 * The candidate `type` is one of the spec's name and kind. CORE_FITS fills *found.
 * CORE_FIT_UNKNOWN: it can't be told, and *why says in static words what was in the way.
 * *steps is how many members and types may still be looked at, and lessens.
 */
enum core_fit core_match(const struct core_types *local, const struct core_spec *spec,
			 const struct core_types *target, uint32_t type, struct core_place *found,
			 uint32_t *steps, const char **why);

#endif
