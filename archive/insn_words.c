/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "insn_words.h"

/* Names of theirs are younger than some headers. */
#define MODE_SIGNED 0x80
#define MODE_ATOMIC 0xc0

static const char *operator_of(uint8_t code)
{
	switch (BPF_OP(code)) {
	case BPF_ADD: return "+=";
	case BPF_SUB: return "-=";
	case BPF_MUL: return "*=";
	case BPF_DIV: return "/=";
	case BPF_OR: return "|=";
	case BPF_AND: return "&=";
	case BPF_LSH: return "<<=";
	case BPF_RSH: return ">>=";
	case BPF_MOD: return "%=";
	case BPF_XOR: return "^=";
	case BPF_MOV: return "=";
	case BPF_ARSH: return "s>>=";
	default: return NULL;
	}
}

static const char *size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_W: return "32";
	case BPF_H: return "16";
	case BPF_B: return "8";
	default: return "64";
	}
}

static void add_alu(const struct bpf_insn *insn, struct buf *out)
{
	const char *op = operator_of(insn->code);
	char width = BPF_CLASS(insn->code) == BPF_ALU ? 'w' : 'r';

	if (!op)
		buf__printf(out, "code %#04x", insn->code);
	else if (BPF_SRC(insn->code) == BPF_X)
		buf__printf(out, "%c%u %s %c%u", width, insn->dst_reg, op, width, insn->src_reg);
	else
		buf__printf(out, "%c%u %s %d", width, insn->dst_reg, op, insn->imm);
}

static void add_place(const struct bpf_insn *insn, unsigned int reg, struct buf *out)
{
	bool is_load = BPF_CLASS(insn->code) == BPF_LDX;

	buf__printf(out, "%s*(%c%s *)(r%u %c %d)",
		    !is_load && BPF_MODE(insn->code) == MODE_ATOMIC ? "lock " : "",
		    is_load && BPF_MODE(insn->code) == MODE_SIGNED ? 's' : 'u', size_of(insn->code),
		    reg, insn->off < 0 ? '-' : '+', insn->off < 0 ? -insn->off : insn->off);
}

static void add_load_64(const struct bpf_insn insns[2], struct buf *out)
{
	uint64_t number = (uint32_t)insns[0].imm | (uint64_t)(uint32_t)insns[1].imm << 32;

	buf__printf(out, "r%u = %lld ll", insns[0].dst_reg, (long long)number);
}

void insn_words__add(const struct bpf_insn insns[2], struct buf *out)
{
	const struct bpf_insn *insn = insns;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		add_alu(insn, out);
		return;
	case BPF_LDX:
		buf__printf(out, "r%u = ", insn->dst_reg);
		add_place(insn, insn->src_reg, out);
		return;
	case BPF_STX:
	case BPF_ST:
		add_place(insn, insn->dst_reg, out);
		if (BPF_CLASS(insn->code) == BPF_ST)
			buf__printf(out, " = %d", insn->imm);
		else
			buf__printf(out, " = r%u", insn->src_reg);
		return;
	case BPF_LD:
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			add_load_64(insns, out);
			return;
		}
		break;
	case BPF_JMP:
		if (insn->code == (BPF_JMP | BPF_CALL)) {
			buf__printf(out, "call %d", insn->imm);
			return;
		}
		break;
	default:
		break;
	}
	buf__printf(out, "code %#04x", insn->code);
}
