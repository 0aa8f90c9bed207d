/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernels told one after another: who follows gets each one's canonical bytes, with functions
 * or without; damaged streams, and those of another kernel, are refused or tell some other
 * BTF, and never harm.
 *
 * Without functions a kernel is its canonical form less named FUNC and DECL_TAG types and the
 * types without a name that only those lead to. Types with a name are in the same order as
 * with functions, others as they are met without them.
 */
#include <errno.h>
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
#include "lineage.h"

#define VERSIONS 4
static const struct columns_effort effort = { .level = 3 };

struct streams {
	struct buf data, functions;
};

static void free_streams(struct streams *streams)
{
	buf__free(&streams->data);
	buf__free(&streams->functions);
}

static struct blob every(unsigned int version)
{
	struct blob blob;

	blob.data = every_kind(version, &blob.size);
	return blob;
}

static struct type_graph canonical_graph(struct blob blob)
{
	struct type_graph graph, canonical;

	assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, NULL), 0);
	assert_int_equal(type_graph__canonicalize(&graph, &canonical, NULL), 0);
	type_graph__free(&graph);
	return canonical;
}

static struct blob canonical_of(struct blob blob)
{
	struct type_graph canonical = canonical_graph(blob);
	struct blob out;

	assert_int_equal(type_graph__write(&canonical, &out.data, &out.size), 0);
	type_graph__free(&canonical);
	return out;
}

static struct lineage begin(void)
{
	struct lineage lineage;

	assert_int_equal(lineage__init(&lineage), 0);
	return lineage;
}

static int try_tell(struct lineage *lineage, struct blob blob, struct streams *streams)
{
	struct type_graph canonical = canonical_graph(blob);
	int err;

	*streams = (struct streams){};
	err = lineage__tell(lineage, &canonical, &effort, &streams->data, &streams->functions);
	type_graph__free(&canonical);
	return err;
}

static struct streams tell(struct lineage *lineage, struct blob blob)
{
	struct streams streams;

	assert_int_equal(try_tell(lineage, blob, &streams), 0);
	return streams;
}

static int try_follow(struct lineage *lineage, const struct streams *streams, bool functions)
{
	return lineage__follow(lineage, streams->data.data, streams->data.len,
			       functions ? streams->functions.data : NULL,
			       functions ? streams->functions.len : 0);
}

static void follow(struct lineage *lineage, const struct streams *streams, bool functions)
{
	assert_int_equal(try_follow(lineage, streams, functions), 0);
}

static struct blob written(const struct lineage *lineage, bool functions)
{
	struct blob blob;

	assert_int_equal(record_set__write(&lineage->pool, &lineage->set, functions, &blob.data,
					   &blob.size), 0);
	return blob;
}

