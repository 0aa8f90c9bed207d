/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The normal form: copies of one layout become one whatever their pointers lead to, types of
 * other layout never; declarations find their struct; and the proof sees each wrong merge.
 */
#include <errno.h>
#include <kbtf_write.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_blob.h"
#include "canonical.h"
#include "every_kind.h"
#include "member_counters.h"
#include "normal_form.h"
#include "normal_proof.h"

static struct blob every_kind_blob(unsigned int version)
{
	struct blob blob;

	blob.data = every_kind(version, &blob.size);
	return blob;
}

static struct blob normal_of(struct blob blob)
{
	struct blob out = {};

	assert_int_equal(kbtf_btf__normalize(blob.data, blob.size, &out.data, &out.size, NULL), 0);
	return out;
}

static void assert_same_bytes(struct blob a, struct blob b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

/*
 * Its normal form, opened; `btf` is used up. The order makes no other, nor do up to so many
 * copies, nor is its own another.
 */
static struct btf *open_normal_of_copies(struct btf *btf, uint32_t copies)
{
	struct blob blob = close_blob(btf), normal = normal_of(blob), again = normal_of(normal);

	assert_same_bytes(normal, again);
	free(again.data);
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct blob other = rewrite_blob(blob, seed, 1 + seed % copies, NULL);

		again = normal_of(other);
		assert_same_bytes(normal, again);
		free(again.data);
		free(other.data);
	}
	btf = open_blob(normal);
	free(normal.data);
	free(blob.data);
	return btf;
}

static struct btf *open_normal(struct btf *btf)
{
	return open_normal_of_copies(btf, 3);
}

static bool is_one(const struct btf *btf, uint32_t id, const char *name, int kind)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	return btf_kind(type) == kind && strcmp(btf__name_by_offset(btf, type->name_off), name) == 0;
}

static int count_of(const struct btf *btf, const char *name, int kind)
{
	int count = 0;

	for (uint32_t i = 1; i < btf__type_cnt(btf); i++)
		count += is_one(btf, i, name, kind);
	return count;
}

/* The only one of this name. */
static const struct btf_type *only(const struct btf *btf, const char *name, int kind)
{
	assert_int_equal(count_of(btf, name, kind), 1);
	return btf__type_by_id(btf, btf__find_by_name_kind(btf, name, kind));
}

static const struct btf_type *type_of_member(const struct btf *btf, const struct btf_type *type,
					     int member_number)
{
	return btf__type_by_id(btf, btf_members(type)[member_number].type);
}

static const char *member_name(const struct btf *btf, const struct btf_type *type, int number)
{
	return btf__name_by_offset(btf, btf_members(type)[number].name_off);
}

/* ---- what becomes one -------------------------------------------------------------------- */

/* union { int NOW; struct { int old; } __UNIQUE_ID_<stem><counter>; } */
static int add_choice(struct btf *btf, int number, const char *now, const char *stem, int counter)
{
	char name[64];
	int hidden, choice;

	snprintf(name, sizeof(name), "__UNIQUE_ID_%s%d", stem, counter);
	hidden = must(btf__add_struct(btf, NULL, 4));
	member(btf, "old", number, 0, 0);
	choice = must(btf__add_union(btf, NULL, 4));
	member(btf, now, number, 0, 0);
	member(btf, name, hidden, 0, 0);
	return choice;
}

/*
 * struct task { union { int now; struct { int old; } __UNIQUE_ID_<stem><counter>; };
 *               struct mm *mm; };
 */
static int add_unit(struct btf *btf, int number, const char *stem, int counter)
{
	int choice = add_choice(btf, number, "now", stem, counter);
	int task = must(btf__add_struct(btf, "task", 16));

	member(btf, "", choice, 0, 0);
	member(btf, "mm", task + 1, 64, 0);
	must(btf__add_ptr(btf, task + 2));
	/* struct mm { struct task *owner; } */
	must(btf__add_struct(btf, "mm", 8));
	member(btf, "owner", task + 3, 0, 0);
	must(btf__add_ptr(btf, task));
	return task;
}

