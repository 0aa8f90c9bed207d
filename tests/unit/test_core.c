/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The CO-RE engine on types written for it: what tests/check/minimize.sh and
 * tests/root/relocations.sh can't compare with bpftool or libbpf, or what those refuse too late.
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
#include "core.h"
#include "core_reduction.h"
#include "core_words.h"

/* The object's side and the kernel's. */
static struct type_graph local_graph, target_graph;
static struct core_object object;
static struct core_target target;
static struct core_results results;

static struct type_graph parse(struct btf *btf)
{
	struct blob blob = close_blob(btf);
	struct type_graph_error error;
	struct type_graph graph;

	if (type_graph__parse(blob.data, blob.size, &graph, &error))
		fail_msg("%s", error.what);
	free(blob.data);
	return graph;
}

/* Both are freed by the next begin() and at the end. */
static void drop(void)
{
	core_results__free(&results);
	core_target__free(&target);
	type_graph__free(&local_graph);
	type_graph__free(&target_graph);
	free(object.specs);
	free(object.roots);
	object = (struct core_object){};
}

static void begin(struct btf *local, struct btf *kernel, bool big_endian)
{
	drop();
	local_graph = parse(local);
	target_graph = parse(kernel);
	object.types = core_types__of(&local_graph, big_endian);
	object.specs = calloc(16, sizeof(*object.specs));
	object.roots = calloc(16, sizeof(*object.roots));
	assert_int_equal(core_target__init(&target, &target_graph, big_endian), 0);
}

static const char *try_ask(enum core_kind kind, uint32_t type, const char *access)
{
	const char *why;
	int err = core_spec__parse(&object.types, kind, type, access,
				   &object.specs[object.spec_count], &why);

	if (err) {
		assert_int_equal(err, -EBADMSG);
		return why;
	}
	object.roots[object.spec_count++] = type;
	if (object.root_count <= type)
		object.root_count = type + 1;
	return NULL;
}

/* The number of the question. */
static uint32_t ask(enum core_kind kind, uint32_t type, const char *access)
{
	const char *why = try_ask(kind, type, access);

	if (why)
		fail_msg("%s: %s", access, why);
	return object.spec_count - 1;
}

static void find(void)
{
	core_results__free(&results);
	assert_int_equal(core_results__find(&object, &target, &results), 0);
	assert_int_equal(results.count, object.spec_count);
}

static const struct core_result *result(uint32_t number)
{
	return &results.items[number];
}

static void assert_found(uint32_t number, uint64_t value)
{
	assert_int_equal(result(number)->outcome, CORE_FOUND);
	assert_int_equal(result(number)->value.number, value);
}

/* ---- types ------------------------------------------------------------------------------- */

struct member {
	const char *name;
	int type;
	uint32_t bit_offset, bits;
};

