/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names as kernel developers give them: most are made of words of other names, and of those
 * mostly of the neighbours'.
 */
#ifndef SIBLINGS_NAMING_H
#define SIBLINGS_NAMING_H

#include "kernel.h"

struct dice {
	uint64_t state;
};

uint64_t dice__roll(struct dice *dice);
/* 0 to `below` - 1. */
uint32_t dice__below(struct dice *dice, uint32_t below);
bool dice__chance(struct dice *dice, double chance);

struct naming {
	double novel;    /* how many words of a new name are in no other */
	double one_word; /* how many new names have all but one word of another */
};

/* A name that the kernel has not, after the model of `name`; words come from `others` too. */
uint32_t name__derive(struct kernel *kernel, struct dice *dice, const struct naming *naming,
		      uint32_t name, const uint32_t *others, uint32_t other_count);

#endif