static void test_copies_of_units_become_one(void **state)
{
	struct btf *btf = btf__new_empty();
	const struct btf_type *task, *choice;
	int number = must(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));

	(void)state;
	for (int i = 0; i < 5; i++)
		add_unit(btf, number, "rh_kabi_hide", 8 + i);
	btf = open_normal(btf);
	task = only(btf, "task", BTF_KIND_STRUCT);
	only(btf, "mm", BTF_KIND_STRUCT);
	choice = type_of_member(btf, task, 0);
	assert_string_equal(member_name(btf, choice, 1), "__UNIQUE_ID_rh_kabi_hide0");
	/* int, two types without a name, two structs and pointers to them */
	assert_int_equal(btf__type_cnt(btf) - 1, 7);
	btf__free(btf);
}

static void test_counters_that_stay(void **state)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, BTF_INT_SIGNED)), proto;
	const struct btf_type *function;

	(void)state;
	/* one counter is no variation, none is no counter; what is no member may be a symbol's name */
	must(btf__add_struct(btf, "one", 4));
	member(btf, "__UNIQUE_ID_single7", number, 0, 0);
	must(btf__add_struct(btf, "two", 8));
	member(btf, "__UNIQUE_ID_pair7", number, 0, 0);
	member(btf, "__UNIQUE_ID_pair22", number, 32, 0);
	must(btf__add_struct(btf, "none", 12));
	member(btf, "__UNIQUE_ID_pair", number, 0, 0);
	member(btf, "__UNIQUE_ID_5", number, 32, 0);
	member(btf, "UNIQUE_ID_pair6", number, 64, 0);
	proto = must(btf__add_func_proto(btf, 0));
	must(btf__add_func_param(btf, "__UNIQUE_ID_pair7", number));
	must(btf__add_func(btf, "__UNIQUE_ID_pair7", BTF_FUNC_STATIC, proto));
	must(btf__add_func(btf, "__UNIQUE_ID_single8", BTF_FUNC_STATIC, proto));
	btf = open_normal(btf);
	assert_string_equal(member_name(btf, only(btf, "one", BTF_KIND_STRUCT), 0),
			    "__UNIQUE_ID_single7");
	assert_string_equal(member_name(btf, only(btf, "two", BTF_KIND_STRUCT), 0),
			    "__UNIQUE_ID_pair0");
	assert_string_equal(member_name(btf, only(btf, "two", BTF_KIND_STRUCT), 1),
			    "__UNIQUE_ID_pair1");
	assert_string_equal(member_name(btf, only(btf, "none", BTF_KIND_STRUCT), 0),
			    "__UNIQUE_ID_pair");
	assert_string_equal(member_name(btf, only(btf, "none", BTF_KIND_STRUCT), 1),
			    "__UNIQUE_ID_5");
	assert_string_equal(member_name(btf, only(btf, "none", BTF_KIND_STRUCT), 2),
			    "UNIQUE_ID_pair6");
	function = only(btf, "__UNIQUE_ID_pair7", BTF_KIND_FUNC);
	function = btf__type_by_id(btf, function->type);
	assert_string_equal(btf__name_by_offset(btf, btf_params(function)[0].name_off),
			    "__UNIQUE_ID_pair7");
	btf__free(btf);
}

static void assert_hidden(const struct btf *btf, const struct btf_type *choice, const char *name)
{
	assert_string_equal(member_name(btf, choice, 1), name);
}

/* C forbids one name two times in a scope, to which members without a name contribute. */
static void test_counts_in_scopes(void **state)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, 0));
	const struct btf_type *outer, *group, *next;

	(void)state;
	for (int unit = 0; unit < 4; unit++) {
		int first = add_choice(btf, number, "a", "hide", 10 * unit + 1);
		int second = add_choice(btf, number, "b", "other", 10 * unit + 2);
		int third = add_choice(btf, number, "c", "hide", 10 * unit + 4);
		int fourth = add_choice(btf, number, "d", "hide", 10 * unit + 5);
		int fifth = add_choice(btf, number, "e", "hide", 10 * unit + 7), within, inner;

		inner = must(btf__add_struct(btf, NULL, 8));
		member(btf, "", second, 0, 0);
		member(btf, "", third, 32, 0);
		/* a scope of its own */
		within = must(btf__add_struct(btf, NULL, 4));
		member(btf, "", fourth, 0, 0);
		must(btf__add_struct(btf, "outer", 20));
		member(btf, "", first, 0, 0);
		member(btf, "", inner, 32, 0);
		member(btf, "named", within, 96, 0);
		member(btf, "", fifth, 128, 0);
	}
	btf = open_normal_of_copies(btf, 1);
	outer = only(btf, "outer", BTF_KIND_STRUCT);
	assert_hidden(btf, type_of_member(btf, outer, 0), "__UNIQUE_ID_hide0");
	group = type_of_member(btf, outer, 1);
	assert_hidden(btf, type_of_member(btf, group, 0), "__UNIQUE_ID_other1");
	assert_hidden(btf, type_of_member(btf, group, 1), "__UNIQUE_ID_hide2");
	next = type_of_member(btf, type_of_member(btf, outer, 2), 0);
	assert_hidden(btf, next, "__UNIQUE_ID_hide0");
	assert_hidden(btf, type_of_member(btf, outer, 3), "__UNIQUE_ID_hide3");
	btf__free(btf);
}

