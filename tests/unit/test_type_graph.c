/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF read and written: every kind, both byte orders, names that overlap, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_blob.h"
#include "every_kind.h"
#include "type_graph.h"

static struct type_graph parse(struct blob blob)
{
	struct type_graph graph;
	struct type_graph_error error = {};

	if (type_graph__parse(blob.data, blob.size, &graph, &error))
		fail_msg("%s, type %u", error.what, error.type);
	return graph;
}

static struct blob every(unsigned int version)
{
	struct blob blob;

	blob.data = every_kind(version, &blob.size);
	return blob;
}

/* Written by hand: words, then the strings. */
static struct blob by_hand(const uint32_t *words, size_t count, const char *text, size_t text_size)
{
	struct blob_header header = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(header),
				     .type_len = 4 * (uint32_t)count, .str_off = 4 * (uint32_t)count,
				     .str_len = (uint32_t)text_size };
	struct blob blob = { some(sizeof(header) + 4 * count + text_size),
			     sizeof(header) + 4 * count + text_size };

	memcpy(blob.data, &header, sizeof(header));
	if (count)
		memcpy((char *)blob.data + sizeof(header), words, 4 * count);
	memcpy((char *)blob.data + sizeof(header) + 4 * count, text, text_size);
	return blob;
}

#define BY_HAND(text, ...) \
	by_hand((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4, \
		text, sizeof(text))
#define INFO(kind, count) ((uint32_t)(kind) << 24 | (count))

static void assert_error(struct blob blob, int expected, const char *what, uint32_t type)
{
	struct type_graph_error error = {};
	struct type_graph graph;

	assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, &error), expected);
	assert_non_null(strstr(error.what, what));
	assert_int_equal(error.type, type);
	assert_null(graph.types);
	assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, NULL), expected);
	free(blob.data);
}

static void assert_same_bytes(struct blob a, struct blob b)
{
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
}

static struct blob write_graph(const struct type_graph *graph)
{
	struct blob blob;

	assert_int_equal(type_graph__write(graph, &blob.data, &blob.size), 0);
	return blob;
}

/* ---- what is read --------------------------------------------------------------------- */

static const struct graph_type *find(const struct type_graph *graph, uint8_t kind, const char *name)
{
	for (uint32_t i = 1; i < graph->type_count; i++)
		if (graph->types[i].kind == kind &&
		    !strcmp(type_graph__string(graph, graph->types[i].name), name))
			return &graph->types[i];
	fail_msg("no type of kind %u is named \"%s\"", kind, name);
	return NULL;
}

static const struct graph_slot *slot(const struct type_graph *graph, const struct graph_type *type,
				     uint32_t number)
{
	assert_true(number < type->count);
	return &graph->slots[type->first + number];
}

static void assert_named(const struct type_graph *graph, uint32_t string, const char *name)
{
	assert_string_equal(type_graph__string(graph, string), name);
}

static void test_every_kind_is_read(void **state)
{
	struct blob blob = every(1);
	struct type_graph graph = parse(blob);
	const struct graph_type *type;
	bool seen[TYPE_KIND_END] = {};

	(void)state;
	for (uint32_t i = 1; i < graph.type_count; i++)
		seen[graph.types[i].kind] = true;
	for (int kind = TYPE_INT; kind < TYPE_KIND_END; kind++)
		if (!seen[kind])
			fail_msg("kind %d is missing in the test's own types", kind);
	type = find(&graph, TYPE_INT, "int");
	assert_int_equal(type->size, 4);
	assert_int_equal(type->extra, BTF_INT_SIGNED << 24 | 32);
	type = find(&graph, TYPE_ENUM, "colour");
	assert_true(type->flag);
	assert_int_equal(type->count, 3);
	assert_int_equal((int32_t)slot(&graph, type, 1)->value, -7);
	assert_named(&graph, slot(&graph, type, 1)->name, "GREEN");
	type = find(&graph, TYPE_ENUM64, "mask");
	assert_int_equal(slot(&graph, type, 0)->value, 0xfffffffe);
	assert_int_equal(slot(&graph, type, 0)->high, 0xffffffff);
	type = find(&graph, TYPE_FWD, "variant");
	assert_true(type->flag);
	assert_false(find(&graph, TYPE_FWD, "module")->flag);
	assert_int_equal(find(&graph, TYPE_STRUCT, "empty")->count, 0);
	type = find(&graph, TYPE_DECL_TAG, "on_member");
	assert_int_equal(type->extra, 1);
	assert_ptr_equal(&graph.types[type->ref], find(&graph, TYPE_STRUCT, "task_struct"));
	assert_int_equal(find(&graph, TYPE_FUNC, "schedule")->extra, BTF_FUNC_GLOBAL);
	assert_int_equal(find(&graph, TYPE_VAR, "task")->extra, BTF_VAR_STATIC);
	type = find(&graph, TYPE_DATASEC, ".data..percpu");
	assert_int_equal(slot(&graph, type, 1)->value, 16);
	assert_int_equal(slot(&graph, type, 1)->high, 56);
	assert_int_equal(find(&graph, TYPE_TYPEDEF, "nothing")->ref, 0);
	type_graph__free(&graph);
	free(blob.data);
}

