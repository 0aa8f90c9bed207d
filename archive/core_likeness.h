/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Whether two types are alike, the object's and a kernel's. There are three measures:
 * for a member that is read, for a type that is looked for by name, and member by member
 * (bpf_core_type_matches()).
 */
#ifndef ARCHIVE_CORE_LIKENESS_H
#define ARCHIVE_CORE_LIKENESS_H

#include "core_types.h"

/* Levels that are compared within each other. */
#define CORE_LIKENESS_DEPTH 32

/*
 * 1 or 0; -ELOOP: circles, or types that nest too deep to tell. *steps is how much may still
 * be compared, which lessens; -ELOOP when it is used up.
 */
int core_likeness__of_fields(const struct core_types *local, uint32_t a,
			     const struct core_types *target, uint32_t b);
int core_likeness__of_types(const struct core_types *local, uint32_t a,
			    const struct core_types *target, uint32_t b, uint32_t *steps);
int core_likeness__of_members(const struct core_types *local, uint32_t a,
			      const struct core_types *target, uint32_t b, uint32_t *steps);

#endif