/* What several hold, at other counts, counts for itself, whoever comes first. */
static void test_counts_of_what_is_shared(void **state)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, 0));
	int shared = add_choice(btf, number, "a", "hide", 4), group;
	int other = add_choice(btf, number, "b", "hide", 8);
	int alone = add_choice(btf, number, "c", "hide", 6);

	(void)state;
	group = must(btf__add_struct(btf, NULL, 8));
	member(btf, "", other, 0, 0);
	member(btf, "", shared, 32, 0);
	must(btf__add_struct(btf, "one", 4));
	member(btf, "", shared, 0, 0);
	must(btf__add_struct(btf, "two", 12));
	member(btf, "", alone, 0, 0);
	member(btf, "", group, 32, 0);
	must(btf__add_struct(btf, "three", 8));
	member(btf, "", group, 0, 0);
	btf = open_normal_of_copies(btf, 1);
	assert_hidden(btf, type_of_member(btf, only(btf, "one", BTF_KIND_STRUCT), 0),
		      "__UNIQUE_ID_hide0");
	assert_hidden(btf, type_of_member(btf, only(btf, "two", BTF_KIND_STRUCT), 0),
		      "__UNIQUE_ID_hide0");
	btf__free(btf);
}

/* struct NAME { int first; [int more;] }; */
static int add_inner(struct btf *btf, const char *name, int number, bool more)
{
	int type = must(btf__add_struct(btf, name, more ? 8 : 4));

	member(btf, "first", number, 0, 0);
	if (more)
		member(btf, "more", number, 32, 0);
	return type;
}

static void add_holder(struct btf *btf, const char *name, int pointer)
{
	must(btf__add_struct(btf, name, 8));
	member(btf, "inner", pointer, 0, 0);
}

/* Behind a pointer the name counts: it leads where it mostly did. A single one's stays. */
static void test_pointers_lead_where_most_did(void **state)
{
	(void)state;
	for (int most = 0; most < 2; most++) {
		struct btf *btf = btf__new_empty();
		int number = must(btf__add_int(btf, "int", 4, 0)), pointer[2];
		const struct btf_type *inner;

		for (int more = 0; more < 2; more++)
			pointer[more] = must(btf__add_ptr(btf, add_inner(btf, "inner", number,
									 more)));
		for (int i = 0; i < 5; i++)
			add_holder(btf, "holder", pointer[i < 3 ? most : !most]);
		add_holder(btf, "loner", pointer[!most]);
		btf = open_normal(btf);
		assert_int_equal(count_of(btf, "inner", BTF_KIND_STRUCT), 2);
		inner = type_of_member(btf, only(btf, "holder", BTF_KIND_STRUCT), 0);
		assert_int_equal(btf__type_by_id(btf, inner->type)->size, most ? 8 : 4);
		inner = type_of_member(btf, only(btf, "loner", BTF_KIND_STRUCT), 0);
		assert_int_equal(btf__type_by_id(btf, inner->type)->size, most ? 4 : 8);
		btf__free(btf);
	}
}

/* A function's parameters are no parts of it, nor of what its type has a name for. */
static void test_parameters_are_no_parts(void **state)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, 0));

	(void)state;
	for (int more = 0; more < 2; more++) {
		int inner = add_inner(btf, "inner", number, more), proto;

		proto = must(btf__add_func_proto(btf, 0));
		must(btf__add_func_param(btf, "value", inner));
		must(btf__add_func(btf, "function", BTF_FUNC_STATIC, proto));
		must(btf__add_typedef(btf, "function_t", proto));
	}
	btf = open_normal_of_copies(btf, 1);
	assert_int_equal(count_of(btf, "inner", BTF_KIND_STRUCT), 2);
	only(btf, "function", BTF_KIND_FUNC);
	only(btf, "function_t", BTF_KIND_TYPEDEF);
	btf__free(btf);
}

