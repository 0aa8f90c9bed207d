/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which program may call which helper, and what memory the helper is given. */
#ifndef DOUBLE_HELPERS_H
#define DOUBLE_HELPERS_H

#include <linux/bpf.h>
#include <stdbool.h>

#include "verdict.h"

/* Whether this kernel knows the type of program at all. */
bool program_type_is_known(unsigned int type);

/*
 * The refusal of a helper that this kernel lacks, or has for other programs only; or 0.
 * `at`: which instruction calls it. libbpf looks for its line in the log.
 */
int helpers__check(enum bpf_prog_type type, int id, int at, struct verdict *verdict);

enum argument {
	ARGUMENT_ANY = 0, /* nothing that we know of */
	ARGUMENT_KEY,     /* of a map */
	ARGUMENT_VALUE,
	ARGUMENT_MEMORY,
	ARGUMENT_SIZE     /* of the memory in the argument before */
};

/* What its argument in register `reg`, 1 to 5, is. */
enum argument helpers__argument(int id, int reg);

#endif
