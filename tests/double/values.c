/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: in kernel/bpf/verifier.c reg_type_str[], check_alu_op(), evaluate_reg_imm_alu()
 * (4.9), adjust_ptr_min_max_vals(), adjust_scalar_min_max_vals() (from 4.14), the
 * beginning of check_cond_jmp_op() and is_branch_taken() (5.0).
 */
#include "values.h"

#include <linux/bpf_common.h>

#include "kernels.h"

static const struct value some_number = { VALUE_NUMBER, 0 };

const char *value__name(struct value value)
{
	switch (value.kind) {
	case VALUE_NUMBER:
		return "inv";
	case VALUE_CONSTANT:
		return kernel__has(HAS_KNOWN_BITS) ? "inv" : "imm";
	case VALUE_STACK:
		return "fp";
	case VALUE_CONTEXT:
		return "ctx";
	case VALUE_OF_MAP:
		return value.number & VALUE_MOVED && !kernel__has(HAS_KNOWN_BITS) ?
			       "map_value_adj" : "map_value";
	case VALUE_OF_MAP_OR_NULL:
		return "map_value_or_null";
	default:
		return "?";
	}
}

/* ---- computing -------------------------------------------------------------------------- */

static struct value move(bool is_64, struct value src)
{
	if (is_64)
		return src;
	if (src.kind == VALUE_CONSTANT && kernel__has(HAS_MOV32_OF_KNOWN))
		return value_of(VALUE_CONSTANT, (uint32_t)src.number);
	return kernel__has(HAS_MOV32_OF_KNOWN) ? some_number : value_of(VALUE_NUMBER, 4);
}

/* Constants only; false: this kernel does not follow what becomes of them. */
static bool fold(unsigned int op, uint64_t a, uint64_t b, unsigned int bits, uint64_t *result)
{
	switch (op) {
	case BPF_ADD: *result = a + b; return true;
	case BPF_SUB: *result = a - b; return true;
	case BPF_MUL: *result = a * b; return true;
	case BPF_AND: *result = a & b; return true;
	case BPF_OR: *result = a | b; return true;
	case BPF_LSH: *result = a << (b % 64); return b < bits;
	case BPF_RSH: *result = a >> (b % 64); return b < bits;
	case BPF_ARSH:
		*result = (uint64_t)((int64_t)a >> (b % 64));
		return b < bits && bits == 64 && kernel__has(HAS_KNOWN_ARSH);
	default: return false; /* XOR, DIV, MOD */
	}
}

static struct value compute_numbers(unsigned int op, bool is_64, struct value dst,
				    struct value src)
{
	bool both_known = dst.kind == VALUE_CONSTANT && src.kind == VALUE_CONSTANT;
	uint64_t a = (uint64_t)dst.number, b = (uint64_t)src.number, result;

	if (!kernel__has(HAS_KNOWN_BITS)) {
		if (!both_known || !is_64 || op != BPF_ADD)
			return some_number;
		return value_of(VALUE_CONSTANT, dst.number + src.number);
	}
	/* no bit of it is left */
	if (src.kind == VALUE_CONSTANT && !src.number && (op == BPF_AND || op == BPF_MUL))
		return value_of(VALUE_CONSTANT, 0);
	if (!is_64) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	if (!both_known || !fold(op, a, b, is_64 ? 64 : 32, &result))
		return some_number;
	return value_of(VALUE_CONSTANT, (int64_t)(is_64 ? result : (uint32_t)result));
}

static struct value move_pointer(unsigned int op, struct value pointer, struct value by)
{
	int64_t distance = op == BPF_SUB ? -by.number : by.number;

	if ((op != BPF_ADD && op != BPF_SUB) || !is_number(by))
		return value_of(VALUE_OTHER, 0);
	if (pointer.kind == VALUE_STACK && by.kind == VALUE_CONSTANT)
		return value_of(VALUE_STACK, pointer.number + distance);
	if (pointer.kind == VALUE_CONTEXT && by.kind == VALUE_CONSTANT)
		return pointer;
	if (pointer.kind == VALUE_OF_MAP && (op == BPF_ADD || kernel__has(HAS_KNOWN_BITS)))
		return value_of(VALUE_OF_MAP, pointer.number | VALUE_MOVED |
				(by.kind == VALUE_NUMBER && by.number ? VALUE_UNBOUNDED : 0));
	/* before 4.14 a difference is a number */
	if (pointer.kind == VALUE_OF_MAP)
		return some_number;
	return value_of(VALUE_OTHER, 0);
}

struct value value__compute(const struct bpf_insn *insn, struct value dst, struct value src)
{
	bool is_64 = BPF_CLASS(insn->code) == BPF_ALU64;
	unsigned int op = BPF_OP(insn->code);

	if (op == BPF_MOV && BPF_SRC(insn->code) == BPF_K)
		return value_of(VALUE_CONSTANT, is_64 ? insn->imm : (int64_t)(uint32_t)insn->imm);
	if (op == BPF_MOV)
		return move(is_64, src);
	if (op == BPF_NEG || op == BPF_END)
		return some_number;
	if (is_number(dst) && is_number(src))
		return compute_numbers(op, is_64, dst, src);
	if (!is_64)
		return value_of(VALUE_OTHER, 0);
	if (!is_number(dst))
		return move_pointer(op, dst, src);
	/* before 4.14 the pointer must stand on the left */
	if (op == BPF_ADD && kernel__has(HAS_KNOWN_BITS))
		return move_pointer(op, src, dst);
	return src.kind == VALUE_OF_MAP ? some_number : value_of(VALUE_OTHER, 0);
}

bool value__moves_unbounded(const struct bpf_insn *insn, struct value dst, struct value src)
{
	struct value pointer = is_number(dst) ? src : dst, by = is_number(dst) ? dst : src;
	unsigned int op = BPF_OP(insn->code);

	return BPF_CLASS(insn->code) == BPF_ALU64 && (op == BPF_ADD || op == BPF_SUB) &&
	       (pointer.kind == VALUE_OF_MAP || pointer.kind == VALUE_STACK) &&
	       by.kind == VALUE_NUMBER && by.number == 8;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static int is_true(unsigned int op, int64_t a, int64_t b)
{
	switch (op) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JGT: return (uint64_t)a > (uint64_t)b;
	case BPF_JGE: return (uint64_t)a >= (uint64_t)b;
	case BPF_JLT: return (uint64_t)a < (uint64_t)b;
	case BPF_JLE: return (uint64_t)a <= (uint64_t)b;
	case BPF_JSGT: return a > b;
	case BPF_JSGE: return a >= b;
	case BPF_JSLT: return a < b;
	case BPF_JSLE: return a <= b;
	case BPF_JSET: return (a & b) != 0;
	default: return -1;
	}
}

int value__compare(const struct bpf_insn *insn, struct value dst)
{
	unsigned int op = BPF_OP(insn->code);

	if (dst.kind != VALUE_CONSTANT || BPF_SRC(insn->code) != BPF_K)
		return -1;
	if (op != BPF_JEQ && op != BPF_JNE && !kernel__has(HAS_ALL_COMPARISONS_DECIDED))
		return -1;
	if (dst.number != insn->imm && !kernel__has(HAS_UNEQUAL_DECIDED))
		return -1;
	return is_true(op, dst.number, insn->imm);
}