/* ---- declarations ------------------------------------------------------------------------ */

/* struct user { struct thing *one; union thing *other; } before and after `definitions` structs. */
static struct btf *declarations(int definitions)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, 0));
	int one = must(btf__add_ptr(btf, must(btf__add_fwd(btf, "thing", BTF_FWD_STRUCT))));
	int other = must(btf__add_ptr(btf, must(btf__add_fwd(btf, "thing", BTF_FWD_UNION))));

	must(btf__add_struct(btf, "user", 16));
	member(btf, "one", one, 0, 0);
	member(btf, "other", other, 64, 0);
	for (int i = 0; i < definitions; i++) {
		one = must(btf__add_ptr(btf, add_inner(btf, "thing", number, i)));
		must(btf__add_struct(btf, "user", 16));
		member(btf, "one", one, 0, 0);
		member(btf, "other", other, 64, 0);
	}
	/* a copy of a pointer that no copy of a struct has stays where the pointer itself goes */
	return open_normal_of_copies(btf, 1);
}

static void test_declarations(void **state)
{
	struct btf *btf;

	(void)state;
	for (int definitions = 0; definitions < 3; definitions++) {
		const struct btf_type *user, *target;

		btf = declarations(definitions);
		user = only(btf, "user", BTF_KIND_STRUCT);
		target = btf__type_by_id(btf, type_of_member(btf, user, 0)->type);
		assert_string_equal(btf__name_by_offset(btf, target->name_off), "thing");
		assert_int_equal(count_of(btf, "thing", BTF_KIND_STRUCT), definitions);
		/* a union's is never a struct's; a struct's stays unless there is just one struct */
		assert_int_equal(count_of(btf, "thing", BTF_KIND_FWD), definitions == 1 ? 1 : 2);
		if (definitions == 1)
			assert_int_equal(btf_kind(target), BTF_KIND_STRUCT);
		target = btf__type_by_id(btf, type_of_member(btf, user, 1)->type);
		assert_int_equal(btf_kind(target), BTF_KIND_FWD);
		assert_true(btf_kflag(target));
		btf__free(btf);
	}
}

static void test_declarations_of_unions(void **state)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, 0)), thing;

	(void)state;
	thing = must(btf__add_fwd(btf, "thing", BTF_FWD_UNION));
	add_holder(btf, "holder", must(btf__add_ptr(btf, thing)));
	thing = must(btf__add_union(btf, "thing", 4));
	member(btf, "first", number, 0, 0);
	add_holder(btf, "holder", must(btf__add_ptr(btf, thing)));
	btf = open_normal(btf);
	only(btf, "holder", BTF_KIND_STRUCT);
	only(btf, "thing", BTF_KIND_UNION);
	assert_int_equal(btf__type_cnt(btf) - 1, 4);
	btf__free(btf);
}

/* ---- what must not become one ------------------------------------------------------------ */

/*
 * Types of one name whose paths differ in one thing, by `other`. Each adds struct outer last, and
 * gives its ID.
 */
static int outer_of(struct btf *btf, int part, unsigned int bits, unsigned int width, int size)
{
	int outer = must(btf__add_struct(btf, "outer", size));

	member(btf, "part", part, bits, width);
	return outer;
}

static int by_size(struct btf *btf, int number, bool other)
{
	return outer_of(btf, number, 0, 0, other ? 16 : 8);
}

static int by_offset(struct btf *btf, int number, bool other)
{
	return outer_of(btf, number, other ? 32 : 0, 0, 8);
}

static int by_bitfield(struct btf *btf, int number, bool other)
{
	return outer_of(btf, number, 0, other ? 5 : 4, 8);
}

static int by_size_of_number(struct btf *btf, int number, bool other)
{
	(void)number;
	return outer_of(btf, must(btf__add_int(btf, "number", other ? 8 : 4, 0)), 0, 0, 8);
}

