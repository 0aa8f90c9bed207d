/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* part of btfload, which has no library to link with */
#include "../../tools/btfload/value_json.c"

/* A struct of every kind of member, as the compiler lays it out. */
enum colour { RED = 1, BLUE = -2 };
struct all {
	int number;
	unsigned int low : 3, high : 5;
	int negative : 4;
	_Bool yes;
	char name[6];
	enum colour colour, other;
	void *pointer;
	unsigned long long large;
	short list[2][2];
	union {
		int first;
		struct {
			char a, b;
		};
	};
	float real;
	int rest[];
};

struct types {
	struct btf *btf;
	int all, loop, number;
};

static int setup(void **state)
{
	struct types *types = calloc(1, sizeof(*types));
	struct btf *btf = types->btf = btf__new_empty();
	int u32, pair, list, row, name, chr, s16, union_id, boolean, colour, pointer, u64, real, rest;

	types->number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	u32 = btf__add_int(btf, "unsigned int", 4, 0);
	chr = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	boolean = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	s16 = btf__add_int(btf, "short", 2, BTF_INT_SIGNED);
	u64 = btf__add_int(btf, "long long unsigned int", 8, 0);
	colour = btf__add_enum(btf, "colour", 4);
	btf__add_enum_value(btf, "RED", 1);
	btf__add_enum_value(btf, "BLUE", -2);
	pointer = btf__add_ptr(btf, 0);
	name = btf__add_array(btf, u32, btf__add_const(btf, btf__add_typedef(btf, "letter", chr)), 6);
	row = btf__add_array(btf, u32, s16, 2);
	list = btf__add_array(btf, u32, row, 2);
	rest = btf__add_array(btf, u32, types->number, 0);
	real = btf__add_float(btf, "float", 4);
	pair = btf__add_struct(btf, NULL, 2);
	btf__add_field(btf, "a", chr, 0, 0);
	btf__add_field(btf, "b", chr, 8, 0);
	union_id = btf__add_union(btf, NULL, 4);
	btf__add_field(btf, "first", types->number, 0, 0);
	btf__add_field(btf, NULL, pair, 0, 0);
	types->all = btf__add_struct(btf, "all", sizeof(struct all));
#define FIELD(member, type) btf__add_field(btf, #member, type, 8 * offsetof(struct all, member), 0)
	FIELD(number, types->number);
	btf__add_field(btf, "low", u32, 32, 3);
	btf__add_field(btf, "high", u32, 35, 5);
	btf__add_field(btf, "negative", types->number, 40, 4);
	FIELD(yes, boolean);
	FIELD(name, name);
	FIELD(colour, colour);
	FIELD(other, colour);
	FIELD(pointer, pointer);
	FIELD(large, u64);
	FIELD(list, list);
	btf__add_field(btf, NULL, union_id, 8 * offsetof(struct all, first), 0);
	FIELD(real, real);
	FIELD(rest, rest);
	/* a struct that holds itself, which no compiler makes */
	types->loop = btf__add_struct(btf, "loop", 4);
	btf__add_field(btf, "again", types->loop, 0, 0);
	*state = types;
	return types->all < 0 || types->loop < 0;
}

static int teardown(void **state)
{
	struct types *types = *state;

	btf__free(types->btf);
	free(types);
	return 0;
}

static void test_every_kind(void **state)
{
	const struct types *types = *state;
	struct all value = { .number = -7, .low = 5, .high = 19, .negative = -3, .yes = 1,
			     .name = "abcdef", .colour = RED, .other = 9, .pointer = (void *)0xffff1234,
			     .large = UINT64_MAX, .list = { { 1, -2 }, { 3, 4 } }, .real = 0.5f };
	json_t *json, *expected;

	value.a = 65;
	value.b = 1;
	json = value_json(types->btf, (uint32_t)types->all, &value, sizeof(value));
	expected = json_loads("{\"number\": -7, \"low\": 5, \"high\": 19, \"negative\": -3, \"yes\": true,"
			      "\"name\": \"abcdef\", \"colour\": \"RED\", \"other\": 9,"
			      "\"pointer\": \"0xffff1234\", \"large\": \"18446744073709551615\","
			      "\"list\": [[1, -2], [3, 4]], \"first\": 321, \"a\": 65, \"b\": 1,"
			      "\"real\": 0.5}", 0, NULL);
	assert_non_null(json);
	assert_non_null(expected);
	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
}

static void test_text_that_is_none(void **state)
{
	const struct types *types = *state;
	struct all value = { .name = { 'a', (char)0xff, 0, 'x' }, .other = (enum colour)-2 };
	json_t *json = value_json(types->btf, (uint32_t)types->all, &value, sizeof(value));

	assert_non_null(json);
	assert_non_null(json_string_value(json_object_get(json, "name")));
	assert_int_equal(json_string_value(json_object_get(json, "name"))[0], 'a');
	json_decref(json);
}

static void test_refused(void **state)
{
	const struct types *types = *state;
	struct all value = {};

	for (size_t size = 0; size < sizeof(value); size++) {
		void *exact = malloc(size + !size);

		memset(exact, 0, size + !size);
		assert_null(value_json(types->btf, (uint32_t)types->all, exact, size));
		free(exact);
	}
	assert_null(value_json(types->btf, (uint32_t)types->loop, &value, 4));
	assert_null(value_json(types->btf, 0, &value, 4));
	assert_null(value_json(types->btf, 9999, &value, sizeof(value)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_text_that_is_none),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
