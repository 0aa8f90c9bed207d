/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What was found out about kernels of a lineage, and what it depends on: the records that were
 * looked at, and those of the names that were looked for. An answer holds for each later kernel
 * in which all of that is the same, and most kernels have none of it changed.
 */
#ifndef ARCHIVE_ANSWERS_H
#define ARCHIVE_ANSWERS_H

#include "core_looks.h"
#include "lineage.h"

/* So many are kept, the last that were given. */
#define ANSWERS_MAX 8

/* What is known of a kernel besides its types. */
struct kernel_traits {
	bool big_endian;      /* its machine */
	struct kernel_versions versions;
};

struct answer {
	const void *what;     /* the caller's */
	struct kernel_traits traits;   /* the kernel's that it was found at */
	struct version_scope versions; /* kernels that it is for */
	bool functions;       /* the kernel has some */
	struct numbers needs; /* a name, and its record or 0; and so on */
	uint8_t *names;       /* that were looked for, see core_looks.h */
	uint32_t compared;    /* so many of the pool's names were compared with those */
};

struct answers {
	struct answer items[ANSWERS_MAX]; /* the last given comes first */
	uint32_t count;
	struct numbers hashes; /* by name */
};

/* Zero it first. */
void answers__free(struct answers *answers);
/* For a copy of the lineage. -ENOMEM. */
int answers__copy(const struct answers *answers, struct answers *copy);

/* The one that holds for the kernel that the lineage is at, or NULL in *what. -ENOMEM. */
int answers__find(struct answers *answers, const struct lineage *lineage,
		  const struct kernel_traits *traits, const void **what);
/*
 * One that was found at this kernel, by these looks into `types`, which were made of the
 * lineage. -ENOMEM.
 */
int answers__add(struct answers *answers, const struct lineage *lineage,
		 const struct kernel_traits *traits, const struct set_graph *types, const struct core_looks *looks, const void *what);

#endif