static int by_sign(struct btf *btf, int number, bool other)
{
	(void)number;
	return outer_of(btf, must(btf__add_int(btf, "number", 4, other ? BTF_INT_SIGNED : 0)), 0, 0,
			8);
}

static int by_length(struct btf *btf, int number, bool other)
{
	return outer_of(btf, must(btf__add_array(btf, number, number, other ? 2 : 1)), 0, 0, 8);
}

static int by_inner(struct btf *btf, int number, bool other)
{
	return outer_of(btf, add_inner(btf, "inner", number, other), 0, 0, 8);
}

static int by_inner_without_name(struct btf *btf, int number, bool other)
{
	int part = must(btf__add_struct(btf, NULL, 8));

	member(btf, "deep", number, other ? 32 : 0, 0);
	return outer_of(btf, part, 0, 0, 8);
}

static int by_array_of_typedef(struct btf *btf, int number, bool other)
{
	int part = must(btf__add_const(btf, add_inner(btf, "inner", number, other)));

	part = must(btf__add_typedef(btf, "inner_t", part));
	return outer_of(btf, must(btf__add_array(btf, part, number, 1)), 0, 0, 8);
}

static int by_enumerator(struct btf *btf, int number, bool other)
{
	int colours = must(btf__add_enum(btf, "colour", 4));

	(void)number;
	must(btf__add_enum_value(btf, "RED", other));
	return outer_of(btf, colours, 0, 0, 8);
}

static int by_name_of_part(struct btf *btf, int number, bool other)
{
	return outer_of(btf, add_inner(btf, other ? "inner" : "other", number, false), 0, 0, 8);
}

static int by_name_of_member(struct btf *btf, int number, bool other)
{
	int outer = must(btf__add_struct(btf, "outer", 8));

	member(btf, other ? "part" : "__UNIQUE_ID_part", number, 0, 0);
	return outer;
}

static int by_what_is_pointed_to(struct btf *btf, int number, bool other)
{
	int part = must(btf__add_ptr(btf, add_inner(btf, other ? "inner" : "other", number, false)));

	return outer_of(btf, part, 0, 0, 8);
}

static int by_kind_of_declaration(struct btf *btf, int number, bool other)
{
	int part = must(btf__add_fwd(btf, "inner", other ? BTF_FWD_UNION : BTF_FWD_STRUCT));

	(void)number;
	return outer_of(btf, must(btf__add_ptr(btf, part)), 0, 0, 8);
}

static int by_declaration_of_another(struct btf *btf, int number, bool other)
{
	int part = other ? must(btf__add_fwd(btf, "inner", BTF_FWD_UNION))
			 : add_inner(btf, "inner", number, false);

	return outer_of(btf, must(btf__add_ptr(btf, part)), 0, 0, 8);
}

/* "…p1" has a counter, which stays as it is the only one. */
static int by_what_follows_a_counter(struct btf *btf, int number, bool other)
{
	int outer = must(btf__add_struct(btf, "outer", 8));

	member(btf, other ? "__UNIQUE_ID_p1q" : "__UNIQUE_ID_p1", number, 0, 0);
	return outer;
}

static int by_count_of_members(struct btf *btf, int number, bool other)
{
	int outer = outer_of(btf, number, 0, 0, 8);

	if (other)
		member(btf, "more", number, 32, 0);
	return outer;
}

static int by_pointer(struct btf *btf, int number, bool other)
{
	int part = must(btf__add_ptr(btf, number));

	return outer_of(btf, other ? must(btf__add_ptr(btf, part)) : part, 0, 0, 8);
}

static int by_parameter(struct btf *btf, int number, bool other)
{
	int proto = must(btf__add_func_proto(btf, 0));

	must(btf__add_func_param(btf, "argument", other ? number : 0));
	return outer_of(btf, must(btf__add_ptr(btf, proto)), 0, 0, 8);
}

typedef int (*add_fn)(struct btf *btf, int number, bool other);

static const add_fn differences[] = {
	by_size, by_offset, by_bitfield, by_size_of_number, by_sign, by_length, by_inner,
	by_inner_without_name, by_array_of_typedef, by_enumerator, by_name_of_part,
	by_name_of_member, by_what_is_pointed_to, by_kind_of_declaration,
	by_declaration_of_another, by_what_follows_a_counter, by_count_of_members, by_pointer,
	by_parameter,
};

#define DIFFERENCES (sizeof(differences) / sizeof(differences[0]))