static void assert_same_bytes(struct blob a, struct blob b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

/* The lineage's last kernel is this one. */
static void assert_is(const struct lineage *lineage, struct blob blob)
{
	struct blob canonical = canonical_of(blob), got = written(lineage, true);

	assert_same_bytes(got, canonical);
	free(canonical.data);
	free(got.data);
}

/* ---- without functions --------------------------------------------------------------- */

struct reach {
	const struct btf *btf;
	bool *kept;
};

static bool is_function(const struct btf_type *type)
{
	return type->name_off &&
	       (btf_kind(type) == BTF_KIND_FUNC || btf_kind(type) == BTF_KIND_DECL_TAG);
}

static void reach_type(uint32_t *id, void *ctx)
{
	struct reach *reach = ctx;

	if (!*id || reach->kept[*id])
		return;
	reach->kept[*id] = true;
	visit_ids((struct btf_type *)btf__type_by_id(reach->btf, *id), reach_type, reach);
}

static void note_use(uint32_t *id, void *ctx)
{
	((bool *)ctx)[*id] = true;
}

/* Of a canonical BTF: what data types need, in its order. */
static struct blob without_functions(struct blob canonical)
{
	struct btf *btf = open_blob(canonical);
	uint32_t count = btf__type_cnt(btf);
	struct reach reach = { btf, some(count) };
	bool *used = some(count);
	struct blob out;

	for (uint32_t i = 1; i < count; i++)
		visit_ids((struct btf_type *)btf__type_by_id(btf, i), note_use, used);
	for (uint32_t i = 1; i < count; i++) {
		const struct btf_type *type = btf__type_by_id(btf, i);
		bool named = type->name_off && btf_kind(type) != BTF_KIND_TYPE_TAG;

		if (!is_function(type) && (named || !used[i]))
			reach_type(&(uint32_t){ i }, &reach);
	}
	out = rewrite_blob(canonical, 0, 1, reach.kept);
	free(reach.kept);
	free(used);
	btf__free(btf);
	return out;
}

static bool is_named(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	return type->name_off && btf_kind(type) != BTF_KIND_TYPE_TAG;
}

/* Whether all types of `part` that have a name are in `whole` in the same order. */
static bool in_same_order(struct blob part, struct blob whole)
{
	struct btf *a = open_blob(part), *b = open_blob(whole);
	uint32_t x = 1, y = 1, count = btf__type_cnt(a);

	while (x < count && !is_named(a, x))
		x++;
	for (; x < count && y < btf__type_cnt(b); y++)
		x += is_named(b, y) && types_alike(a, x, b, y);
	btf__free(a);
	btf__free(b);
	return x == count;
}

/* The lineage's last kernel is this one without its functions. */
static void assert_is_data_of(const struct lineage *lineage, struct blob blob)
{
	struct blob canonical = canonical_of(blob), data = without_functions(canonical);
	struct blob got = written(lineage, false), a, b;

	assert_true(data.size < canonical.size);
	assert_true(blobs_equivalent(got, data));
	assert_true(in_same_order(got, canonical));
	a = canonical_of(got);
	b = canonical_of(data);
	assert_same_bytes(a, b);
	free(a.data);
	free(b.data);
	free(got.data);
	free(data.data);
	free(canonical.data);
}

/* ---- one after another ------------------------------------------------------------------- */

static void test_followed_exactly(void **state)
{
	/* forth, back, the same again, and far away */
	static const unsigned int versions[] = { 0, 1, 2, 3, 3, 2, 1, 0, 0, 3, 0, 2 };
	struct lineage teller = begin(), follower = begin(), half = begin();

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct blob source = every(versions[i]), blob = rewrite_blob(source, i, 1, NULL);
		struct streams streams = tell(&teller, blob);

		follow(&follower, &streams, true);
		follow(&half, &streams, false);
		assert_is(&teller, blob);
		assert_is(&follower, blob);
		assert_is_data_of(&follower, blob);
		assert_is_data_of(&half, blob);
		free_streams(&streams);
		free(blob.data);
		free(source.data);
	}
	lineage__free(&teller);
	lineage__free(&follower);
	lineage__free(&half);
}

static void test_siblings_cost_little(void **state)
{
	struct lineage teller = begin();
	size_t first = 0;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct blob blob = every(3);
		struct streams streams = tell(&teller, blob);

		if (i == 0)
			first = streams.data.len;
		else
			assert_true(10 * streams.data.len < 2 * first);
		free_streams(&streams);
		free(blob.data);
	}
	lineage__free(&teller);
}

/* Who followed so far can tell what comes next, to the same bytes as who told it all. */
static void test_follower_goes_on_to_tell(void **state)
{
	static const unsigned int versions[] = { 0, 2, 0, 3, 1, 3, 0 };

	(void)state;
	for (size_t last = 1; last < sizeof(versions) / sizeof(versions[0]); last++) {
		struct lineage teller = begin(), follower = begin();

		for (size_t i = 0; i <= last; i++) {
			struct blob blob = every(versions[i]);
			struct streams streams = tell(&teller, blob), again;

			if (i < last) {
				follow(&follower, &streams, true);
			} else {
				again = tell(&follower, blob);
				assert_int_equal(again.data.len, streams.data.len);
				assert_memory_equal(again.data.data, streams.data.data,
						    again.data.len);
				assert_int_equal(again.functions.len, streams.functions.len);
				assert_memory_equal(again.functions.data, streams.functions.data,
						    again.functions.len);
				free_streams(&again);
			}
			free_streams(&streams);
			free(blob.data);
		}
		lineage__free(&teller);
		lineage__free(&follower);
	}
}

