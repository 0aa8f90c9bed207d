/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "folding.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* What is known of a register. */
struct known {
	enum { NOTHING, NUMBER, POINTER } kind;
	uint64_t number;                    /* or the offset of a pointer */
	const struct fold_pointer *pointer;
};

struct fold {
	struct bpf_insn *insns;
	size_t count;
	struct known regs[MAX_BPF_REG];
	bool *targets;                      /* where jumps lead to */
	int changed;
};

static void forget_all(struct fold *fold)
{
	memset(fold->regs, 0, sizeof(fold->regs));
}

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

static void mark_targets(struct fold *fold)
{
	for (size_t i = 0; i < fold->count; i++) {
		int64_t target = (int64_t)i + 1 + fold->insns[i].off;

		/* a jump to the next one, as an addition of nothing is written, is no merge */
		if (is_jump(&fold->insns[i]) && fold->insns[i].off && target >= 0 && target < (int64_t)fold->count)
			fold->targets[target] = true;
		if (fold->insns[i].code == (BPF_LD | BPF_DW | BPF_IMM))
			i++;
	}
}

/*
 * A number into a register by one instruction, where that can be: as a sign-extended
 * immediate, or by a 32-bit move, which clears the upper half.
 */
static bool put_number(struct fold *fold, struct bpf_insn *insn, uint64_t number)
{
	uint8_t class;

	if ((uint64_t)(int64_t)(int32_t)number == number)
		class = BPF_ALU64;
	else if (number <= UINT32_MAX)
		class = BPF_ALU;
	else
		return false;
	*insn = (struct bpf_insn){ .code = class | BPF_MOV | BPF_K, .dst_reg = insn->dst_reg,
				   .imm = (int32_t)number };
	fold->changed++;
	return true;
}

/* ---- instructions ------------------------------------------------------------------------ */

static bool read_constant(const struct known *from, int16_t off, size_t size, uint64_t *number)
{
	int64_t offset = (int64_t)from->number + off;
	uint8_t bytes[8] = {};

	if (offset < 0 || (uint64_t)offset + size > from->pointer->size)
		return false;
	memcpy(bytes, from->pointer->data + offset, size);
	switch (size) {
	case 1:
		*number = bytes[0];
		return true;
	case 2: {
		uint16_t half;

		memcpy(&half, bytes, sizeof(half));
		*number = half;
		return true;
	}
	case 4: {
		uint32_t word;

		memcpy(&word, bytes, sizeof(word));
		*number = word;
		return true;
	}
	default:
		memcpy(number, bytes, sizeof(*number));
		return true;
	}
}

static void fold_load(struct fold *fold, struct bpf_insn *insn)
{
	static const uint8_t sizes[] = { [BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1,
					 [BPF_DW >> 3] = 8 };
	struct known from = fold->regs[insn->src_reg], *to = &fold->regs[insn->dst_reg];
	uint64_t number;

	to->kind = NOTHING;
	if (from.kind != POINTER || BPF_MODE(insn->code) != BPF_MEM ||
	    !read_constant(&from, insn->off, sizes[BPF_SIZE(insn->code) >> 3], &number))
		return;
	/* a number that no one instruction can make is still known */
	put_number(fold, insn, number);
	*to = (struct known){ .kind = NUMBER, .number = number };
}

static bool compute(uint8_t op, bool wide, uint64_t a, uint64_t b, uint64_t *result)
{
	unsigned int bits = wide ? 64 : 32;
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;

	a &= mask;
	b &= mask;
	switch (op) {
	case BPF_ADD: a += b; break;
	case BPF_SUB: a -= b; break;
	case BPF_AND: a &= b; break;
	case BPF_OR: a |= b; break;
	case BPF_XOR: a ^= b; break;
	case BPF_MUL: a *= b; break;
	case BPF_MOV: a = b; break;
	case BPF_LSH:
		if (b >= bits)
			return false;
		a <<= b;
		break;
	case BPF_RSH:
		if (b >= bits)
			return false;
		a >>= b;
		break;
	case BPF_ARSH:
		if (b >= bits)
			return false;
		a = wide ? (uint64_t)((int64_t)a >> b) : (uint32_t)((int32_t)a >> b);
		break;
	default:
		return false;
	}
	*result = a & mask;
	return true;
}

/* The second operand; false if it is not known. */
static bool operand(const struct fold *fold, const struct bpf_insn *insn, uint64_t *number)
{
	if (BPF_SRC(insn->code) == BPF_K) {
		*number = (uint64_t)(int64_t)insn->imm;
		return true;
	}
	*number = fold->regs[insn->src_reg].number;
	return fold->regs[insn->src_reg].kind == NUMBER;
}

static void fold_alu(struct fold *fold, struct bpf_insn *insn)
{
	bool wide = BPF_CLASS(insn->code) == BPF_ALU64;
	struct known *to = &fold->regs[insn->dst_reg];
	uint8_t op = BPF_OP(insn->code);
	uint64_t b, result;

	if (wide && op == BPF_MOV && BPF_SRC(insn->code) == BPF_X &&
	    fold->regs[insn->src_reg].kind == POINTER) {
		*to = fold->regs[insn->src_reg];
		return;
	}
	if (wide && op == BPF_ADD && BPF_SRC(insn->code) == BPF_K && to->kind == POINTER) {
		to->number += (int64_t)insn->imm;
		return;
	}
	if ((op != BPF_MOV && to->kind != NUMBER) || op == BPF_NEG || op == BPF_END ||
	    !operand(fold, insn, &b) || !compute(op, wide, to->number, b, &result)) {
		to->kind = NOTHING;
		return;
	}
	*to = (struct known){ .kind = NUMBER, .number = result };
	/* an immediate is one already */
	if (op != BPF_MOV || BPF_SRC(insn->code) == BPF_X)
		put_number(fold, insn, result);
}

static bool decide(uint8_t op, bool wide, uint64_t a, uint64_t b, bool *taken)
{
	int64_t x = wide ? (int64_t)a : (int32_t)a, y = wide ? (int64_t)b : (int32_t)b;

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case BPF_JEQ: *taken = a == b; return true;
	case BPF_JNE: *taken = a != b; return true;
	case BPF_JGT: *taken = a > b; return true;
	case BPF_JGE: *taken = a >= b; return true;
	case BPF_JLT: *taken = a < b; return true;
	case BPF_JLE: *taken = a <= b; return true;
	case BPF_JSET: *taken = a & b; return true;
	case BPF_JSGT: *taken = x > y; return true;
	case BPF_JSGE: *taken = x >= y; return true;
	case BPF_JSLT: *taken = x < y; return true;
	case BPF_JSLE: *taken = x <= y; return true;
	default: return false;
	}
}