/* Both, two times. */
static struct btf *both(add_fn add, int outer[4])
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));

	for (int i = 0; i < 4; i++)
		outer[i] = add(btf, number, i % 2);
	return btf;
}

static void test_other_layouts_stay_apart(void **state)
{
	int outer[4];

	(void)state;
	for (size_t i = 0; i < DIFFERENCES; i++) {
		struct btf *btf = open_normal(both(differences[i], outer));

		if (count_of(btf, "outer", BTF_KIND_STRUCT) != 2)
			fail_msg("difference %zu: %d left", i,
				 count_of(btf, "outer", BTF_KIND_STRUCT));
		btf__free(btf);
	}
}

/* ---- the proof --------------------------------------------------------------------------- */

struct proven {
	struct type_graph graph, normal;
	uint32_t *map;
	uint32_t at_fault;
};

static struct proven prove(struct blob blob)
{
	struct proven proven = {};
	struct type_graph unified;
	uint32_t count;

	assert_int_equal(type_graph__parse(blob.data, blob.size, &proven.graph, NULL), 0);
	assert_int_equal(type_graph__parse(blob.data, blob.size, &unified, NULL), 0);
	proven.map = some(4 * (size_t)proven.graph.type_count);
	assert_int_equal(member_counters__unify(&unified, &count), 0);
	assert_int_equal(normal_form__of(&unified, &proven.normal, proven.map), 0);
	type_graph__free(&unified);
	return proven;
}

static int check(struct proven *proven)
{
	return normal_proof__check(&proven->graph, &proven->normal, proven->map,
				   &proven->at_fault);
}

static void proven__free(struct proven *proven)
{
	type_graph__free(&proven->graph);
	type_graph__free(&proven->normal);
	free(proven->map);
}

/* One stands for another of its name that is not like it: this one is named. */
static void test_proof_sees_each_wrong_merge(void **state)
{
	int outer[4];

	(void)state;
	for (size_t i = 0; i < DIFFERENCES; i++) {
		struct blob blob = close_blob(both(differences[i], outer));
		struct proven proven = prove(blob);

		assert_int_equal(check(&proven), 0);
		assert_int_equal(proven.map[outer[0]], proven.map[outer[2]]);
		assert_int_not_equal(proven.map[outer[0]], proven.map[outer[1]]);
		for (int wrong = 0; wrong < 4; wrong++) {
			uint32_t was = proven.map[outer[wrong]];

			proven.map[outer[wrong]] = proven.map[outer[(wrong + 1) % 4]];
			if (check(&proven) != -EIO || proven.at_fault != (uint32_t)outer[wrong])
				fail_msg("difference %zu is not seen", i);
			proven.map[outer[wrong]] = was;
		}
		assert_int_equal(check(&proven), 0);
		proven__free(&proven);
		free(blob.data);
	}
}

/* What stands for a declaration is a struct of its name, and no union. */
static void test_proof_sees_wrong_definitions(void **state)
{
	struct btf *btf = btf__new_empty();
	int declaration = must(btf__add_fwd(btf, "thing", BTF_FWD_STRUCT));
	int right = must(btf__add_struct(btf, "thing", 8));
	int others[] = { must(btf__add_union(btf, "thing", 8)),
			 must(btf__add_struct(btf, "other", 8)) };
	struct blob blob = close_blob(btf);
	struct proven proven = prove(blob);

	(void)state;
	assert_int_equal(check(&proven), 0);
	assert_int_equal(proven.map[declaration], proven.map[right]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		proven.map[declaration] = proven.map[others[i]];
		assert_int_equal(check(&proven), -EIO);
		assert_int_equal(proven.at_fault, declaration);
	}
	proven__free(&proven);
	free(blob.data);
}

static void assert_seen(struct proven *proven, uint32_t *word, uint32_t changed)
{
	uint32_t was = *word;

	assert_true(was != changed);
	*word = changed;
	assert_int_equal(check(proven), -EIO);
	*word = was;
}

static bool one_name(const struct graph_type *a, const struct graph_type *b)
{
	return a->name && a->name == b->name && a->kind == b->kind;
}

