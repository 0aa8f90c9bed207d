// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Types in the making, and the table of addresses that goes with them. */
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pointer_table.h"
#include "base/type_records.h"

static uint32_t string(struct type_records *records, const char *text)
{
	uint32_t number;

	assert_int_equal(type_records__string(records, text, &number), 0);
	return number;
}

static uint32_t add(struct type_records *records, struct type_record record,
		    const struct type_slot *slots)
{
	uint32_t number;

	assert_int_equal(type_records__add(records, &record, slots, &number), 0);
	return number;
}

static uint32_t add_int(struct type_records *records, const char *name, uint32_t size)
{
	return add(records, (struct type_record){ .kind = BTF_KIND_INT, .size = size,
						  .name = string(records, name) }, NULL);
}

static uint32_t add_pointer(struct type_records *records, uint32_t to)
{
	return add(records, (struct type_record){ .kind = BTF_KIND_PTR, .type = to }, NULL);
}

/* struct NAME { struct NAME *next; int MEMBER; } */
static uint32_t add_list(struct type_records *records, const char *name, const char *member)
{
	struct type_slot slots[2] = {
		{ .name = string(records, "next") },
		{ .name = string(records, member), .bit_offset = 64 },
	};
	struct type_record record = { .kind = BTF_KIND_STRUCT, .size = 16, .count = 2,
				      .name = string(records, name) };
	uint32_t number;

	assert_int_equal(type_records__reserve(records, &number), 0);
	slots[0].type = add_pointer(records, number);
	slots[1].type = add_int(records, "int", 4);
	assert_int_equal(type_records__fill(records, number, &record, slots), 0);
	return number;
}

static struct btf *written(const struct type_records *records, bool big_endian)
{
	struct btf *btf;
	void *raw;
	size_t size;

	assert_int_equal(type_records__write(records, big_endian, &raw, &size), 0);
	btf = btf__new(raw, (uint32_t)size);
	free(raw);
	assert_non_null(btf);
	assert_int_equal(btf__endianness(btf), big_endian ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN);
	return btf;
}

static void test_equal_records_are_one(void **state)
{
	struct type_records *records = type_records__new();
	uint32_t number = add_int(records, "int", 4);

	(void)state;
	assert_int_equal(number, 1);
	assert_int_equal(add_int(records, "int", 4), number);
	assert_int_not_equal(add_int(records, "int", 8), number);
	assert_int_not_equal(add_int(records, "inn", 4), number);
	assert_int_equal(string(records, ""), 0);
	assert_int_equal(add_pointer(records, number), add_pointer(records, number));
	type_records__free(records);
}

static void test_members_tell_records_apart(void **state)
{
	struct type_records *records = type_records__new();
	uint32_t type = add_int(records, "int", 4);
	struct type_slot a = { .name = string(records, "x"), .type = type };
	struct type_slot b = a;
	struct type_record record = { .kind = BTF_KIND_STRUCT, .size = 8, .count = 1 };
	uint32_t first = add(records, record, &a);

	(void)state;
	assert_int_equal(add(records, record, &b), first);
	b.bit_offset = 32;
	assert_int_not_equal(add(records, record, &b), first);
	type_records__free(records);
}

/* Enough that all tables grow, several times. */
static void test_many(void **state)
{
	struct type_records *records = type_records__new();
	char name[16];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			snprintf(name, sizeof(name), "type%u", i);
			assert_int_equal(add_int(records, name, 4), i + 1);
		}
	type_records__free(records);
}

static void test_a_circle(void **state)
{
	struct type_records *records = type_records__new();
	const struct btf_type *list;
	struct btf *btf;
	int32_t id;

	(void)state;
	add_list(records, "list", "value");
	btf = written(records, false);
	id = btf__find_by_name_kind(btf, "list", BTF_KIND_STRUCT);
	assert_true(id > 0);
	list = btf__type_by_id(btf, id);
	assert_int_equal(btf_vlen(list), 2);
	assert_int_equal(btf__type_by_id(btf, btf_members(list)[0].type)->type, id);
	btf__free(btf);
	type_records__free(records);
}

static uint32_t count_of(const struct btf *btf, const char *name)
{
	uint32_t count = 0;

	for (uint32_t id = 1; id < btf__type_cnt(btf); id++)
		count += !strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off), name);
	return count;
}

