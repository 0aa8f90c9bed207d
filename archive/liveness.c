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

static unsigned int call_reads(const struct bpf_insn *insn, unsigned int callee_arguments)
{
	if (insn->src_reg == BPF_PSEUDO_CALL)
		return first_arguments(callee_arguments);
	if (insn->src_reg || insn->imm < 0 || (size_t)insn->imm >= sizeof(helper_arity))
		return first_arguments(5);
	return first_arguments(helper_arity[insn->imm]);
}

static void alu(const struct bpf_insn *insn, unsigned int *reads, unsigned int *writes)
{
	uint8_t op = BPF_OP(insn->code);

	*writes = BIT(insn->dst_reg);
	*reads = op == BPF_MOV ? 0 : BIT(insn->dst_reg);
	if (BPF_SRC(insn->code) == BPF_X && op != BPF_NEG && op != BPF_END)
		*reads |= BIT(insn->src_reg);
}

static void jump(const struct bpf_insn *insn, unsigned int callee_arguments, unsigned int *reads,
		 unsigned int *writes)
{
	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
		*reads = call_reads(insn, callee_arguments);
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

static void effects(const struct bpf_insn *insn, unsigned int callee_arguments,
		    unsigned int *reads, unsigned int *writes)
{
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
		jump(insn, callee_arguments, reads, writes);
	}
}

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && BPF_OP(insn->code) != BPF_CALL;
}

/* What is live behind instruction i: the union of what is live before its successors. */
static int live_behind(const struct bpf_insn *code, size_t count, const uint16_t *before, size_t i)
{
	const struct bpf_insn *insn = &code[i];
	bool wide = insn->code == (BPF_LD | BPF_DW | BPF_IMM);
	int64_t next = (int64_t)i + 1 + wide, target = next + insn->off;
	int live = 0;

	if (!is_jump(insn))
		return next < (int64_t)count ? before[next] : 0;
	if (BPF_OP(insn->code) == BPF_EXIT)
		return 0;
	if (target < 0 || target >= (int64_t)count)
		return -EBADMSG;
	live = before[target];
	if (BPF_OP(insn->code) != BPF_JA && next < (int64_t)count)
		live |= before[next];
	return live;
}

int liveness__at_entry(const struct bpf_insn *code, size_t count, unsigned int callee_arguments)
{
	_cleanup_free_ uint16_t *before = calloc(count + 1, sizeof(*before));
	bool again = true;

	if (!before)
		return -ENOMEM;
	while (again) {
		again = false;
		for (size_t i = count; i-- > 0;) {
			unsigned int reads, writes, live;
			int behind = live_behind(code, count, before, i);

			if (behind < 0)
				return behind;
			/* the second half of a wide instruction is no instruction */
			if (i && code[i - 1].code == (BPF_LD | BPF_DW | BPF_IMM) && !code[i].code) {
				before[i] = (uint16_t)behind;
				continue;
			}
			effects(&code[i], callee_arguments, &reads, &writes);
			live = ((unsigned int)behind & ~writes) | reads;
			if (live != before[i]) {
				before[i] = (uint16_t)live;
				again = true;
			}
		}
	}
	return count ? before[0] : 0;
}
