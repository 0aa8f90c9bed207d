/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Data types of many kernels of an archive, one kernel after the other in the order in which
 * they are told: each costs what is new in it after its base. With functions or without.
 */
#ifndef ARCHIVE_KERNEL_WALK_H
#define ARCHIVE_KERNEL_WALK_H

#include "stored_btf.h"

/*
 * `number` is a place in what was asked for. `err` is 0, and `lineage` is at this kernel until
 * the visit ends; or -EBADMSG, it or one before it is damaged. What is not 0 ends the walk,
 * which returns it.
 */
typedef int (*kernel_visit_fn)(void *ctx, size_t number, int err, const struct lineage *lineage);

/* Blobs of one archive, some perhaps the same. -ENOMEM. */
int kernel_walk__each(const struct blob *const *blobs, size_t count, bool functions,
		      kernel_visit_fn visit, void *ctx);

#endif
