/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: in kernel/bpf/verifier.c replace_map_fd_with_map_ptr() for what is checked of
 * every instruction, do_check(), check_alu_op(), check_cond_jmp_op() and check_ld_imm()
 * for what is checked of those that are reached; bpf_opcode_in_insntable() of
 * kernel/bpf/core.c.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/bpf_common.h>

#include "kernels.h"
#include "verifier.h"

#define XADD 0xc0 /* what BPF_ATOMIC was called, and all it could */

/* ---- every instruction ---------------------------------------------------------------- */

static bool alu_is_known(const struct bpf_insn *insn)
{
	bool is_64 = BPF_CLASS(insn->code) == BPF_ALU64;

	switch (BPF_OP(insn->code)) {
	case BPF_ARSH:
		return is_64 || kernel__has(HAS_ARSH32);
	case BPF_END:
		return !is_64;
	case BPF_NEG:
		return BPF_SRC(insn->code) == BPF_K;
	default:
		return BPF_OP(insn->code) < BPF_END;
	}
}

static bool jump_is_known(const struct bpf_insn *insn)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
	case BPF_CALL:
	case BPF_EXIT:
		return BPF_SRC(insn->code) == BPF_K;
	default:
		return BPF_OP(insn->code) <= BPF_JSLE;
	}
}

static bool opcode_is_known(const struct bpf_insn *insn)
{
	unsigned int size = BPF_SIZE(insn->code), mode = BPF_MODE(insn->code);

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return alu_is_known(insn);
	case BPF_JMP:
		return jump_is_known(insn);
	case BPF_LD:
		return is_wide(insn) || ((mode == BPF_ABS || mode == BPF_IND) && size != BPF_DW);
	case BPF_STX:
		return mode == BPF_MEM || (mode == XADD && (size == BPF_W || size == BPF_DW));
	case BPF_LDX:
	case BPF_ST:
		return mode == BPF_MEM;
	default:
		return false;
	}
}

static int check_wide(const struct program *program, int at, struct verdict *verdict)
{
	const struct bpf_insn *insn = &program->code[at];

	if (at + 1 == program->length || insn[1].code || insn[1].dst_reg || insn[1].src_reg ||
	    insn[1].off)
		return refuse(verdict, -EINVAL, "invalid bpf_ld_imm64 insn");
	if (insn->src_reg && insn->src_reg != BPF_PSEUDO_MAP_FD)
		return refuse(verdict, -EINVAL, "unrecognized bpf_ld_imm64 insn");
	return 0;
}

int instructions__check_all(const struct program *program, struct verdict *verdict)
{
	for (int i = 0; i < program->length; i++) {
		const struct bpf_insn *insn = &program->code[i];
		unsigned int class = BPF_CLASS(insn->code), mode = BPF_MODE(insn->code);
		int err;

		if (class == BPF_LDX && (mode != BPF_MEM || insn->imm))
			return refuse(verdict, -EINVAL, "BPF_LDX uses reserved fields");
		if (class == BPF_STX && ((mode != BPF_MEM && mode != XADD) || insn->imm))
			return refuse(verdict, -EINVAL, "BPF_STX uses reserved fields");
		if (is_wide(insn)) {
			err = check_wide(program, i++, verdict);
			if (err)
				return err;
		} else if (kernel__has(HAS_OPCODE_TABLE) && !opcode_is_known(insn)) {
			return refuse(verdict, -EINVAL, "unknown opcode %02x", insn->code);
		}
	}
	return 0;
}

/* ---- one that is reached ------------------------------------------------------------------ */

static int check_alu(const struct bpf_insn *insn, struct verdict *verdict)
{
	unsigned int op = BPF_OP(insn->code);
	bool is_64 = BPF_CLASS(insn->code) == BPF_ALU64;

	if (op == BPF_NEG) {
		if (BPF_SRC(insn->code) || insn->src_reg || insn->off || insn->imm)
			return refuse(verdict, -EINVAL, "BPF_NEG uses reserved fields");
		return 0;
	}
	if (op == BPF_END) {
		if (insn->src_reg || insn->off || is_64 ||
		    (insn->imm != 16 && insn->imm != 32 && insn->imm != 64))
			return refuse(verdict, -EINVAL, "BPF_END uses reserved fields");
		return 0;
	}
	if (op > BPF_END)
		return refuse(verdict, -EINVAL, "invalid BPF_ALU opcode %x", op);
	if (insn->off || (BPF_SRC(insn->code) == BPF_X ? insn->imm != 0 : insn->src_reg != 0))
		return refuse(verdict, -EINVAL, "%s uses reserved fields",
			      op == BPF_MOV ? "BPF_MOV" : "BPF_ALU");
	if (op == BPF_ARSH && !is_64 && !kernel__has(HAS_ARSH32))
		return refuse(verdict, -EINVAL, "BPF_ARSH not supported for 32 bit ALU");
	return 0;
}

static int check_jump(const struct bpf_insn *insn, struct verdict *verdict)
{
	unsigned int op = BPF_OP(insn->code);
	unsigned int last_op = kernel__has(HAS_LESS_THAN) ? BPF_JSLE : BPF_EXIT;
	bool to_function = kernel__has(HAS_FUNCTION_CALLS) && insn->src_reg == BPF_PSEUDO_CALL;

	if (op == BPF_CALL) {
		if (BPF_SRC(insn->code) || insn->off || insn->dst_reg ||
		    (insn->src_reg && !to_function))
			return refuse(verdict, -EINVAL, "BPF_CALL uses reserved fields");
	} else if (op == BPF_JA || op == BPF_EXIT) {
		if (BPF_SRC(insn->code) || insn->imm || insn->src_reg || insn->dst_reg)
			return refuse(verdict, -EINVAL, "%s uses reserved fields",
				      op == BPF_JA ? "BPF_JA" : "BPF_EXIT");
	} else if (op > last_op) {
		return refuse(verdict, -EINVAL, "invalid BPF_JMP opcode %x", op);
	} else if (BPF_SRC(insn->code) == BPF_X ? insn->imm != 0 : insn->src_reg != 0) {
		return refuse(verdict, -EINVAL, "BPF_JMP uses reserved fields");
	}
	return 0;
}

int instructions__check(const struct bpf_insn *insn, struct verdict *verdict)
{
	unsigned int mode = BPF_MODE(insn->code);

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return check_alu(insn, verdict);
	case BPF_JMP:
		return check_jump(insn, verdict);
	case BPF_LDX:
	case BPF_STX:
		return 0; /* seen to with all of them */
	case BPF_ST:
		if (mode != BPF_MEM || insn->src_reg)
			return refuse(verdict, -EINVAL, "BPF_ST uses reserved fields");
		return 0;
	case BPF_LD:
		if (mode != BPF_ABS && mode != BPF_IND && mode != BPF_IMM)
			return refuse(verdict, -EINVAL, "invalid BPF_LD mode");
		return 0;
	default: /* of later kernels: BPF_JMP32 */
		return refuse(verdict, -EINVAL, "unknown insn class %d", BPF_CLASS(insn->code));
	}
}