/* Of two variants of one name one is as good as the other, behind a pointer. */
static void assert_reference_seen(struct proven *proven, uint8_t kind, uint32_t *word, int *passed)
{
	const struct graph_type *types = proven->normal.types;
	uint32_t changed = (*word + 1) % proven->normal.type_count;
	const struct graph_type *a = &types[*word], *b = &types[changed];

	if ((type_kind__is_indirect(kind) && one_name(a, b)) ||
	    (a->kind == TYPE_PTR && b->kind == TYPE_PTR && one_name(&types[a->ref], &types[b->ref])))
		(*passed)++;
	else
		assert_seen(proven, word, changed);
}

/* Whatever is changed in the normal form, or in what is said to stand for what, is seen. */
static void test_proof_sees_each_difference(void **state)
{
	struct blob blob = every_kind_blob(1), many = rewrite_blob(blob, 3, 2, NULL);
	struct proven proven = prove(many);
	struct type_graph *normal = &proven.normal;
	int passed = 0;

	(void)state;
	assert_int_equal(check(&proven), 0);
	for (uint32_t i = 1; i < proven.graph.type_count; i++)
		if (graph_type__is_named(&proven.graph.types[i])) {
			assert_seen(&proven, &proven.map[i],
				    proven.map[i] % (normal->type_count - 1) + 1);
			assert_seen(&proven, &proven.map[i], 0);
			assert_seen(&proven, &proven.map[i], normal->type_count);
		}
	for (uint32_t i = 1; i < normal->type_count; i++) {
		struct graph_type *type = &normal->types[i];

		assert_seen(&proven, &type->name, (type->name + 1) % normal->string_count);
		assert_seen(&proven, &type->size, type->size + 1);
		assert_seen(&proven, &type->extra, type->extra + 1);
		assert_reference_seen(&proven, type->kind, &type->ref, &passed);
		type->flag = !type->flag;
		assert_int_equal(check(&proven), -EIO);
		type->flag = !type->flag;
		for (uint32_t k = 0; k < type->count; k++) {
			struct graph_slot *slot = &normal->slots[type->first + k];

			assert_seen(&proven, &slot->name, (slot->name + 1) % normal->string_count);
			assert_seen(&proven, &slot->value, slot->value + 1);
			assert_seen(&proven, &slot->high, slot->high + 1);
			assert_reference_seen(&proven, type->kind, &slot->type, &passed);
		}
	}
	assert_int_equal(check(&proven), 0);
	/* every_kind() has two structs ops that have a pointer to themselves */
	assert_in_range(passed, 1, 4);
	proven__free(&proven);
	free(many.data);
	free(blob.data);
}

/* A type that stands for none is none of what came in. */
static void test_proof_sees_what_was_made_up(void **state)
{
	struct btf *btf = btf__new_empty();
	struct proven proven, more;
	struct blob blob;

	(void)state;
	must(btf__add_int(btf, "int", 4, 0));
	blob = close_blob(btf);
	proven = prove(blob);
	btf = open_blob(blob);
	must(btf__add_int(btf, "long", 8, 0));
	free(blob.data);
	blob = close_blob(btf);
	more = prove(blob);
	assert_int_equal(normal_proof__check(&proven.graph, &more.normal, more.map,
					     &proven.at_fault), -EIO);
	assert_int_equal(proven.at_fault, 0);
	proven__free(&proven);
	proven__free(&more);
	free(blob.data);
}

/* ---- where there is nothing to merge ----------------------------------------------------- */

static void test_canonical_where_nothing_is_to_merge(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every_kind_blob(version), canonical, normal;
		struct kbtf_normalization about = { .sz = sizeof(about) };

		assert_int_equal(kbtf_btf__canonical(blob.data, blob.size, &canonical.data,
						     &canonical.size), 0);
		assert_int_equal(kbtf_btf__normalize(blob.data, blob.size, &normal.data,
						     &normal.size, &about), 0);
		assert_same_bytes(normal, canonical);
		assert_int_equal(about.types, about.types_left);
		assert_int_equal(about.counters, 0);
		assert_string_equal(about.at_fault, "");
		free(normal.data);
		for (uint64_t seed = 1; seed < 50; seed++) {
			struct blob many = rewrite_blob(blob, seed, 1 + seed % 4, NULL);
			struct blob big = big_endian(many);

			normal = normal_of(big);
			assert_same_bytes(normal, canonical);
			free(normal.data);
			free(big.data);
			free(many.data);
		}
		free(canonical.data);
		free(blob.data);
	}
}