/* Told, followed with and without functions, in this order. */
static void assert_followed(const struct blob *blobs, size_t count)
{
	struct lineage teller = begin(), follower = begin(), half = begin();

	for (size_t i = 0; i < count; i++) {
		struct streams streams = tell(&teller, blobs[i]);

		follow(&follower, &streams, true);
		follow(&half, &streams, false);
		assert_is(&follower, blobs[i]);
		free_streams(&streams);
	}
	lineage__free(&teller);
	lineage__free(&follower);
	lineage__free(&half);
}

/* A function, and if so a struct with the names of its parameter and itself. */
static struct blob function_and(bool data)
{
	struct btf *btf = btf__new_empty();
	int proto = must(btf__add_func_proto(btf, 0));

	must(btf__add_func_param(btf, "parameter", 0));
	must(btf__add_func(btf, "function", BTF_FUNC_STATIC, proto));
	if (data) {
		must(btf__add_struct(btf, "parameter", 0));
		member(btf, "function", 0, 0, 0);
	}
	return close_blob(btf);
}

/* A first kernel that names no data type: what it names is known to the next all the same. */
static void test_first_kernel_without_data_types(void **state)
{
	struct btf *alone = btf__new_empty();
	struct blob blobs[6];

	(void)state;
	must(btf__add_enum(alone, NULL, 4));
	must(btf__add_enum_value(alone, "RED", 1));
	blobs[0] = close_blob(btf__new_empty());
	blobs[1] = close_blob(alone);
	blobs[2] = function_and(false);
	blobs[3] = function_and(true);
	blobs[4] = every(0);
	blobs[5] = function_and(false);
	for (size_t i = 0; i < 6; i++)
		assert_followed(blobs + i, 6 - i);
	for (size_t i = 0; i < 6; i++)
		free(blobs[i].data);
}

/* Named structs inside of each other, with structs without a name between: told in full. */
static void test_members_that_nest_deep(void **state)
{
	struct btf *btf = btf__new_empty();
	struct blob blob;
	int type = must(btf__add_int(btf, "int", 4, 0));

	(void)state;
	for (int i = 0; i < 400; i++) {
		char name[32];
		int inner;

		for (int k = 0; k < 5; k++) {
			inner = type;
			type = must(btf__add_struct(btf, NULL, 4));
			member(btf, k ? "" : "first", inner, 0, 0);
		}
		/* the outermost comes first by name, and needs all others */
		snprintf(name, sizeof(name), "level%03d", 999 - i);
		inner = type;
		type = must(btf__add_struct(btf, name, 4));
		member(btf, "inner", inner, 0, 0);
	}
	blob = close_blob(btf);
	assert_followed(&blob, 1);
	free(blob.data);
}

static void test_long_names(void **state)
{
	struct btf *btf = btf__new_empty();
	char name[GRAPH_NAME_MAX];
	struct blob blob;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (int cut = 0; cut < 600; cut += 7)
		must(btf__add_struct(btf, name + cut, 0));
	must(btf__add_type_tag(btf, name, 1));
	blob = close_blob(btf);
	assert_followed((struct blob[]){ blob, blob }, 2);
	free(blob.data);
}