static void test_bitfields_and_arrays_without_a_length(void **state)
{
	struct blob blob = every(0);
	struct type_graph graph = parse(blob);
	const struct graph_type *task = find(&graph, TYPE_STRUCT, "task_struct"), *bits, *array;

	(void)state;
	assert_named(&graph, slot(&graph, task, 1)->name, "");
	assert_int_equal(slot(&graph, task, 2)->value, 192);
	bits = &graph.types[slot(&graph, task, 2)->type];
	assert_true(bits->flag);
	assert_int_equal(slot(&graph, bits, 1)->value, 5 << 24 | 3);
	array = &graph.types[slot(&graph, task, 3)->type];
	assert_int_equal(array->kind, TYPE_ARRAY);
	assert_int_equal(array->count, 2);
	assert_int_equal(slot(&graph, array, 0)->value, 0);
	assert_named(&graph, graph.types[slot(&graph, array, 0)->type].name, "char");
	assert_named(&graph, graph.types[slot(&graph, array, 1)->type].name, "int");
	type_graph__free(&graph);
	free(blob.data);
}

static void test_strings_are_in_order_each_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 50; seed++) {
		struct blob source = every(2), blob = rewrite_blob(source, seed, 1, NULL);
		struct type_graph graph = parse(blob);

		assert_named(&graph, 0, "");
		for (uint32_t i = 1; i < graph.string_count; i++)
			assert_true(strcmp(type_graph__string(&graph, i - 1),
					   type_graph__string(&graph, i)) < 0);
		type_graph__free(&graph);
		free(blob.data);
		free(source.data);
	}
}

static void test_names_that_are_the_tail_of_others(void **state)
{
	/* "unsigned int" holds "int" and "", and the last "" is another than the first */
	struct blob blob = BY_HAND("\0unsigned int\0", 1, INFO(TYPE_INT, 0), 4, 32,
				   10, INFO(TYPE_INT, 0), 4, 32 | 1 << 24,
				   13, INFO(TYPE_STRUCT, 0), 0,
				   14, INFO(TYPE_STRUCT, 0), 0);
	struct type_graph graph = parse(blob);

	(void)state;
	assert_int_equal(graph.type_count, 5);
	assert_int_equal(graph.string_count, 3);
	assert_named(&graph, graph.types[1].name, "unsigned int");
	assert_named(&graph, graph.types[2].name, "int");
	assert_int_equal(graph.types[3].name, 0);
	assert_int_equal(graph.types[4].name, 0);
	type_graph__free(&graph);
	free(blob.data);
}

static void test_written_as_it_was(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		struct blob source = every(version), big = big_endian(source), written[2];
		struct type_graph little_graph = parse(source), big_graph = parse(big);

		written[0] = write_graph(&little_graph);
		written[1] = write_graph(&big_graph);
		/* libbpf adds names as they are first used, and so does the writer */
		assert_same_bytes(written[0], source);
		assert_same_bytes(written[1], source);
		type_graph__free(&little_graph);
		type_graph__free(&big_graph);
		free(written[0].data);
		free(written[1].data);
		free(big.data);
		free(source.data);
	}
}

static void test_no_types(void **state)
{
	struct blob blob = by_hand(NULL, 0, "", 1), written;
	struct type_graph graph = parse(blob);

	(void)state;
	assert_int_equal(graph.type_count, 1);
	written = write_graph(&graph);
	assert_same_bytes(written, blob);
	type_graph__free(&graph);
	free(written.data);
	free(blob.data);
}