static int add(struct btf *btf, const char *name, uint32_t size, const struct member *members,
	       size_t count)
{
	int id = btf__add_struct(btf, name, size);

	assert_true(id > 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(btf__add_field(btf, members[i].name, members[i].type,
						members[i].bit_offset, members[i].bits), 0);
	return id;
}

#define ADD(btf, name, size, ...)                                                         \
	add(btf, name, size, (const struct member[]){ __VA_ARGS__ },                      \
	    sizeof((const struct member[]){ __VA_ARGS__ }) / sizeof(struct member))

/* Types 1 and 2 of either side. */
static struct btf *with_ints(void)
{
	struct btf *btf = btf__new_empty();

	assert_int_equal(btf__add_int(btf, "unsigned int", 4, 0), 1);
	assert_int_equal(btf__add_int(btf, "long unsigned int", 8, 0), 2);
	return btf;
}

enum { U32 = 1, U64 = 2, FIRST = 3 };

static int teardown(void **state)
{
	(void)state;
	drop();
	return 0;
}

/* ---- bitfields ---------------------------------------------------------------------------------- */

/* Bit `bit` of a struct, as the machine counts them. */
static void set_bit(uint8_t *memory, uint32_t bit, bool big_endian)
{
	memory[bit / 8] |= (uint8_t)(1 << (big_endian ? 7 - bit % 8 : bit % 8));
}

static uint64_t load(const uint8_t *memory, uint64_t size, bool big_endian)
{
	uint64_t value = 0;

	for (uint64_t i = 0; i < size; i++)
		value = value << 8 | memory[big_endian ? i : size - 1 - i];
	return value;
}

/* What BPF_CORE_READ_BITFIELD() does with the values gives the field's bits and no others. */
static void check_bitfield(uint32_t bit_offset, uint32_t bits, int type, bool big_endian)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	uint8_t memory[64] = {};
	uint64_t value;

	ADD(local, "s", 8, { "x", type, 0, bits });
	ADD(kernel, "s", 48, { "before", U32, 0, 0 }, { "x", type, bit_offset, bits });
	begin(local, kernel, big_endian);
	ask(CORE_FIELD_OFFSET, FIRST, "0:0");
	ask(CORE_FIELD_SIZE, FIRST, "0:0");
	ask(CORE_FIELD_LSHIFT, FIRST, "0:0");
	ask(CORE_FIELD_RSHIFT, FIRST, "0:0");
	find();
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(result(i)->outcome, CORE_FOUND);
	for (uint32_t i = 0; i < bits; i++)
		set_bit(memory, bit_offset + i, big_endian);
	value = load(memory + result(0)->value.number, result(1)->value.number, big_endian);
	value = value << result(2)->value.number >> result(3)->value.number;
	assert_int_equal(value, bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1);
	/* and the bits on both sides are not among them */
	memset(memory, 0, sizeof(memory));
	set_bit(memory, bit_offset - 1, big_endian);
	set_bit(memory, bit_offset + bits, big_endian);
	value = load(memory + result(0)->value.number, result(1)->value.number, big_endian);
	assert_int_equal(value << result(2)->value.number >> result(3)->value.number, 0);
}

static void test_bitfields(void **state)
{
	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++)
		for (uint32_t offset = 64; offset < 128; offset += 5)
			for (uint32_t bits = 1; bits + offset % 64 <= 64; bits += 3)
				check_bitfield(offset, bits, bits <= 32 ? U32 : U64, big_endian);
}

static void test_bitfield_too_wide(void **state)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	uint32_t number;

	(void)state;
	ADD(local, "s", 8, { "x", U64, 0, 40 });
	/* across a boundary of 64 bits */
	ADD(kernel, "s", 48, { "x", U64, 60, 40 });
	begin(local, kernel, false);
	number = ask(CORE_FIELD_OFFSET, FIRST, "0:0");
	ask(CORE_FIELD_EXISTS, FIRST, "0:0");
	find();
	assert_int_equal(result(number)->outcome, CORE_REFUSED);
	assert_non_null(strstr(result(number)->why, "no load of 64 bits"));
	assert_found(number + 1, 1);
}

/* ---- access strings -------------------------------------------------------------------------------- */

