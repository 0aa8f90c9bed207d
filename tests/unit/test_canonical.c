/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The canonical form: the same bytes whatever order, number of copies and byte order the
 * types come in; equivalent to what came in, by a comparison that knows only libbpf; in the
 * order that canonical.h says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_blob.h"
#include "canonical.h"
#include "every_kind.h"
#include "type_graph.h"

static struct blob every(unsigned int version)
{
	struct blob blob;

	blob.data = every_kind(version, &blob.size);
	return blob;
}

/* 0 or the error. */
static int try_canonical(struct blob blob, struct blob *out)
{
	struct type_graph graph, canonical;
	int err;

	assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, NULL), 0);
	err = type_graph__canonicalize(&graph, &canonical, NULL);
	type_graph__free(&graph);
	if (err)
		return err;
	assert_int_equal(type_graph__write(&canonical, &out->data, &out->size), 0);
	type_graph__free(&canonical);
	return 0;
}

static struct blob canonical_of(struct blob blob)
{
	struct blob out = {};

	assert_int_equal(try_canonical(blob, &out), 0);
	return out;
}

static void assert_same_bytes(struct blob a, struct blob b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

/* The canonical form of `changed`, which is freed, is this one. */
static void assert_canonical(struct blob changed, struct blob expected)
{
	struct blob canonical = canonical_of(changed);

	assert_same_bytes(canonical, expected);
	free(canonical.data);
	free(changed.data);
}

/* ---- the same bytes ------------------------------------------------------------------- */

static void test_any_order_gives_the_same_bytes(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every(version), canonical = canonical_of(blob);

		for (uint64_t seed = 1; seed <= 200; seed++)
			assert_canonical(rewrite_blob(blob, seed, 1, NULL), canonical);
		free(canonical.data);
		free(blob.data);
	}
}

static void test_copies_are_one(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every(version), canonical = canonical_of(blob);

		for (uint32_t copies = 2; copies <= 5; copies++)
			for (uint64_t seed = 0; seed <= 40; seed++)
				assert_canonical(rewrite_blob(blob, seed, copies, NULL), canonical);
		free(canonical.data);
		free(blob.data);
	}
}

static void test_either_byte_order(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every(version), canonical = canonical_of(blob);
		struct blob big = big_endian(blob);

		assert_int_equal(*(uint8_t *)big.data, BTF_MAGIC >> 8);
		assert_canonical(big, canonical);
		free(canonical.data);
		free(blob.data);
	}
}

static void test_its_own_canonical_form(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every(version), canonical = canonical_of(blob);

		assert_canonical(blob_of(canonical.data, canonical.size), canonical);
		free(canonical.data);
		free(blob.data);
	}
}

/* ---- the same types ----------------------------------------------------------------------- */

static void test_equivalent_to_what_came_in(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every(version), canonical = canonical_of(blob);
		struct blob many = rewrite_blob(blob, 7, 2, NULL);

		assert_true(blobs_equivalent(blob, canonical));
		assert_true(blobs_equivalent(many, canonical));
		free(many.data);
		free(canonical.data);
		free(blob.data);
	}
}

/* The comparison sees what it is for: a difference anywhere in the types. */
static void test_comparison_can_fail(void **state)
{
	struct blob blob = every(1), other = every(2);
	size_t types = ((struct blob_header *)blob.data)->type_len, seen = 0;

	(void)state;
	assert_false(blobs_equivalent(blob, other));
	for (size_t i = sizeof(struct blob_header); i < sizeof(struct blob_header) + types; i += 4) {
		struct blob changed = blob_of(blob.data, blob.size);
		struct type_graph graph;

		((uint8_t *)changed.data)[i] ^= 1;
		if (type_graph__parse(changed.data, changed.size, &graph, NULL) == 0) {
			seen += !blobs_equivalent(blob, changed);
			type_graph__free(&graph);
		}
		free(changed.data);
	}
	assert_true(seen > types / 4 / 2);
	free(blob.data);
	free(other.data);
}