/* No stream can tell them: the data types' does not know functions. */
static void test_data_types_that_refer_to_functions(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		struct btf *btf = btf__new_empty();
		struct lineage teller = begin();
		struct streams streams;
		struct blob blob;
		int function;

		function = must(btf__add_func_proto(btf, 0));
		function = must(btf__add_func(btf, "symbol", BTF_FUNC_EXTERN, function));
		if (how == 0) {
			must(btf__add_datasec(btf, ".ksyms", 0));
			must(btf__add_datasec_var_info(btf, function, 0, 0));
		} else if (how == 1) {
			must(btf__add_ptr(btf, function));
		} else {
			must(btf__add_struct(btf, "holder", 8));
			member(btf, "what", function, 0, 0);
		}
		blob = close_blob(btf);
		assert_int_equal(try_tell(&teller, blob, &streams), -ENOTSUP);
		free_streams(&streams);
		free(blob.data);
		lineage__free(&teller);
	}
}

/* ---- damage --------------------------------------------------------------------------------- */

/* All versions' streams. */
static void tell_versions(struct streams *told)
{
	struct lineage teller = begin();

	for (unsigned int i = 0; i < VERSIONS; i++) {
		struct blob blob = every(i);

		told[i] = tell(&teller, blob);
		free(blob.data);
	}
	lineage__free(&teller);
}

static void free_versions(struct streams *told)
{
	for (unsigned int i = 0; i < VERSIONS; i++)
		free_streams(&told[i]);
}

/* What was followed without an error can be written, or not; what is written is BTF. */
static void assert_harmless(const struct lineage *lineage)
{
	for (int functions = 0; functions < 2; functions++) {
		struct type_graph graph;
		struct blob blob;
		int err = record_set__write(&lineage->pool, &lineage->set, functions, &blob.data,
					    &blob.size);

		assert_true(!err || err == -EBADMSG);
		if (err)
			continue;
		assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, NULL), 0);
		type_graph__free(&graph);
		free(blob.data);
	}
}

/* Follows the first `before` kernels and then these streams, and the next. Whether it could. */
static bool follow_damaged(const struct streams *told, unsigned int before,
			   const struct streams *damaged)
{
	struct lineage lineage = begin();
	bool could;

	for (unsigned int i = 0; i < before; i++)
		follow(&lineage, &told[i], true);
	could = try_follow(&lineage, damaged, true) == 0;
	if (could) {
		assert_harmless(&lineage);
		if (try_follow(&lineage, &told[before + 1], true) == 0)
			assert_harmless(&lineage);
	}
	lineage__free(&lineage);
	return could;
}

/* A copy of exactly `size` bytes, so that sanitizers see a read beyond it. */
static struct buf exact_copy(const struct buf *buf, size_t size)
{
	struct blob copy = blob_of(buf->data, size);

	return (struct buf){ .data = copy.data, .len = size, .cap = size };
}

static void test_each_byte_changed(void **state)
{
	static const uint8_t patterns[] = { 0x01, 0x10, 0xff };
	struct streams told[VERSIONS];
	unsigned int refused = 0, all = 0;

	(void)state;
	tell_versions(told);
	for (unsigned int version = 0; version < 2; version++) {
		const struct streams *whole = &told[version];

		for (size_t i = 0; i < 3 * (whole->data.len + whole->functions.len); i++) {
			size_t at = i / 3;
			struct streams damaged = {
				exact_copy(&whole->data, whole->data.len),
				exact_copy(&whole->functions, whole->functions.len),
			};

			if (at < whole->data.len)
				damaged.data.data[at] ^= patterns[i % 3];
			else
				damaged.functions.data[at - whole->data.len] ^= patterns[i % 3];
			refused += !follow_damaged(told, version, &damaged);
			all++;
			free_streams(&damaged);
		}
	}
	/* without a digest, most of it is seen by what contradicts itself */
	assert_true(refused > all / 4);
	free_versions(told);
}

