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

/* What was found out: freed by the last of its holders, on whichever thread. */
struct found;
/* The caller is the first. `free_what` gets `what` in the end; at once, where there is no memory. */
struct found *found__new(void *what, void (*free_what)(void *what));
const void *found__what(const struct found *found);
struct found *found__hold(struct found *found);
/* May be NULL. */
void found__release(struct found *found);

struct answer {
	struct found *found;  /* held */
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

/* What holds for the kernel that the lineage is at, which the caller holds then; or NULL. -ENOMEM. */
int answers__find(struct answers *answers, const struct lineage *lineage,
		  const struct kernel_traits *traits, struct found **found);
/*
 * What was found at this kernel, by these looks into `types`, which were made of the lineage. It
 * is held, unless it depends on too much to hold for others. -ENOMEM.
 */
int answers__add(struct answers *answers, const struct lineage *lineage,
		 const struct kernel_traits *traits, const struct set_graph *types,
		 const struct core_looks *looks, struct found *found);

#endif
