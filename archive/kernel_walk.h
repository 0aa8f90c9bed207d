/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Data types of many kernels of an archive, each after the one that it is told after: it costs
 * what is new in it. With functions or without. Where two are told after one, and a thread
 * has no work, one of them is that thread's from there on.
 */
#ifndef ARCHIVE_KERNEL_WALK_H
#define ARCHIVE_KERNEL_WALK_H

#include "answers.h"
#include "stored_btf.h"

#define KERNEL_WALK_THREADS_MAX 64

/* Where a thread is, and what it knows of the kernels on the way there. */
struct followed {
	struct lineage lineage;
	struct answers answers;
};

/*
 * `number` is a place in what was asked for. `err` is 0, and `kernel` is at this one until
 * the visit ends; or -EBADMSG, it or one before it is damaged. What is not 0 ends the walk,
 * which returns it. Other threads make other visits at the same time.
 */
typedef int (*kernel_visit_fn)(void *ctx, size_t number, int err, struct followed *kernel);

struct kernel_walk_opts {
	bool functions;
	unsigned int threads; /* 0 is 1 */
	kernel_visit_fn visit;
	void *ctx;
};

/* Blobs of one archive, some perhaps the same. -ENOMEM. */
int kernel_walk__each(const struct blob *const *blobs, size_t count,
		      const struct kernel_walk_opts *opts);

#endif
