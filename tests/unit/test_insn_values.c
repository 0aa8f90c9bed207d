/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What instructions make of known numbers, in 64 bits and in 32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "insn_values.h"

static void numbers_are_computed(void **state)
{
	static const struct {
		uint8_t op;
		uint64_t a, b, wide, narrow;
	} rows[] = {
		{ BPF_ADD, UINT32_MAX, 1, 1ull << 32, 0 }, { BPF_SUB, 0, 1, UINT64_MAX, UINT32_MAX },
		{ BPF_MUL, 1u << 31, 2, 1ull << 32, 0 }, { BPF_MOV, 5, UINT64_MAX, UINT64_MAX, UINT32_MAX },
		{ BPF_AND, UINT64_MAX, 1ull << 40, 1ull << 40, 0 }, { BPF_OR, 1, 2, 3, 3 },
		{ BPF_XOR, 7, 2, 5, 5 }, { BPF_NEG, 1, 0, UINT64_MAX, UINT32_MAX },
		{ BPF_LSH, 3, 31, 3ull << 31, 1u << 31 }, { BPF_RSH, 1ull << 40, 8, 1ull << 32, 0 },
		{ BPF_ARSH, 1ull << 63, 31, 0xffffffff00000000, 0 }, { BPF_ARSH, 1u << 31, 4, 1u << 27, 0xf8000000 },
	};
	uint64_t result;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(insn_values__compute(rows[i].op, true, rows[i].a, rows[i].b, &result));
		assert_int_equal(result, rows[i].wide);
		assert_true(insn_values__compute(rows[i].op, false, rows[i].a, rows[i].b, &result));
		assert_int_equal(result, rows[i].narrow);
	}
	assert_true(insn_values__compute(BPF_LSH, true, 1, 63, &result));
	assert_false(insn_values__compute(BPF_LSH, true, 1, 64, &result));
	assert_false(insn_values__compute(BPF_ARSH, false, 1, 32, &result));
	assert_false(insn_values__compute(BPF_DIV, true, 4, 2, &result));
}

static void numbers_are_compared(void **state)
{
	static const struct {
		uint8_t op;
		uint64_t a, b;
		int wide, narrow;
	} rows[] = {
		{ BPF_JEQ, 1ull << 32, 0, 0, 1 }, { BPF_JNE, 1ull << 32, 0, 1, 0 },
		{ BPF_JGT, 1ull << 32, 1, 1, 0 }, { BPF_JGE, 2, 2, 1, 1 }, { BPF_JLT, 2, 2, 0, 0 },
		{ BPF_JLE, 2, UINT64_MAX, 1, 1 }, { BPF_JSET, 1ull << 40, 1ull << 40, 1, 0 },
		{ BPF_JSGT, 0, UINT64_MAX, 1, 1 }, { BPF_JSGE, 0x80000000, 0, 1, 0 },
		{ BPF_JSLT, 0x80000000, 0, 0, 1 }, { BPF_JSLE, UINT64_MAX, 0, 1, 1 },
		{ BPF_CALL, 0, 0, -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(insn_values__compare(rows[i].op, true, rows[i].a, rows[i].b), rows[i].wide);
		assert_int_equal(insn_values__compare(rows[i].op, false, rows[i].a, rows[i].b),
				 rows[i].narrow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_computed),
		cmocka_unit_test(numbers_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