static void test_types_that_differ_far_away_stay_apart(void **state)
{
	struct btf *btf = btf__new_empty();
	struct blob blob, canonical;
	int type[2], number;

	(void)state;
	/* two chains of ten structs of the same names, which end in an int and a long */
	for (int i = 0; i < 2; i++) {
		type[i] = must(btf__add_int(btf, "number", i ? 8 : 4, 0));
		for (int k = 0; k < 10; k++) {
			char name[32];

			snprintf(name, sizeof(name), "chain%d", k);
			number = must(btf__add_ptr(btf, type[i]));
			type[i] = must(btf__add_struct(btf, name, 8));
			member(btf, "next", number, 0, 0);
		}
	}
	blob = close_blob(btf);
	canonical = canonical_of(blob);
	btf = open_blob(canonical);
	assert_int_equal(btf__type_cnt(btf), 1 + 2 * 21);
	btf__free(btf);
	assert_true(blobs_equivalent(blob, canonical));
	for (uint64_t seed = 1; seed < 20; seed++)
		assert_canonical(rewrite_blob(blob, seed, 2, NULL), canonical);
	free(canonical.data);
	free(blob.data);
}

/* ---- its proof ------------------------------------------------------------------------------ */

static void assert_seen(const struct type_graph *graph, const struct type_graph *canonical,
			const uint32_t *map, uint32_t *word, uint32_t changed)
{
	uint32_t was = *word;

	assert_true(was != changed);
	*word = changed;
	assert_false(type_graph__is_image(graph, canonical, map));
	*word = was;
}

/* Whatever is changed in the canonical form, or in what is said to be what, is seen. */
static void test_proof_sees_each_difference(void **state)
{
	struct blob blob = every(1), many = rewrite_blob(blob, 3, 2, NULL);
	struct type_graph graph, canonical;
	uint32_t *map;

	(void)state;
	assert_int_equal(type_graph__parse(many.data, many.size, &graph, NULL), 0);
	map = some(4 * (size_t)graph.type_count);
	assert_int_equal(type_graph__canonicalize(&graph, &canonical, map), 0);
	assert_true(type_graph__is_image(&graph, &canonical, map));
	for (uint32_t i = 1; i < graph.type_count; i++)
		assert_seen(&graph, &canonical, map, &map[i],
			    map[i] % (canonical.type_count - 1) + 1);
	for (uint32_t i = 1; i < canonical.type_count; i++) {
		struct graph_type *type = &canonical.types[i];

		assert_seen(&graph, &canonical, map, &type->name,
			    (type->name + 1) % canonical.string_count);
		assert_seen(&graph, &canonical, map, &type->size, type->size + 1);
		assert_seen(&graph, &canonical, map, &type->extra, type->extra + 1);
		assert_seen(&graph, &canonical, map, &type->ref,
			    (type->ref + 1) % canonical.type_count);
		for (uint32_t k = 0; k < type->count; k++) {
			struct graph_slot *slot = &canonical.slots[type->first + k];

			assert_seen(&graph, &canonical, map, &slot->name,
				    (slot->name + 1) % canonical.string_count);
			assert_seen(&graph, &canonical, map, &slot->value, slot->value + 1);
			assert_seen(&graph, &canonical, map, &slot->high, slot->high + 1);
			assert_seen(&graph, &canonical, map, &slot->type,
				    (slot->type + 1) % canonical.type_count);
		}
	}
	assert_true(type_graph__is_image(&graph, &canonical, map));
	type_graph__free(&graph);
	type_graph__free(&canonical);
	free(map);
	free(many.data);
	free(blob.data);
}

/* ---- the order ------------------------------------------------------------------------------ */

static bool is_named(const struct btf_type *type)
{
	return type->name_off && btf_kind(type) != BTF_KIND_TYPE_TAG;
}

static const char *name_of(const struct btf *btf, uint32_t id)
{
	return btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);
}

static void count_use(uint32_t *id, void *ctx)
{
	((uint32_t *)ctx)[*id]++;
}

static uint32_t *count_uses(const struct btf *btf)
{
	uint32_t *uses = some(4 * (size_t)btf__type_cnt(btf));

	for (uint32_t i = 1; i < btf__type_cnt(btf); i++)
		visit_ids((struct btf_type *)btf__type_by_id(btf, i), count_use, uses);
	return uses;
}