/* Newer headers are longer: what is behind the fields that are known is passed over. */
static void test_longer_header(void **state)
{
	struct blob blob = every(0), longer = { some(blob.size + 8), blob.size + 8 }, written;
	struct type_graph graph;
	uint32_t length = 32;

	(void)state;
	memcpy(longer.data, blob.data, 24);
	memcpy((char *)longer.data + 4, &length, 4);
	memcpy((char *)longer.data + 32, (char *)blob.data + 24, blob.size - 24);
	graph = parse(longer);
	written = write_graph(&graph);
	assert_same_bytes(written, blob);
	type_graph__free(&graph);
	free(written.data);
	free(longer.data);
	free(blob.data);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static struct blob with_word(unsigned int word, uint32_t value)
{
	struct blob blob = every(0);

	memcpy((char *)blob.data + 4 * (size_t)word, &value, 4);
	return blob;
}

static void test_contradictory_headers(void **state)
{
	struct blob blob = every(0);
	uint32_t size = (uint32_t)blob.size, types = ((struct blob_header *)blob.data)->type_len;

	(void)state;
	free(blob.data);
	assert_error(with_word(0, 0x0001eb9e), -EBADMSG, "no BTF", 0);
	assert_error(with_word(0, 0x0002eb9f), -EBADMSG, "version is unknown", 0);
	assert_error(with_word(1, 20), -EBADMSG, "cut off", 0);
	assert_error(with_word(1, size + 1), -EBADMSG, "cut off", 0);
	assert_error(with_word(1, UINT32_MAX), -EBADMSG, "cut off", 0);
	assert_error(with_word(2, size - 23), -EBADMSG, "cut off", 0);
	assert_error(with_word(2, UINT32_MAX), -EBADMSG, "cut off", 0);
	assert_error(with_word(3, size - 23), -EBADMSG, "cut off", 0);
	assert_error(with_word(3, UINT32_MAX - 8), -EBADMSG, "cut off", 0);
	assert_error(with_word(4, UINT32_MAX), -EBADMSG, "cut off", 0);
	assert_error(with_word(4, types + 1), -EBADMSG, "cut off", 0);
	assert_error(with_word(5, size), -EBADMSG, "cut off", 0);
	assert_error(with_word(5, 0), -EBADMSG, "strings do not begin and end", 0);
	/* a letter first, or last */
	assert_error(with_word(4, types + 4), -EBADMSG, "cut off", 0);
	assert_error(BY_HAND("x"), -EBADMSG, "strings do not begin and end", 0);
	assert_error(by_hand(NULL, 0, "\0x", 2), -EBADMSG, "strings do not begin and end", 0);
}

static void test_cut_off_anywhere(void **state)
{
	struct blob blob = every(1);

	(void)state;
	for (size_t size = 0; size < blob.size; size++) {
		/* of exactly its size, so that sanitizers see a read beyond it */
		struct blob part = blob_of(blob.data, size);

		assert_error(part, -EBADMSG, size < 24 ? "no BTF" : "cut off", 0);
	}
	free(blob.data);
}

/* The header is right, but the types end within one: the one at fault is named. */
static void test_types_cut_off_anywhere(void **state)
{
	struct blob blob = every(1);
	uint32_t types = ((struct blob_header *)blob.data)->type_len, end = 0, whole = 0;
	struct btf *btf = open_blob(blob);

	(void)state;
	for (uint32_t size = 0; size < types; size++) {
		struct blob part = blob_of(blob.data, blob.size);

		if (size > end)
			end += (uint32_t)size_of_type(btf__type_by_id(btf, ++whole));
		((struct blob_header *)part.data)->type_len = size;
		if (size == end) {
			struct type_graph graph;
			struct type_graph_error error = {};

			/* whole types, some of which refer to those that are gone */
			if (type_graph__parse(part.data, part.size, &graph, &error) == 0)
				type_graph__free(&graph);
			else
				assert_non_null(strstr(error.what, "referred to is not there"));
			free(part.data);
			continue;
		}
		assert_error(part, -EBADMSG, "cut off", whole);
	}
	btf__free(btf);
	free(blob.data);
}

static void test_kinds_that_are_unknown(void **state)
{
	(void)state;
	for (uint32_t kind = 0; kind < 32; kind++) {
		struct blob blob = BY_HAND("", 0, INFO(TYPE_PTR, 0), 0, 0, INFO(kind, 0), 0);
		struct type_graph_error error = {};
		struct type_graph graph;

		if (kind && kind < TYPE_KIND_END) {
			free(blob.data);
			continue;
		}
		assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, &error), -ENOTSUP);
		assert_int_equal(error.kind, kind);
		assert_int_equal(error.type, 2);
		assert_non_null(strstr(error.what, "kind of type"));
		free(blob.data);
	}
}