static void test_counts(void **state)
{
	struct btf *btf = btf__new_empty();
	int number = must(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	struct {
		struct kbtf_normalization about;
		uint32_t after;
	} room = { .after = 77 };
	struct blob blob, normal;

	(void)state;
	for (int i = 0; i < 5; i++)
		add_unit(btf, number, i % 2 ? "one" : "other", i);
	blob = close_blob(btf);
	room.about.sz = offsetof(struct kbtf_normalization, counters);
	room.about.counters = 55;
	assert_int_equal(kbtf_btf__normalize(blob.data, blob.size, &normal.data, &normal.size,
					     &room.about), 0);
	assert_int_equal(room.about.types, 31);
	/* two unions and two structs task, which differ by the stem; one each of the other five */
	assert_int_equal(room.about.types_left, 9);
	/* a caller of an older header has no room for what came later */
	assert_int_equal(room.about.counters, 55);
	free(normal.data);
	room.about.sz = sizeof(room.about);
	assert_int_equal(kbtf_btf__normalize(blob.data, blob.size, &normal.data, &normal.size,
					     &room.about), 0);
	assert_int_equal(room.about.counters, 5);
	assert_int_equal(room.after, 77);
	free(normal.data);
	free(blob.data);
}

/* ---- what is refused --------------------------------------------------------------------- */

static void assert_refused(struct btf *btf)
{
	struct blob blob = close_blob(btf), out;

	for (uint64_t seed = 0; seed < 20; seed++) {
		struct blob other = rewrite_blob(blob, seed, 1 + seed % 2, NULL);

		assert_int_equal(kbtf_btf__normalize(other.data, other.size, &out.data, &out.size,
						     NULL), -EINVAL);
		free(other.data);
	}
	free(blob.data);
}

static void test_circles_without_a_name(void **state)
{
	struct btf *btf = btf__new_empty();
	struct blob out;

	(void)state;
	must(btf__add_ptr(btf, 2));
	must(btf__add_const(btf, 1));
	assert_refused(btf);
	btf = btf__new_empty();
	must(btf__add_typedef(btf, "circle", 2));
	must(btf__add_const(btf, 3));
	must(btf__add_ptr(btf, 2));
	assert_refused(btf);
	assert_int_equal(kbtf_btf__normalize("no BTF", 6, &out.data, &out.size, NULL), -EINVAL);
}

/* Structs that hold the one before twice: by all their paths it would take for ever. */
static void test_nesting_in_two_ways(void **state)
{
	struct btf *btf = btf__new_empty();

	(void)state;
	for (int copy = 0; copy < 2; copy++) {
		int part = must(btf__add_int(btf, "char", 1, 0));

		for (int i = 0; i < 29; i++) {
			int pair = must(btf__add_struct(btf, NULL, 2u << i));

			member(btf, "left", part, 0, 0);
			member(btf, "right", part, 8u << i, 0);
			part = pair;
		}
		must(btf__add_typedef(btf, "tower", part));
	}
	btf = open_normal(btf);
	only(btf, "tower", BTF_KIND_TYPEDEF);
	assert_int_equal(btf__type_cnt(btf) - 1, 31);
	btf__free(btf);
}

static void test_nothing(void **state)
{
	struct blob blob = close_blob(btf__new_empty()), normal = normal_of(blob);

	(void)state;
	assert_same_bytes(blob, normal);
	free(normal.data);
	free(blob.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_of_units_become_one),
		cmocka_unit_test(test_counters_that_stay),
		cmocka_unit_test(test_counts_in_scopes),
		cmocka_unit_test(test_counts_of_what_is_shared),
		cmocka_unit_test(test_pointers_lead_where_most_did),
		cmocka_unit_test(test_parameters_are_no_parts),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_declarations_of_unions),
		cmocka_unit_test(test_other_layouts_stay_apart),
		cmocka_unit_test(test_proof_sees_each_wrong_merge),
		cmocka_unit_test(test_proof_sees_wrong_definitions),
		cmocka_unit_test(test_proof_sees_each_difference),
		cmocka_unit_test(test_proof_sees_what_was_made_up),
		cmocka_unit_test(test_canonical_where_nothing_is_to_merge),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_circles_without_a_name),
		cmocka_unit_test(test_nesting_in_two_ways),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