/* What two threads found: circles are apart until they are written. */
static void test_appended_circles_become_one(void **state)
{
	struct type_records *records = type_records__new(), *more = type_records__new();
	struct btf *btf;

	(void)state;
	add_list(records, "list", "value");
	string(more, "so that strings have other numbers");
	add_int(more, "long", 8);
	add_list(more, "list", "value");
	add_list(more, "list", "other");
	assert_int_equal(type_records__append(records, more), 0);
	btf = written(records, false);
	assert_int_equal(count_of(btf, "list"), 2);
	assert_int_equal(count_of(btf, "int"), 1);
	assert_int_equal(count_of(btf, "long"), 1);
	/* int, long, and two pointers and structs */
	assert_int_equal(btf__type_cnt(btf), 1 + 6);
	btf__free(btf);
	type_records__free(records);
	type_records__free(more);
}

static void test_what_is_appended_is_translated(void **state)
{
	struct type_records *records = type_records__new(), *more = type_records__new();
	const struct btf_array *array;
	struct type_slot slot = { .bit_size = 7 };
	const struct btf_type *type = NULL;
	struct btf *btf;

	(void)state;
	add_int(records, "char", 1);
	add_int(records, "int", 4);
	slot.bit_offset = add_int(more, "int", 4);
	slot.type = add_int(more, "short", 2);
	add(more, (struct type_record){ .kind = BTF_KIND_ARRAY, .count = 1 }, &slot);
	assert_int_equal(type_records__append(records, more), 0);
	btf = written(records, false);
	assert_int_equal(btf__type_cnt(btf), 1 + 4);
	for (uint32_t id = 1; id < 5 && !(type && btf_is_array(type)); id++)
		type = btf__type_by_id(btf, id);
	assert_true(type && btf_is_array(type));
	array = btf_array(type);
	assert_int_equal(array->nelems, 7);
	assert_string_equal(btf__name_by_offset(btf, btf__type_by_id(btf, array->type)->name_off), "short");
	assert_string_equal(btf__name_by_offset(btf, btf__type_by_id(btf, array->index_type)->name_off), "int");
	btf__free(btf);
	type_records__free(records);
	type_records__free(more);
}

static uint32_t add_forward(struct type_records *records, const char *name, bool of_union)
{
	return add(records, (struct type_record){ .kind = BTF_KIND_FWD, .flags = of_union,
						  .name = string(records, name) }, NULL);
}

/* struct NAME { TYPE *MEMBER; } */
static uint32_t add_holder(struct type_records *records, const char *name, uint32_t type,
			   const char *member)
{
	const struct type_slot slot = { .name = string(records, member),
					.type = add_pointer(records, type) };

	return add(records, (struct type_record){ .kind = BTF_KIND_STRUCT, .size = 8, .count = 1,
						  .name = string(records, name) }, &slot);
}

static uint32_t add_enum(struct type_records *records, const char *name, uint32_t values)
{
	const struct type_slot value = { .name = string(records, "VALUE"), .value = 3 };

	return add(records, (struct type_record){ .kind = BTF_KIND_ENUM, .size = 4, .count = values,
						  .name = string(records, name) }, &value);
}

/* Units and threads come in any. */
static void test_order_does_not_count(void **state)
{
	static const char *const names[] = { "one", "two", "three" };
	void *raw[2];
	size_t size[2];

	(void)state;
	for (uint32_t order = 0; order < 2; order++) {
		struct type_records *records = type_records__new();

		for (uint32_t i = 0; i < 3; i++) {
			add_list(records, names[order ? 2 - i : i], "value");
			add_int(records, names[order ? 2 - i : i], 4);
		}
		assert_int_equal(type_records__write(records, false, &raw[order], &size[order]), 0);
		type_records__free(records);
	}
	assert_int_equal(size[0], size[1]);
	assert_memory_equal(raw[0], raw[1], size[0]);
	free(raw[0]);
	free(raw[1]);
}

/* In each order: units come in any. */
static void test_declarations_become_definitions(void **state)
{
	for (int order = 0; order < 2; order++) {
		struct type_records *records = type_records__new();
		const struct btf_type *found;
		struct btf *btf;
		int32_t id;

		(void)state;
		for (int i = 0; i < 2; i++) {
			bool declared = i == order;

			add_holder(records, "outer", declared ? add_forward(records, "inner", false) :
				   add_holder(records, "inner", 0, "x"), "of");
			add_pointer(records, add_enum(records, "values", declared ? 0 : 1));
		}
		btf = written(records, false);
		assert_int_equal(count_of(btf, "outer"), 1);
		assert_int_equal(count_of(btf, "inner"), 1);
		assert_int_equal(count_of(btf, "values"), 1);
		id = btf__find_by_name_kind(btf, "inner", BTF_KIND_STRUCT);
		found = btf__type_by_id(btf, btf__find_by_name_kind(btf, "outer", BTF_KIND_STRUCT));
		assert_int_equal(btf__type_by_id(btf, btf_members(found)->type)->type, id);
		found = btf__type_by_id(btf, btf__find_by_name_kind(btf, "values", BTF_KIND_ENUM));
		assert_int_equal(btf_vlen(found), 1);
		btf__free(btf);
		type_records__free(records);
	}
}