static void test_access_strings(void **state)
{
	static const char *const wrong[] = {
		"", ":", "0:", ":0", "0::1", "-1", "0:-1", "0:2", "0:1:0", "x", "0x0", "0:1 ", " 0",
		"0:4294967296", "0:18446744073709551616", "4294967295", "2147483648:0",
		"2147483647:0", "0:0:4", "0:0:0:0", "0,1",
	};
	char steps[2 * CORE_PATH_MAX + 4];
	struct btf *local = with_ints();
	int array = btf__add_array(local, U32, U32, 4);

	(void)state;
	ADD(local, "s", 24, { "a", array, 0, 0 }, { "x", U64, 128, 0 });
	begin(local, with_ints(), false);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!try_ask(CORE_FIELD_OFFSET, FIRST + 1, wrong[i]))
			fail_msg("'%s' is no access string", wrong[i]);
	assert_int_equal(object.specs[ask(CORE_FIELD_OFFSET, FIRST + 1, "0:0:3")].value.number, 12);
	assert_int_equal(object.specs[ask(CORE_FIELD_OFFSET, FIRST + 1, "2:1")].value.number, 64);
	assert_int_equal(object.specs[ask(CORE_FIELD_OFFSET, FIRST + 1, "00:01")].value.number, 16);
	assert_string_equal(try_ask(CORE_TYPE_EXISTS, FIRST + 1, "0:1"),
			    "an access string for a type as a whole");
	assert_string_equal(try_ask(CORE_FIELD_OFFSET, 99, "0"), "a type that is not there");
	assert_string_equal(try_ask(CORE_KIND_END, FIRST, "0"), "a relocation of an unknown kind");
	assert_string_equal(try_ask(CORE_ENUM_VALUE, FIRST + 1, "0"),
			    "an enumerator that its type does not have");
	for (size_t i = 0; i <= CORE_PATH_MAX; i++)
		memcpy(steps + 2 * i, "0:", 3);
	steps[2 * CORE_PATH_MAX + 1] = '\0';
	assert_string_equal(try_ask(CORE_FIELD_OFFSET, FIRST + 1, steps),
			    "an access string of more than 64 steps");
}

static void test_flexible_arrays(void **state)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	uint32_t in, beyond, gone;
	int array;

	(void)state;
	array = btf__add_array(local, U32, U32, 0);
	ADD(local, "last", 8, { "n", U64, 0, 0 }, { "x", array, 64, 0 });
	ADD(local, "middle", 8, { "x", array, 0, 0 }, { "n", U64, 0, 0 });
	array = btf__add_array(kernel, U32, U64, 3);
	ADD(kernel, "last", 32, { "n", U64, 0, 0 }, { "x", array, 64, 0 });
	begin(local, kernel, false);
	in = ask(CORE_FIELD_OFFSET, FIRST + 1, "0:1:2");
	beyond = ask(CORE_FIELD_OFFSET, FIRST + 1, "0:1:3");
	gone = ask(CORE_FIELD_EXISTS, FIRST + 1, "0:1:3");
	assert_string_equal(try_ask(CORE_FIELD_OFFSET, FIRST + 2, "0:0:0"),
			    "an element beyond its array's end");
	assert_string_equal(try_ask(CORE_FIELD_SIGNED, FIRST + 1, "0:1:0") ?: "none", "none");
	assert_non_null(object.specs[object.spec_count - 1].refusal);
	find();
	assert_found(in, 8 + 2 * 8);
	assert_int_equal(result(beyond)->outcome, CORE_ABSENT);
	assert_true(result(beyond)->poisons);
	assert_int_equal(result(gone)->outcome, CORE_ABSENT);
	assert_false(result(gone)->poisons);
	assert_int_equal(result(gone + 1)->outcome, CORE_REFUSED);
}

/* ---- circles ------------------------------------------------------------------------------------------ */

