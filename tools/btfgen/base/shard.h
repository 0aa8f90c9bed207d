/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A share of work that several machines divide among them without talking to each other. */
#ifndef BTFGEN_SHARD_H
#define BTFGEN_SHARD_H

#include <stdint.h>

#include "base/error.h"

#define SHARDS_MAX 100000

struct shard {
	unsigned int index;     /* from 1 */
	unsigned int count;     /* 0: the work is not divided */
};

/*
 * "I/N" counts from 1. "auto" takes both from the environment, where one of these says
 * them, and "auto/N" where it says the index alone:
 *
 *   SLURM_ARRAY_TASK_ID    from SLURM_ARRAY_TASK_MIN, in steps of SLURM_ARRAY_TASK_STEP;
 *                          SLURM_ARRAY_TASK_COUNT of them
 *   JOB_COMPLETION_INDEX   from 0; Kubernetes does not say of how many
 *   CI_NODE_INDEX          from 1; CI_NODE_TOTAL
 *
 * -EINVAL, in words, for all else: a guess would leave kernels out that nobody misses.
 */
int shard__parse(const char *text, struct shard *shard, struct error *err);

/* The share, from 1 to `count`, that what has this number is in. */
unsigned int shard__of(uint64_t number, unsigned int count);

#endif