static void test_cut_off_anywhere(void **state)
{
	struct streams told[VERSIONS];

	(void)state;
	tell_versions(told);
	for (unsigned int version = 0; version < 2; version++)
		for (int which = 0; which < 2; which++) {
			const struct streams *whole = &told[version];
			size_t size = which ? whole->functions.len : whole->data.len;

			for (size_t i = 0; i < size; i++) {
				struct streams damaged = {
					exact_copy(&whole->data, which ? whole->data.len : i),
					exact_copy(&whole->functions,
						   which ? i : whole->functions.len),
				};

				assert_false(follow_damaged(told, version, &damaged));
				free_streams(&damaged);
			}
		}
	free_versions(told);
}

static void test_more_than_it_needs(void **state)
{
	struct streams told[VERSIONS];

	(void)state;
	tell_versions(told);
	for (int which = 0; which < 2; which++) {
		struct streams longer = {
			exact_copy(&told[1].data, told[1].data.len),
			exact_copy(&told[1].functions, told[1].functions.len),
		};

		buf__add_u8(which ? &longer.functions : &longer.data, 0);
		assert_false(follow_damaged(told, 1, &longer));
		free_streams(&longer);
	}
	free_versions(told);
}

/* Streams that follow one kernel, after another. */
static void test_after_another_kernel(void **state)
{
	struct streams told[VERSIONS];

	(void)state;
	tell_versions(told);
	for (unsigned int first = 0; first < VERSIONS; first++)
		for (unsigned int second = 0; second < VERSIONS; second++) {
			struct lineage lineage = begin();

			if (first && try_follow(&lineage, &told[0], true))
				fail();
			if (try_follow(&lineage, &told[first], true) == 0 &&
			    try_follow(&lineage, &told[second], true) == 0)
				assert_harmless(&lineage);
			lineage__free(&lineage);
		}
	free_versions(told);
}

/* A function stream goes with its data stream, and after function streams alone. */
static void test_functions_that_do_not_belong(void **state)
{
	struct streams told[VERSIONS];

	(void)state;
	tell_versions(told);
	for (unsigned int first = 0; first < VERSIONS; first++) {
		const struct streams mixed = { told[1].data, told[first].functions };
		struct lineage lineage = begin();

		follow(&lineage, &told[0], true);
		if (try_follow(&lineage, &mixed, true) == 0)
			assert_harmless(&lineage);
		lineage__free(&lineage);
		lineage = begin();
		follow(&lineage, &told[0], false);
		if (try_follow(&lineage, &mixed, true) == 0)
			assert_harmless(&lineage);
		lineage__free(&lineage);
	}
	free_versions(told);
}

/* ---- a real kernel ------------------------------------------------------------------------------ */

static void test_this_kernel(void **state)
{
	struct lineage teller = begin(), follower = begin(), half = begin();
	FILE *file = fopen("/sys/kernel/btf/vmlinux", "rb");
	struct blob blob = { some(1 << 26), 0 }, data, again;
	struct streams streams;

	(void)state;
	if (file) {
		blob.size = fread(blob.data, 1, 1 << 26, file);
		fclose(file);
		streams = tell(&teller, blob);
		follow(&follower, &streams, true);
		follow(&half, &streams, false);
		assert_is(&follower, blob);
		data = written(&half, false);
		again = written(&follower, false);
		assert_same_bytes(data, again);
		assert_true(data.size > 100000);
		free(data.data);
		free(again.data);
		free_streams(&streams);
	}
	lineage__free(&teller);
	lineage__free(&follower);
	lineage__free(&half);
	free(blob.data);
	if (!file) {
		print_message("# /sys/kernel/btf/vmlinux is not there\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_followed_exactly),
		cmocka_unit_test(test_siblings_cost_little),
		cmocka_unit_test(test_follower_goes_on_to_tell),
		cmocka_unit_test(test_first_kernel_without_data_types),
		cmocka_unit_test(test_members_that_nest_deep),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_data_types_that_refer_to_functions),
		cmocka_unit_test(test_each_byte_changed),
		cmocka_unit_test(test_cut_off_anywhere),
		cmocka_unit_test(test_more_than_it_needs),
		cmocka_unit_test(test_after_another_kernel),
		cmocka_unit_test(test_functions_that_do_not_belong),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