static void test_circles(void **state)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	uint32_t member;
	int chain;

	(void)state;
	ADD(local, "s", 8, { "x", U32, 0, 0 });
	/* in the kernel it is inside itself, twice, so that looking everywhere would not end */
	ADD(kernel, "s", 8, { "", FIRST, 0, 0 }, { "", FIRST, 0, 0 });
	begin(local, kernel, false);
	member = ask(CORE_FIELD_EXISTS, FIRST, "0:0");
	find();
	assert_int_equal(result(member)->outcome, CORE_REFUSED);

	local = with_ints();
	kernel = with_ints();
	ADD(local, "s", 8, { "x", U32, 0, 0 });
	ADD(kernel, "s", 8, { "x", FIRST + 1, 0, 0 });
	btf__add_const(kernel, FIRST + 2);
	btf__add_volatile(kernel, FIRST + 1);
	begin(local, kernel, false);
	member = ask(CORE_FIELD_OFFSET, FIRST, "0:0");
	find();
	assert_int_equal(result(member)->outcome, CORE_REFUSED);
	assert_non_null(strstr(result(member)->why, "circle"));

	/* arrays of arrays of themselves, in the object */
	local = with_ints();
	btf__add_array(local, U32, FIRST, 2);
	ADD(local, "s", 8, { "x", FIRST, 0, 0 });
	begin(local, with_ints(), false);
	assert_non_null(try_ask(CORE_FIELD_OFFSET, FIRST + 1, "0:0:0"));

	/* types that match as long as nobody gets to the end */
	local = with_ints();
	ADD(local, "s", 8, { "x", FIRST, 0, 0 }, { "y", FIRST, 0, 0 });
	kernel = with_ints();
	ADD(kernel, "s", 8, { "x", FIRST, 0, 0 }, { "y", FIRST, 0, 0 });
	begin(local, kernel, false);
	ask(CORE_TYPE_MATCHES, FIRST, "0");
	find();
	assert_int_equal(result(0)->outcome, CORE_REFUSED);

	/* a chain that is long but ends */
	local = with_ints();
	chain = U32;
	for (int i = 0; i < CORE_CHAIN_MAX - 1; i++)
		chain = btf__add_const(local, chain);
	ADD(local, "s", 8, { "x", chain, 0, 0 });
	kernel = with_ints();
	ADD(kernel, "s", 8, { "x", U32, 32, 0 });
	begin(local, kernel, false);
	member = ask(CORE_FIELD_OFFSET, (uint32_t)chain + 1, "0:0");
	find();
	assert_found(member, 4);
}

/* ---- candidates ------------------------------------------------------------------------------------------ */

static void test_names(void **state)
{
	static const struct {
		const char *name;
		size_t essential;
	} names[] = {
		{ "task_struct", 11 }, { "task_struct___old", 11 }, { "a___b", 1 }, { "a___b___c", 5 },
		{ "___b", 4 }, { "a___", 4 }, { "a____b", 6 }, { "a__b", 4 }, { "", 0 }, { "_", 1 },
		{ "a_____b", 7 }, { "a___b_", 1 }, { "_a___b", 2 }, { "a____b___c", 6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (core_name__essential(names[i].name) != names[i].essential)
			fail_msg("%s", names[i].name);
	assert_true(core_names__agree("a___b", "a"));
	assert_false(core_names__agree("a___b", "b"));
	assert_false(core_names__agree("a___b", "ab"));
}

static void test_ambiguity(void **state)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	uint32_t number;
	struct buf text = {};

	(void)state;
	ADD(local, "s", 8, { "x", U32, 0, 0 }, { "y", U32, 32, 0 });
	ADD(kernel, "s", 8, { "x", U32, 0, 0 });
	ADD(kernel, "s___other", 16, { "x", U32, 64, 0 }, { "y", U32, 96, 0 });
	begin(local, kernel, false);
	number = ask(CORE_FIELD_OFFSET, FIRST, "0:0");
	ask(CORE_FIELD_OFFSET, FIRST, "0:1");
	ask(CORE_FIELD_SIZE, FIRST, "0:0");
	find();
	assert_int_equal(result(number)->outcome, CORE_AMBIGUOUS);
	assert_int_equal(result(number)->type, FIRST);
	assert_int_equal(result(number)->rival, FIRST + 1);
	assert_found(number + 1, 12);
	/* by now it is the only one */
	assert_found(number + 2, 4);
	object.relocations = (struct core_relocation[]){
		{ .section = "kprobe/x", .program = "prog", .in_program = 7, .spec = number } };
	core_words__refusal(&object, number, &target, result(number), &text);
	assert_string_equal(buf__cstr(&text), "prog+7 (kprobe/x): field_offset of struct s.x: the "
			    "kernel has it twice, and not the same: struct s [3] and struct "
			    "s___other [4]");
	buf__free(&text);
}

/* What is left is enough, though the first candidate has not all. */
static void test_twins(void **state)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	struct core_reduction reduction;
	struct type_graph_error error;
	struct type_graph small;
	struct core_results again;
	struct core_target less;
	void *min;
	size_t size;

	(void)state;
	ADD(local, "s", 8, { "x", U32, 0, 0 }, { "y", U32, 32, 0 });
	ADD(kernel, "s", 4, { "x", U32, 0, 0 });
	ADD(kernel, "s___other", 8, { "x", U32, 0, 0 }, { "y", U32, 32, 0 });
	begin(local, kernel, false);
	ask(CORE_FIELD_OFFSET, FIRST, "0:0");
	ask(CORE_FIELD_OFFSET, FIRST, "0:1");
	find();
	assert_found(0, 0);
	assert_found(1, 4);
	assert_int_equal(results.twin_count, 1);
	for (int twins = 0; twins < 2; twins++) {
		assert_int_equal(core_reduction__init(&reduction, &target), 0);
		assert_int_equal(core_reduction__add(&reduction, &object, &results), 0);
		if (twins)
			assert_int_equal(core_reduction__add_twins(&reduction, &object, &results), 0);
		assert_int_equal(core_reduction__write(&reduction, &min, &size), 0);
		core_reduction__free(&reduction);
		assert_int_equal(type_graph__parse(min, size, &small, &error), 0);
		assert_int_equal(core_target__init(&less, &small, false), 0);
		assert_int_equal(core_results__find(&object, &less, &again), 0);
		assert_int_equal(core_results__difference(&object, &results, &again), twins ? 2 : 1);
		core_results__free(&again);
		core_target__free(&less);
		type_graph__free(&small);
		free(min);
	}
}