static void assert_in_order(const struct btf *btf)
{
	uint32_t *uses = count_uses(btf), count = btf__type_cnt(btf), variants = 0;

	for (uint32_t i = 2; i < count; i++) {
		const struct btf_type *a = btf__type_by_id(btf, i - 1), *b = btf__type_by_id(btf, i);
		int order;

		assert_false(is_named(a) && !is_named(b));
		if (!is_named(a))
			continue;
		order = strcmp(name_of(btf, i - 1), name_of(btf, i));
		assert_true(order <= 0);
		if (order == 0)
			assert_true(btf_kind(a) <= btf_kind(b));
		if (order == 0 && btf_kind(a) == btf_kind(b)) {
			assert_true(uses[i - 1] >= uses[i]);
			variants++;
		}
	}
	assert_true(variants > 0);
	free(uses);
}

static void test_in_order(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob blob = every(version), canonical = canonical_of(blob);
		struct btf *btf = open_blob(canonical);

		assert_in_order(btf);
		btf__free(btf);
		free(canonical.data);
		free(blob.data);
	}
}

static void test_most_referenced_of_a_name_is_found_first(void **state)
{
	(void)state;
	for (int popular = 0; popular < 2; popular++) {
		struct btf *btf = btf__new_empty();
		struct blob blob, canonical;
		int small, large;

		small = must(btf__add_struct(btf, "twin", 4));
		large = must(btf__add_struct(btf, "twin", 8));
		must(btf__add_typedef(btf, "a", popular ? large : small));
		must(btf__add_typedef(btf, "b", popular ? large : small));
		must(btf__add_typedef(btf, "c", popular ? small : large));
		blob = close_blob(btf);
		canonical = canonical_of(blob);
		btf = open_blob(canonical);
		assert_int_equal(btf__type_by_id(btf, btf__find_by_name(btf, "twin"))->size,
				 popular ? 8 : 4);
		btf__free(btf);
		free(canonical.data);
		free(blob.data);
	}
}

static void mark(uint32_t *id, void *ctx)
{
	((bool *)ctx)[*id] = true;
}

/* Types without a name come before what they refer to; those nobody refers to come last. */
static void test_types_without_a_name_in_order(void **state)
{
	struct blob blob = every(3), canonical = canonical_of(blob);
	struct btf *btf = open_blob(canonical);
	uint32_t *uses = count_uses(btf), last_used = 0, roots = 0;
	bool met[256] = {};

	(void)state;
	assert_true(btf__type_cnt(btf) < 256);
	for (uint32_t i = 1; !is_named(btf__type_by_id(btf, i)); i++) {
		if (!uses[i]) {
			roots++;
			continue;
		}
		/* what a root alone refers to comes after it */
		if (!met[i] && roots)
			fail_msg("type %u is met before what refers to it", i);
		visit_ids((struct btf_type *)btf__type_by_id(btf, i), mark, met);
		last_used = i;
	}
	assert_true(roots > 0 && last_used > 0);
	free(uses);
	btf__free(btf);
	free(canonical.data);
	free(blob.data);
}

struct first_uses {
	const char *text;
	uint32_t end; /* of what has been used */
};

static void use_string(uint32_t *offset, void *ctx)
{
	struct first_uses *uses = ctx;

	assert_true(*offset <= uses->end);
	if (*offset == uses->end)
		uses->end += (uint32_t)strlen(uses->text + *offset) + 1;
}

static void test_strings_in_the_order_of_their_first_use(void **state)
{
	struct blob blob = every(2), canonical = canonical_of(blob);
	const struct blob_header *header = canonical.data;
	struct btf *btf = open_blob(canonical);
	struct first_uses uses = { (const char *)(header + 1) + header->str_off, 1 };

	(void)state;
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++)
		visit_names((struct btf_type *)btf__type_by_id(btf, i), use_string, &uses);
	assert_int_equal(uses.end, header->str_len);
	btf__free(btf);
	free(canonical.data);
	free(blob.data);
}

/* ---- what has no canonical form --------------------------------------------------------------- */

/* `count` pointers, one to the other, and what the last one points to. */
static struct blob chain(int count, int to)
{
	struct btf *btf = btf__new_empty();

	must(btf__add_int(btf, "int", 4, 0));
	for (int i = 0; i < count; i++)
		must(btf__add_ptr(btf, i + 1 < count ? i + 3 : to));
	return close_blob(btf);
}

