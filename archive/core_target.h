/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A kernel's types, found by what their names have in common: "task_struct" has the
 * candidates task_struct, task_struct___2 and so on.
 */
#ifndef ARCHIVE_CORE_TARGET_H
#define ARCHIVE_CORE_TARGET_H

#include "core_types.h"

struct core_target {
	struct core_types types;
	uint32_t *heads; /* by the name's hash: the first type, or 0 */
	uint32_t *next;  /* by type: the next of this hash, by ascending ID */
	uint32_t mask;
	struct kernel_versions versions; /* any, unless somebody knows better */
};

/*
 * `graph` is lent. `big_endian` is the byte order of the kernel's machine, which is not
 * always that of its BTF's bytes: an archive's are little endian. -ENOMEM.
 */
int core_target__init(struct core_target *target, const struct type_graph *graph, bool big_endian);
void core_target__free(struct core_target *target);

/*
 * The next candidate for a local type's kind and name after the type `after` (0: the first);
 * 0 if there is no more.
 */
uint32_t core_target__candidate(const struct core_target *target, uint8_t kind, const char *name,
				uint32_t after);

/* For who depends on the version: kernels for which what it makes of that is the same. */
void core_target__look_at_version(const struct core_target *target,
				  const struct version_scope *scope);

#endif
