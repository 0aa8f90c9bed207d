/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the verifier knows of a register or of a slot of the stack, as far as old and new
 * verifiers differ by it: constants, the stack, values of maps. Of numbers that are no
 * constants their bounds are not kept, only whether they have any.
 */
#ifndef DOUBLE_VALUES_H
#define DOUBLE_VALUES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

enum kind {
	VALUE_OTHER = 0,    /* a pointer of another kind, or nothing known: no judgement */
	VALUE_NUMBER,       /* `number`: 4 or 8, that many bytes of anything; 0, perhaps bounded */
	VALUE_CONSTANT,     /* `number` */
	VALUE_STACK,        /* of the function: `number` from its end */
	VALUE_CONTEXT,
	VALUE_OF_MAP,       /* `number`: flags, see below */
	VALUE_OF_MAP_OR_NULL /* `number`: which lookup it is from */
};

struct value {
	enum kind kind;
	int64_t number;
};

enum {
	VALUE_MOVED = 1,    /* not at its beginning any more */
	VALUE_UNBOUNDED = 2 /* 4.9: and nobody knows where */
};

static inline struct value value_of(enum kind kind, int64_t number)
{
	return (struct value){ kind, number };
}

static inline bool is_number(struct value value)
{
	return value.kind == VALUE_NUMBER || value.kind == VALUE_CONSTANT;
}

static inline bool is_same(struct value a, struct value b)
{
	return a.kind == b.kind && a.number == b.number;
}

/* As the old verifiers call it in their messages. */
const char *value__name(struct value value);

/* What an ALU instruction makes of `dst` and `src`, the immediate if it has no register. */
struct value value__compute(const struct bpf_insn *insn, struct value dst, struct value src);

/* Whether a pointer is moved by a number of which no bound is known. */
bool value__moves_unbounded(const struct bpf_insn *insn, struct value dst, struct value src);

/* Whether the comparison of a constant with the immediate is decided: 1 jumps, 0 does not; -1. */
int value__compare(const struct bpf_insn *insn, struct value dst);

#endif
