/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "liveness.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "helper_arity.h" /* made from libbpf's bpf_helper_defs.h */

#define BIT(n) (1u << (n))
/* r0 to r5 are the callee's to change. */
#define CALL_WRITES 0x3fu

static unsigned int first_arguments(unsigned int count)
{
	return (BIT(count) - 1) << BPF_REG_1;
}

struct walk {
	const struct bpf_insn *code;
	size_t count;
	liveness_callee callee;
	void *ctx;
	uint16_t *before; /* live before each instruction, as far as known */
};

unsigned int liveness__call_reads(const struct bpf_insn *insn)
{
	if (insn->src_reg || insn->imm < 0 || (size_t)insn->imm >= sizeof(helper_arity))
		return first_arguments(5);
	return first_arguments(helper_arity[insn->imm]);
}

static unsigned int call_reads(const struct walk *walk, size_t index)
{
	const struct bpf_insn *insn = &walk->code[index];

	if (insn->src_reg == BPF_PSEUDO_CALL)
		return walk->callee(walk->ctx, index);
	return liveness__call_reads(insn);
}

static void alu(const struct bpf_insn *insn, unsigned int *reads, unsigned int *writes)
{
	uint8_t op = BPF_OP(insn->code);

	*writes = BIT(insn->dst_reg);
	*reads = op == BPF_MOV ? 0 : BIT(insn->dst_reg);
	if (BPF_SRC(insn->code) == BPF_X && op != BPF_NEG && op != BPF_END)
		*reads |= BIT(insn->src_reg);
}

static void jump(const struct walk *walk, size_t index, unsigned int *reads, unsigned int *writes)
{
	const struct bpf_insn *insn = &walk->code[index];

	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
		*reads = call_reads(walk, index);
		*writes = CALL_WRITES;
		break;
	case BPF_EXIT:
		*reads = BIT(BPF_REG_0);
		break;
	case BPF_JA:
		break;
	default:
		*reads = BIT(insn->dst_reg);
		if (BPF_SRC(insn->code) == BPF_X)
			*reads |= BIT(insn->src_reg);
	}
}

static void effects(const struct walk *walk, size_t index, unsigned int *reads,
		    unsigned int *writes)
{
	const struct bpf_insn *insn = &walk->code[index];

	*reads = *writes = 0;
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD: /* a 64-bit immediate, or the old access to packets, which reads r6 */
		*writes = insn->code == (BPF_LD | BPF_DW | BPF_IMM) ? BIT(insn->dst_reg)
								    : CALL_WRITES;
		if (BPF_MODE(insn->code) == BPF_IND)
			*reads = BIT(insn->src_reg);
		break;
	case BPF_LDX:
		*writes = BIT(insn->dst_reg);
		*reads = BIT(insn->src_reg);
		break;
	case BPF_STX: /* a fetching atomic writes too; leaving that out errs on the safe side */
		*reads = BIT(insn->dst_reg) | BIT(insn->src_reg);
		break;
	case BPF_ST:
		*reads = BIT(insn->dst_reg);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		alu(insn, reads, writes);
		break;
	default:
		jump(walk, index, reads, writes);
	}
}

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && BPF_OP(insn->code) != BPF_CALL;
}

/* What is live behind instruction i: the union of what is live before its successors. */
static int live_behind(const struct walk *walk, size_t i)
{
	const struct bpf_insn *insn = &walk->code[i];
	bool wide = insn->code == (BPF_LD | BPF_DW | BPF_IMM);
	int64_t next = (int64_t)i + 1 + wide, target = next + insn->off;
	int64_t count = (int64_t)walk->count;
	int live = 0;

	if (!is_jump(insn))
		return next < count ? walk->before[next] : 0;
	if (BPF_OP(insn->code) == BPF_EXIT)
		return 0;
	if (target < 0 || target >= count)
		return -EBADMSG;
	live = walk->before[target];
	if (BPF_OP(insn->code) != BPF_JA && next < count)
		live |= walk->before[next];
	return live;
}

/* Whether anything changed; -EBADMSG. */
static int pass(struct walk *walk)
{
	bool changed = false;

	for (size_t i = walk->count; i-- > 0;) {
		unsigned int reads, writes, live;
		int behind = live_behind(walk, i);

		if (behind < 0)
			return behind;
		effects(walk, i, &reads, &writes);
		live = ((unsigned int)behind & ~writes) | reads;
		/* the second half of a wide instruction is no instruction */
		if (i && walk->code[i - 1].code == (BPF_LD | BPF_DW | BPF_IMM) &&
		    !walk->code[i].code)
			live = (unsigned int)behind;
		changed |= live != walk->before[i];
		walk->before[i] = (uint16_t)live;
	}
	return changed;
}

int liveness__at_entry(const struct bpf_insn *code, size_t count, liveness_callee callee,
		       void *ctx)
{
	_cleanup_free_ uint16_t *before = calloc(count + 1, sizeof(*before));
	struct walk walk = { code, count, callee, ctx, before };
	int again = 1;

	if (!before)
		return -ENOMEM;
	while (again > 0)
		again = pass(&walk);
	return again < 0 ? again : before[0];
}
