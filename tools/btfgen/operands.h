/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a command about objects and kernels is given: BPF objects, BTF and an archive. */
#ifndef BTFGEN_OPERANDS_H
#define BTFGEN_OPERANDS_H

#include "base/error.h"
#include "base/options.h"

struct operands {
	const char *archive; /* perhaps of an option */
	struct text_list objects, kernels;
};

/* They are told apart by what they are, in any order. Lent from the arguments. */
int operands__sort(struct operands *it, char **arguments, size_t count, struct error *err);
void operands__free(struct operands *it);

#endif