/* A union is no struct, and of two that differ nobody knows which one is meant. */
static void test_some_declarations_stay(void **state)
{
	struct type_records *records = type_records__new();
	struct btf *btf;

	(void)state;
	add_forward(records, "disputed", false);
	add_holder(records, "disputed", 0, "x");
	add_holder(records, "disputed", 0, "y");
	add_forward(records, "other", true);
	add_holder(records, "other", 0, "x");
	add_forward(records, "gone", false);
	btf = written(records, false);
	assert_int_equal(count_of(btf, "disputed"), 3);
	assert_int_equal(count_of(btf, "other"), 2);
	assert_int_equal(count_of(btf, "gone"), 1);
	btf__free(btf);
	type_records__free(records);
}

/* Bitfields, wide enumerations and declarations, of both byte orders. */
static void test_all_is_told(bool big_endian)
{
	struct type_records *records = type_records__new();
	uint32_t type = add_int(records, "int", 4);
	const struct type_slot member = { .name = string(records, "bits"), .type = type,
					  .bit_offset = 3, .bit_size = 5 };
	const struct type_slot value = { .name = string(records, "HIGH"), .value = -2 };
	const struct btf_type *found;
	struct btf *btf;

	add(records, (struct type_record){ .kind = BTF_KIND_STRUCT, .size = 4, .count = 1,
					   .name = string(records, "s") }, &member);
	add(records, (struct type_record){ .kind = BTF_KIND_ENUM64, .size = 8, .count = 1, .flags = 1,
					   .name = string(records, "wide") }, &value);
	add(records, (struct type_record){ .kind = BTF_KIND_FWD, .flags = 1,
					   .name = string(records, "gone") }, NULL);
	btf = written(records, big_endian);
	found = btf__type_by_id(btf, btf__find_by_name_kind(btf, "s", BTF_KIND_STRUCT));
	assert_int_equal(btf_member_bit_offset(found, 0), 3);
	assert_int_equal(btf_member_bitfield_size(found, 0), 5);
	found = btf__type_by_id(btf, btf__find_by_name_kind(btf, "wide", BTF_KIND_ENUM64));
	assert_true(btf_kflag(found));
	assert_int_equal((int64_t)btf_enum64_value(btf_enum64(found)), -2);
	found = btf__type_by_id(btf, btf__find_by_name_kind(btf, "gone", BTF_KIND_FWD));
	assert_true(btf_kflag(found));
	btf__free(btf);
	type_records__free(records);
}

static void test_little_endian(void **state)
{
	(void)state;
	test_all_is_told(false);
}

static void test_big_endian(void **state)
{
	(void)state;
	test_all_is_told(true);
}

static void test_pointer_table(void **state)
{
	static char keys[5000];
	struct pointer_table table = {};

	(void)state;
	for (uint32_t round = 1; round < 4; round++) {
		for (uint32_t i = 0; i < sizeof(keys); i++) {
			uint32_t *value = pointer_table__at(&table, &keys[i]);

			assert_non_null(value);
			assert_int_equal(*value, 0);
			*value = round * 10000 + i;
		}
		for (uint32_t i = 0; i < sizeof(keys); i++)
			assert_int_equal(*pointer_table__at(&table, &keys[i]), round * 10000 + i);
		pointer_table__clear(&table);
	}
	pointer_table__free(&table);
}

/* After 4 billion times the first generation comes again, and its numbers must not. */
static void test_pointer_table_wraps(void **state)
{
	struct pointer_table table = {};
	int key = 0;

	(void)state;
	*pointer_table__at(&table, &key) = 1;
	table.generation = UINT32_MAX;
	pointer_table__clear(&table);
	assert_int_equal(*pointer_table__at(&table, &key), 0);
	pointer_table__free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_records_are_one),
		cmocka_unit_test(test_members_tell_records_apart),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_a_circle),
		cmocka_unit_test(test_appended_circles_become_one),
		cmocka_unit_test(test_what_is_appended_is_translated),
		cmocka_unit_test(test_order_does_not_count),
		cmocka_unit_test(test_declarations_become_definitions),
		cmocka_unit_test(test_some_declarations_stay),
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_pointer_table),
		cmocka_unit_test(test_pointer_table_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