static void test_types_that_contradict_themselves(void **state)
{
	(void)state;
	for (int bit = 16; bit < 31; bit++)
		if (bit < 24 || bit > 28)
			assert_error(BY_HAND("", 0, INFO(TYPE_PTR, 0) | 1u << bit, 0), -EBADMSG,
				     "reserved bits", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_PTR, 1), 0), -EBADMSG, "without members has some", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_ARRAY, 1), 0, 0, 0, 0), -EBADMSG,
		     "without members has some", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_STRUCT, 0xffff), 0, 0, 0, 0), -EBADMSG, "cut off", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_PTR, 0), 2), -EBADMSG, "referred to is not there", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_PTR, 0), 0, 1, INFO(TYPE_PTR, 0), 0), -EBADMSG,
		     "referred to is not there", 2);
	assert_error(BY_HAND("", 0, INFO(TYPE_STRUCT, 1), 0, 0, 2, 0), -EBADMSG,
		     "referred to is not there", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_STRUCT, 1), 0, 1, 0, 0), -EBADMSG,
		     "referred to is not there", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_ARRAY, 0), 0, 1, 2, 7), -EBADMSG,
		     "referred to is not there", 1);
	assert_error(BY_HAND("", 0, INFO(TYPE_PTR, 0), 0, 0, INFO(TYPE_FUNC, 0), 1), -EBADMSG,
		     "is no prototype", 2);
	assert_error(BY_HAND("", 0, INFO(TYPE_FUNC, 0), 0), -EBADMSG, "is no prototype", 1);
}

static void test_names_too_long(void **state)
{
	char text[GRAPH_NAME_MAX + 2] = {};
	struct type_graph graph;
	struct blob blob;

	(void)state;
	memset(text + 1, 'x', GRAPH_NAME_MAX - 1);
	blob = by_hand((const uint32_t[]){ 1, INFO(TYPE_STRUCT, 0), 0 }, 3, text, GRAPH_NAME_MAX + 1);
	graph = parse(blob);
	assert_int_equal(strlen(type_graph__string(&graph, 1)), GRAPH_NAME_MAX - 1);
	type_graph__free(&graph);
	free(blob.data);
	text[GRAPH_NAME_MAX] = 'x';
	assert_error(by_hand((const uint32_t[]){ 1, INFO(TYPE_STRUCT, 0), 0 }, 3, text,
			     GRAPH_NAME_MAX + 2), -EBADMSG, "longer than any kernel's", 0);
}

/* Every tail of every name is a name: 290 KB of text would be 500 MB of names. */
static void test_names_in_names(void **state)
{
	enum { NAMES = 70, LENGTH = GRAPH_NAME_MAX - 1, EACH = 0xffff };
	size_t text_size = 1 + (size_t)NAMES * (LENGTH + 1), count = 0;
	uint32_t *words = some(4 * (3 + 2 * EACH) * (text_size / EACH + 1));
	char *text = some(text_size);
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 1; i < text_size; i++)
		text[i] = i % (LENGTH + 1) ? (char)('a' + dice(&seed) % 26) : '\0';
	for (uint32_t name = 1; name < text_size;) {
		uint32_t here = text_size - name < EACH ? (uint32_t)text_size - name : EACH;

		words[count++] = 0;
		words[count++] = INFO(TYPE_ENUM, here);
		words[count++] = 4;
		for (uint32_t i = 0; i < here; i++, name++) {
			words[count++] = name;
			words[count++] = 0;
		}
	}
	assert_error(by_hand(words, count, text, text_size), -EBADMSG, "names are longer than any", 0);
	free(words);
	free(text);
}

/* Nothing that is changed in one place is more than refused or read otherwise. */
static void test_changed_anywhere(void **state)
{
	static const uint8_t patterns[] = { 0x01, 0x80, 0xff };
	struct blob blob = every(1);
	unsigned int refused = 0, read = 0;

	(void)state;
	for (size_t i = 0; i < 3 * blob.size; i++) {
		struct blob changed = blob_of(blob.data, blob.size);
		struct type_graph_error error = {};
		struct type_graph graph;
		int err;

		((uint8_t *)changed.data)[i / 3] ^= patterns[i % 3];
		err = type_graph__parse(changed.data, changed.size, &graph, &error);
		if (err) {
			assert_true(err == -EBADMSG || err == -ENOTSUP);
			assert_non_null(error.what);
			refused++;
		} else {
			struct blob written = write_graph(&graph);

			btf__free(open_blob(written));
			free(written.data);
			type_graph__free(&graph);
			read++;
		}
		free(changed.data);
	}
	assert_true(refused > 100 && read > 100);
	free(blob.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_is_read),
		cmocka_unit_test(test_bitfields_and_arrays_without_a_length),
		cmocka_unit_test(test_strings_are_in_order_each_once),
		cmocka_unit_test(test_names_that_are_the_tail_of_others),
		cmocka_unit_test(test_written_as_it_was),
		cmocka_unit_test(test_no_types),
		cmocka_unit_test(test_longer_header),
		cmocka_unit_test(test_contradictory_headers),
		cmocka_unit_test(test_cut_off_anywhere),
		cmocka_unit_test(test_types_cut_off_anywhere),
		cmocka_unit_test(test_kinds_that_are_unknown),
		cmocka_unit_test(test_types_that_contradict_themselves),
		cmocka_unit_test(test_names_too_long),
		cmocka_unit_test(test_names_in_names),
		cmocka_unit_test(test_changed_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