static void assert_refused(struct blob blob)
{
	struct blob out;

	for (uint64_t seed = 0; seed < 20; seed++) {
		struct blob shuffled = rewrite_blob(blob, seed, 1 + seed % 2, NULL);

		assert_int_equal(try_canonical(shuffled, &out), -ELOOP);
		free(shuffled.data);
	}
	free(blob.data);
}

static void test_circles_without_a_name(void **state)
{
	struct btf *btf;

	(void)state;
	assert_refused(chain(1, 2));
	assert_refused(chain(2, 2));
	assert_refused(chain(40, 2));
	assert_refused(chain(40, 20));
	/* one that a name leads to */
	btf = btf__new_empty();
	must(btf__add_typedef(btf, "circle", 2));
	must(btf__add_const(btf, 3));
	must(btf__add_ptr(btf, 2));
	assert_refused(close_blob(btf));
	/* a name in it makes it fine */
	btf = btf__new_empty();
	must(btf__add_typedef(btf, "circle", 2));
	must(btf__add_const(btf, 3));
	must(btf__add_ptr(btf, 1));
	struct blob blob = close_blob(btf), canonical = canonical_of(blob);

	assert_true(blobs_equivalent(blob, canonical));
	free(canonical.data);
	free(blob.data);
}

static void test_nesting_too_deep(void **state)
{
	struct blob blob = chain(CANONICAL_MAX_DEPTH, 1), canonical = canonical_of(blob);

	(void)state;
	assert_true(blobs_equivalent(blob, canonical));
	free(canonical.data);
	free(blob.data);
	assert_refused(chain(CANONICAL_MAX_DEPTH + 1, 1));
}

/* It is as deep when a name leads to its middle, which is met first. */
static void test_nesting_too_deep_by_another_way(void **state)
{
	struct blob source, canonical;
	struct btf *btf;

	(void)state;
	for (int more = 0; more < 2; more++) {
		source = chain(CANONICAL_MAX_DEPTH + more, 1);
		btf = open_blob(source);
		must(btf__add_typedef(btf, "a_middle", 20));
		must(btf__add_typedef(btf, "b_middle", 40));
		free(source.data);
		source = close_blob(btf);
		if (more) {
			assert_refused(source);
			break;
		}
		canonical = canonical_of(source);
		free(canonical.data);
		free(source.data);
	}
}

/* Structs that only the end of their chain tells apart: refused, not tried for hours. */
static void test_differences_behind_very_many_references(void **state)
{
	enum { COUNT = 60000 };
	struct btf *btf = btf__new_empty();
	struct blob blob, out;

	(void)state;
	must(btf__add_typedef(btf, "end", 0));
	for (int i = 0; i < COUNT; i++) {
		must(btf__add_struct(btf, "link", 0));
		member(btf, "next", i + 1, 0, 0);
	}
	blob = close_blob(btf);
	assert_int_equal(try_canonical(blob, &out), -ELOOP);
	free(blob.data);
}

static void test_nothing(void **state)
{
	struct blob blob = close_blob(btf__new_empty()), canonical = canonical_of(blob);

	(void)state;
	assert_same_bytes(blob, canonical);
	free(canonical.data);
	free(blob.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order_gives_the_same_bytes),
		cmocka_unit_test(test_copies_are_one),
		cmocka_unit_test(test_either_byte_order),
		cmocka_unit_test(test_its_own_canonical_form),
		cmocka_unit_test(test_equivalent_to_what_came_in),
		cmocka_unit_test(test_comparison_can_fail),
		cmocka_unit_test(test_types_that_differ_far_away_stay_apart),
		cmocka_unit_test(test_proof_sees_each_difference),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_most_referenced_of_a_name_is_found_first),
		cmocka_unit_test(test_types_without_a_name_in_order),
		cmocka_unit_test(test_strings_in_the_order_of_their_first_use),
		cmocka_unit_test(test_circles_without_a_name),
		cmocka_unit_test(test_nesting_too_deep),
		cmocka_unit_test(test_nesting_too_deep_by_another_way),
		cmocka_unit_test(test_differences_behind_very_many_references),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