/* Members far behind, of which one begins within a byte though it is no bitfield. */
static void test_far_members(void **state)
{
	struct btf *local = with_ints(), *kernel = with_ints();
	struct core_reduction reduction;
	struct type_graph_error error;
	struct type_graph small;
	void *min;
	size_t size;

	(void)state;
	ADD(local, "s", 8, { "x", U32, 0, 0 }, { "y", U32, 32, 0 });
	ADD(kernel, "s", 8 << 20, { "x", U32, 0, 0 }, { "y", U32, 0, 0 });
	btf_members(btf__type_by_id(kernel, FIRST))[1].offset = (8 << 20) * 8 - 36;
	begin(local, kernel, false);
	ask(CORE_FIELD_EXISTS, FIRST, "0:0");
	ask(CORE_FIELD_EXISTS, FIRST, "0:1");
	find();
	assert_int_equal(core_reduction__init(&reduction, &target), 0);
	assert_int_equal(core_reduction__add(&reduction, &object, &results), 0);
	assert_int_equal(core_reduction__write(&reduction, &min, &size), 0);
	core_reduction__free(&reduction);
	assert_int_equal(type_graph__parse(min, size, &small, &error), 0);
	/* with the flag, the offset's upper byte would be a bitfield's size */
	assert_false(small.types[2].flag);
	assert_int_equal(small.slots[small.types[2].first + 1].value, (8 << 20) * 8 - 36);
	type_graph__free(&small);
	free(min);
}

/* ---- machines ------------------------------------------------------------------------------------------- */

static void test_pointers(void **state)
{
	struct btf *local = with_ints(), *kernel = btf__new_empty();
	uint32_t number;

	(void)state;
	btf__add_ptr(local, 0);
	ADD(local, "s", 16, { "p", FIRST, 64, 0 });
	btf__add_int(kernel, "long long unsigned int", 8, 0);
	btf__add_int(kernel, "long int", 4, BTF_INT_SIGNED);
	btf__add_ptr(kernel, 0);
	ADD(kernel, "s", 8, { "p", 3, 32, 0 });
	begin(local, kernel, false);
	number = ask(CORE_FIELD_SIZE, FIRST + 1, "0:0");
	ask(CORE_FIELD_OFFSET, FIRST + 1, "0:0");
	find();
	assert_int_equal(object.specs[number].value.number, 8);
	assert_found(number, 4);
	assert_found(number + 1, 4);
	assert_true(result(number + 1)->resizes);
}