static void fold_jump(struct fold *fold, struct bpf_insn *insn)
{
	const struct known *from = &fold->regs[insn->dst_reg];
	uint64_t b;
	bool taken;

	/* what is compared with must be an immediate, which is sign-extended */
	if (from->kind != NUMBER || !operand(fold, insn, &b) ||
	    (uint64_t)(int64_t)(int32_t)from->number != from->number ||
	    !decide(BPF_OP(insn->code), BPF_CLASS(insn->code) == BPF_JMP, from->number, b, &taken))
		return;
	*insn = (struct bpf_insn){ .code = BPF_JMP | BPF_K | (taken ? BPF_JEQ : BPF_JNE),
				   .dst_reg = insn->dst_reg, .off = insn->off,
				   .imm = (int32_t)from->number };
	fold->changed++;
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void step(struct fold *fold, struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
		fold_load(fold, insn);
		break;
	case BPF_LD:
		/* the old access to packets changes what a call does */
		for (int i = BPF_REG_0; i <= BPF_REG_5; i++)
			fold->regs[i].kind = NOTHING;
		fold->regs[insn->dst_reg].kind = NOTHING;
		break;
	case BPF_STX:
		/* an atomic operation may fetch into its source, or r0 */
		if (BPF_MODE(insn->code) != BPF_MEM)
			fold->regs[insn->src_reg].kind = fold->regs[BPF_REG_0].kind = NOTHING;
		break;
	case BPF_ST:
		break;
	case BPF_ALU:
	case BPF_ALU64:
		fold_alu(fold, insn);
		break;
	default:
		if (BPF_OP(insn->code) == BPF_CALL)
			for (int i = BPF_REG_0; i <= BPF_REG_5; i++)
				fold->regs[i].kind = NOTHING;
		else if (BPF_OP(insn->code) == BPF_EXIT ||
			 (BPF_OP(insn->code) == BPF_JA && insn->off))
			forget_all(fold);
		else
			fold_jump(fold, insn);
	}
}

int folding__run(struct bpf_insn *insns, size_t count, const struct fold_pointer *pointers,
		 size_t pointer_count)
{
	_cleanup_free_ bool *targets = calloc(count + 1, sizeof(*targets));
	struct fold fold = { .insns = insns, .count = count, .targets = targets };
	size_t next = 0;

	if (!targets)
		return -ENOMEM;
	mark_targets(&fold);
	for (size_t i = 0; i < count; i++) {
		if (targets[i])
			forget_all(&fold);
		if (insns[i].dst_reg >= MAX_BPF_REG || insns[i].src_reg >= MAX_BPF_REG)
			return fold.changed; /* no instruction that anybody knows */
		if (next < pointer_count && pointers[next].at == i) {
			fold.regs[insns[i].dst_reg] = (struct known){
				.kind = POINTER, .number = (uint64_t)pointers[next].offset,
				.pointer = &pointers[next],
			};
			next++;
			i++;
			continue;
		}
		step(&fold, &insns[i]);
		if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM))
			i++;
	}
	return fold.changed;
}
