/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "insn_values.h"

bool insn_values__compute(uint8_t op, bool wide, uint64_t a, uint64_t b, uint64_t *result)
{
	unsigned int bits = wide ? 64 : 32;
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;

	a &= mask;
	b &= mask;
	if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) && b >= bits)
		return false;
	switch (op) {
	case BPF_ADD: a += b; break;
	case BPF_SUB: a -= b; break;
	case BPF_AND: a &= b; break;
	case BPF_OR: a |= b; break;
	case BPF_XOR: a ^= b; break;
	case BPF_MUL: a *= b; break;
	case BPF_MOV: a = b; break;
	case BPF_NEG: a = -a; break;
	case BPF_LSH: a <<= b; break;
	case BPF_RSH: a >>= b; break;
	case BPF_ARSH: a = wide ? (uint64_t)((int64_t)a >> b) : (uint32_t)((int32_t)a >> b); break;
	default: return false;
	}
	*result = a & mask;
	return true;
}

int insn_values__compare(uint8_t op, bool wide, uint64_t a, uint64_t b)
{
	int64_t x = wide ? (int64_t)a : (int32_t)a, y = wide ? (int64_t)b : (int32_t)b;

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSET: return (a & b) != 0;
	case BPF_JSGT: return x > y;
	case BPF_JSGE: return x >= y;
	case BPF_JSLT: return x < y;
	case BPF_JSLE: return x <= y;
	default: return -1;
	}
}