/* ---- instructions ------------------------------------------------------------------------------------------ */

static enum core_patched patch(uint32_t spec, struct bpf_insn insn, struct bpf_insn *out)
{
	struct core_relocation relocation = { .spec = spec, .insns = { insn } };
	struct bpf_insn insns[2];
	const char *why;
	enum core_patched patched = core_patch(&object, &relocation, result(spec), insns, &why);

	if (patched == CORE_NOT_PATCHED)
		assert_non_null(why);
	*out = insns[0];
	return patched;
}

static void test_patches(void **state)
{
	const struct bpf_insn load_32 = { .code = BPF_LDX | BPF_MEM | BPF_W, .off = 4 };
	const struct bpf_insn add_imm = { .code = BPF_ALU64 | BPF_ADD | BPF_K, .imm = 4 };
	struct btf *local = with_ints(), *kernel = with_ints();
	struct bpf_insn insn, wrong;
	uint32_t far, grown, changed, gone;

	(void)state;
	btf__add_int(kernel, "int", 8, BTF_INT_SIGNED);
	ADD(local, "s", 8, { "far", U32, 32, 0 }, { "grown", U32, 32, 0 }, { "changed", U32, 32, 0 },
	    { "gone", U32, 32, 0 });
	ADD(kernel, "s", 65536, { "grown", U64, 64, 0 }, { "changed", FIRST, 128, 0 },
	    { "far", U32, 8 * 32768, 0 });
	begin(local, kernel, false);
	far = ask(CORE_FIELD_OFFSET, FIRST, "0:0");
	grown = ask(CORE_FIELD_OFFSET, FIRST, "0:1");
	changed = ask(CORE_FIELD_OFFSET, FIRST, "0:2");
	gone = ask(CORE_FIELD_OFFSET, FIRST, "0:3");
	find();
	/* an offset has 15 bits, an immediate 31 */
	assert_int_equal(patch(far, load_32, &insn), CORE_NOT_PATCHED);
	assert_int_equal(patch(far, add_imm, &insn), CORE_PATCHED);
	assert_int_equal(insn.imm, 32768);
	assert_int_equal(patch(grown, load_32, &insn), CORE_PATCHED);
	assert_int_equal(insn.off, 8);
	assert_int_equal(insn.code, BPF_LDX | BPF_MEM | BPF_DW);
	/* a signed one would be read wrong; its address can be had */
	assert_int_equal(patch(changed, load_32, &insn), CORE_POISONED);
	assert_int_equal(insn.code, BPF_JMP | BPF_CALL);
	assert_int_equal(patch(changed, add_imm, &insn), CORE_PATCHED);
	assert_int_equal(patch(gone, add_imm, &insn), CORE_POISONED);
	/* what is not as the object's types say */
	wrong = load_32;
	wrong.off = 8;
	assert_int_equal(patch(grown, wrong, &insn), CORE_NOT_PATCHED);
	wrong = load_32;
	wrong.code = BPF_LDX | BPF_MEM | BPF_B;
	assert_int_equal(patch(grown, wrong, &insn), CORE_NOT_PATCHED);
	wrong = add_imm;
	wrong.imm = 5;
	assert_int_equal(patch(grown, wrong, &insn), CORE_NOT_PATCHED);
	wrong.code = BPF_ALU64 | BPF_ADD | BPF_X;
	assert_int_equal(patch(grown, wrong, &insn), CORE_NOT_PATCHED);
	wrong.code = BPF_JMP | BPF_EXIT;
	assert_int_equal(patch(grown, wrong, &insn), CORE_NOT_PATCHED);
	wrong.code = BPF_LD | BPF_ABS | BPF_W;
	assert_int_equal(patch(grown, wrong, &insn), CORE_NOT_PATCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bitfields),
		cmocka_unit_test(test_bitfield_too_wide),
		cmocka_unit_test(test_access_strings),
		cmocka_unit_test(test_flexible_arrays),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ambiguity),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_far_members),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_patches),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
