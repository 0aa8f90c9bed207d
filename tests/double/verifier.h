/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the imitated kernel's verifier says against a program that a later one may well
 * take. What is let through goes to the running kernel's verifier.
 */
#ifndef DOUBLE_VERIFIER_H
#define DOUBLE_VERIFIER_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "verdict.h"

struct program {
	enum bpf_prog_type type;
	const struct bpf_insn *code;
	int length;
};

/* All of the below, in the order of bpf_check(). */
int verifier__check(const struct program *program, struct verdict *verdict);

/* instructions.c: one after the other, whether anything leads there or not. */
int instructions__check_all(const struct program *program, struct verdict *verdict);
/* instructions.c: one that is reached. */
int instructions__check(const struct bpf_insn *insn, struct verdict *verdict);
/* flow.c: jumps that go back, and what none leads to. */
int flow__check(const struct program *program, struct verdict *verdict);
/* walk.c: all ways through the program. */
int walk__check(const struct program *program, struct verdict *verdict);

static inline bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static inline bool is_function_call(const struct bpf_insn *insn)
{
	return is_call(insn) && insn->src_reg == BPF_PSEUDO_CALL;
}

static inline bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

#endif
