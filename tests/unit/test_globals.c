/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Global variables through array maps: the same object, loaded with and without, leaves
 * the same values behind. This kernel checks that the rewritten code, its function and
 * line records fit together; that older verifiers take it too is tried in tests/long.
 */
#include "fixture.h"

#include <bpf/bpf.h>
#include <kbtf_load.h>

#include "base/cleanup.h"
#include "bpf_elf.h"
#include "folding.h"
#include "liveness.h"
#include "stack_copies.h"

static char object_path[4200];

static int compile(void **state)
{
	if (fixture__setup(state))
		return -1;
	snprintf(object_path, sizeof(object_path), "%s/globals.bpf.o", test_dir);
	if (shell("bpftool=$(command -v bpftool || echo /usr/sbin/bpftool); "
		  "$bpftool btf dump file /sys/kernel/btf/vmlinux format c >$T/vmlinux.h 2>/dev/null && "
		  "clang -target bpf -mcpu=v1 -g -O2 -isystem $T -c -o $T/globals.bpf.o "
		  "tests/fixtures/globals.bpf.c"))
		object_path[0] = '\0';
	return 0;
}

static void need_object(void)
{
	if (object_path[0])
		return;
	fprintf(stderr, "SKIP: no clang or no BTF of this kernel to compile programs with\n");
	skip();
}

static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static struct kbtf_object *open_object(enum kbtf_legacy_globals legacy)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts), .legacy_globals = legacy };
	struct kbtf_object *object;
	int err = kbtf_object__open(object_path, &opts, &object);

	for (size_t i = 0; object && i < kbtf_object__remark_count(object); i++)
		if (kbtf_object__remark(object, i)->kind == KBTF_REMARK_PROBLEM)
			print_message("# %s\n", kbtf_object__remark(object, i)->text);
	if (err == -EPERM) {
		kbtf_object__close(object);
		fprintf(stderr, "SKIP: loading BPF takes root\n");
		skip();
	}
	assert_int_equal(err, 0);
	return object;
}

static int run(const struct kbtf_object *object, const char *name)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bpf_program *program = bpf_object__find_program_by_name(kbtf_object__bpf(object),
								       name);

	assert_non_null(program);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	return (int)opts.retval;
}

struct outcome {
	int results[8];
	int counter, own_section;
	uint64_t total;
	struct {
		int number;
		long wide;
		char text[16];
	} last;
	int hidden[8];
	struct {
		int number;
		long wide;
		char text[16];
	} copied;
	char own_name[16];
	int own_pid;
	int unused[2];
};

static void get(struct kbtf_object *object, const char *name, void *value, size_t size)
{
	assert_int_equal(kbtf_object__global_size(object, name), size);
	assert_int_equal(kbtf_object__get_global(object, name, value, size), 0);
}

static bool has_remark(const struct kbtf_object *object, const char *text)
{
	for (size_t i = 0; i < kbtf_object__remark_count(object); i++)
		if (strstr(kbtf_object__remark(object, i)->text, text))
			return true;
	return false;
}

static void play(enum kbtf_legacy_globals legacy, struct outcome *outcome)
{
	struct kbtf_object *object = open_object(legacy);
	int limit = 12, err;

	memset(outcome, 0, sizeof(*outcome));
	assert_int_equal(kbtf_object__has_legacy_globals(object),
			 legacy == KBTF_LEGACY_GLOBALS_FORCE);
	assert_int_equal(kbtf_object__set_global(object, "limit", &limit, sizeof(limit)), 0);
	err = kbtf_object__load(object);
	for (size_t i = 0; err && i < kbtf_object__remark_count(object); i++)
		print_message("# %s\n", kbtf_object__remark(object, i)->text);
	assert_int_equal(err, 0);
	assert_int_equal(has_remark(object, "handed_over: variables handed to helpers by way of the stack: 6"),
			 legacy == KBTF_LEGACY_GLOBALS_FORCE);
	for (int i = 0; i < 3; i++) {
		outcome->results[i] = run(object, "variables");
		outcome->results[3 + i] = run(object, "indexed");
	}
	outcome->results[6] = run(object, "dead_branch");
	outcome->results[7] = run(object, "handed_over");
	run(object, "printing");
	get(object, "copied", &outcome->copied, sizeof(outcome->copied));
	get(object, "own_name", outcome->own_name, sizeof(outcome->own_name));
	get(object, "own_pid", &outcome->own_pid, sizeof(outcome->own_pid));
	get(object, "counter", &outcome->counter, 4);
	get(object, "own_section", &outcome->own_section, 4);
	get(object, "total", &outcome->total, 8);
	get(object, "last", &outcome->last, sizeof(outcome->last));
	get(object, "hidden", outcome->hidden, sizeof(outcome->hidden));
	assert_int_equal(kbtf_object__set_global(object, "limit", &limit, sizeof(limit)), -EPERM);
	get(object, "unused_section", outcome->unused, sizeof(outcome->unused));
	outcome->unused[0] += 8;
	assert_int_equal(kbtf_object__set_global(object, "unused_section", outcome->unused,
						 sizeof(outcome->unused)), 0);
	get(object, "unused_section", outcome->unused, sizeof(outcome->unused));
	limit = 77;
	assert_int_equal(kbtf_object__set_global(object, "counter", &limit, sizeof(limit)), 0);
	limit = 0;
	get(object, "counter", &limit, 4);
	assert_int_equal(limit, 77);
	kbtf_object__close(object);
}

static void test_same_results(void **state)
{
	struct outcome with, without;

	(void)state;
	need_object();
	if (geteuid() != 0) {
		fprintf(stderr, "SKIP: loading BPF takes root\n");
		skip();
	}
	play(KBTF_LEGACY_GLOBALS_OFF, &without);
	play(KBTF_LEGACY_GLOBALS_FORCE, &with);
	/* that something happened at all */
	assert_int_equal(without.results[6], 12);
	assert_int_equal(without.own_section, 24);
	assert_true(without.results[7] > 0);
	assert_int_equal(without.own_pid, getpid());
	assert_int_equal(without.copied.wide, 1L << 40);
	assert_string_equal(without.last.text, "Begin");
	assert_true(without.last.wide >= 0x40000);
	assert_int_equal(without.unused[0], 9);
	assert_int_equal(without.unused[1], 6);
	assert_memory_equal(&with, &without, sizeof(with));
}

static void test_accessors_before_load(void **state)
{
	struct kbtf_object *object;
	int number;

	(void)state;
	need_object();
	object = open_object(KBTF_LEGACY_GLOBALS_OFF);
	get(object, "counter", &number, 4);
	assert_int_equal(number, 5);
	number = 9;
	assert_int_equal(kbtf_object__set_global(object, "counter", &number, 4), 0);
	number = 0;
	get(object, "counter", &number, 4);
	assert_int_equal(number, 9);
	assert_int_equal(kbtf_object__set_global(object, "counter", &number, 3), -EINVAL);
	assert_int_equal(kbtf_object__set_global(object, "not there", &number, 4), -ENOENT);
	kbtf_object__close(object);
}

/* A second object on the maps of the first: its variables go on, its constants are its own. */
static void test_reused_maps(void **state)
{
	struct kbtf_object *first, *second;
	int number = 123, limit = 12;
	const char *section;
	size_t count = 0, wrong = 0;

	(void)state;
	need_object();
	first = open_object(KBTF_LEGACY_GLOBALS_FORCE);
	second = open_object(KBTF_LEGACY_GLOBALS_FORCE);
	assert_int_equal(kbtf_object__load(first), 0);
	assert_int_equal(kbtf_object__set_global(first, "counter", &number, 4), 0);
	for (int fd; (fd = kbtf_object__legacy_map(first, count, &section)) >= 0; count++) {
		wrong += kbtf_object__reuse_legacy_map(second, count ? 0 : 1, fd) == -EEXIST;
		assert_int_equal(kbtf_object__reuse_legacy_map(second, count, fd), 0);
	}
	assert_in_range(count, 3, 16);
	assert_in_range(wrong, 1, count);
	assert_int_equal(kbtf_object__reuse_legacy_map(second, count, 0), -ENOENT);
	assert_int_equal(kbtf_object__set_global(second, "limit", &limit, 4), 0);
	assert_int_equal(kbtf_object__load(second), 0);
	get(second, "counter", &number, 4);
	assert_int_equal(number, 123);
	get(second, "limit", &number, 4);
	assert_int_equal(number, 12);
	run(second, "variables");
	kbtf_object__close(second);
	get(first, "counter", &number, 4);
	assert_int_not_equal(number, 123);
	kbtf_object__close(first);
}

/* ---- parts ------------------------------------------------------------------------------------ */

#define MOV(d, s) { .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (d), .src_reg = (s) }
#define MOVI(d, i) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (d), .imm = (i) }
#define CALL(i) { .code = BPF_JMP | BPF_CALL, .imm = (i) }
#define EXIT { .code = BPF_JMP | BPF_EXIT }

static unsigned int no_callee(void *ctx, size_t index)
{
	(void)ctx, (void)index;
	return 0;
}

static int live(const struct bpf_insn *code, size_t count)
{
	return liveness__at_entry(code, count, no_callee, NULL);
}

static void test_liveness(void **state)
{
	const struct bpf_insn straight[] = { MOV(0, 3), EXIT };
	const struct bpf_insn overwritten[] = { MOVI(3, 1), MOV(0, 3), EXIT };
	/* bpf_map_lookup_elem takes two, bpf_probe_read three */
	const struct bpf_insn lookup[] = { CALL(BPF_FUNC_map_lookup_elem), EXIT };
	const struct bpf_insn probe_read[] = { CALL(BPF_FUNC_probe_read), EXIT };
	const struct bpf_insn behind_call[] = { CALL(BPF_FUNC_ktime_get_ns), MOV(0, 4), EXIT };
	/* a loop whose second round reads r2 */
	const struct bpf_insn loop[] = {
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = 1 },
		{ .code = BPF_JMP | BPF_JNE | BPF_X, .dst_reg = 1, .src_reg = 2, .off = -2 },
		MOVI(0, 0), EXIT,
	};
	const struct bpf_insn wild[] = { { .code = BPF_JMP | BPF_JA, .off = 5 }, EXIT };

	(void)state;
	assert_int_equal(live(straight, 2), 1 << 3);
	assert_int_equal(live(overwritten, 3), 0);
	assert_int_equal(live(lookup, 2), 1 << 1 | 1 << 2);
	assert_int_equal(live(probe_read, 2), 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(live(behind_call, 3), 0);
	assert_int_equal(live(loop, 4), 1 << 1 | 1 << 2);
	assert_int_equal(live(wild, 2), -EBADMSG);
}

static void test_folding(void **state)
{
	const uint8_t data[8] = { 0x78, 0x56, 0x34, 0xf2 };
	const struct fold_pointer pointer = { .at = 0, .data = data, .size = sizeof(data) };
	const struct fold_input input = { .pointers = &pointer, .pointer_count = 1 };
	struct fold_outcome outcome;
	/* r1 = &data; r2 = *(u32 *)r1; r2 <<= 32; r2 s>>= 32; if r2 s< 0 goto; */
	struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 10, .off = -8 },
		{ .code = BPF_JMP | BPF_JA },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1 },
		{ .code = BPF_ALU64 | BPF_LSH | BPF_K, .dst_reg = 2, .imm = 32 },
		{ .code = BPF_ALU64 | BPF_ARSH | BPF_K, .dst_reg = 2, .imm = 32 },
		{ .code = BPF_JMP | BPF_JSLT | BPF_K, .dst_reg = 2, .off = 1, .imm = 0 },
		MOVI(0, 1), MOVI(0, 2), EXIT,
	};

	(void)state;
	assert_int_equal(folding__run(code, 9, &input, &outcome), 0);
	assert_int_equal(outcome.constants, 2);
	assert_int_equal(outcome.branches, 1);
	assert_int_equal(outcome.addresses, 0);
	assert_int_equal(code[2].code, BPF_ALU | BPF_MOV | BPF_K);
	assert_int_equal((uint32_t)code[2].imm, 0xf2345678);
	/* too large for one instruction: known all the same */
	assert_int_equal(code[3].code, BPF_ALU64 | BPF_LSH | BPF_K);
	assert_int_equal(code[4].code, BPF_ALU64 | BPF_MOV | BPF_K);
	assert_int_equal((uint32_t)code[4].imm, 0xf2345678);
	assert_int_equal(code[5].code, BPF_JMP | BPF_JEQ | BPF_K);
	assert_int_equal((uint32_t)code[5].imm, 0xf2345678);
	assert_int_equal(code[5].off, 1);
}

#define LOAD(size, d, s, o) { .code = BPF_LDX | BPF_MEM | (size), .dst_reg = (d), .src_reg = (s), .off = (o) }
#define STORE(size, d, s, o) { .code = BPF_STX | BPF_MEM | (size), .dst_reg = (d), .src_reg = (s), .off = (o) }
#define ADDI(d, i) { .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (d), .imm = (i) }
#define JUMP_IF(op, d, i, o) { .code = BPF_JMP | (op) | BPF_K, .dst_reg = (d), .imm = (i), .off = (o) }
#define GOTO(o) { .code = BPF_JMP | BPF_JA, .off = (o) }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void fold(struct bpf_insn *code, size_t count, const struct fold_pointer *pointers,
		 size_t pointer_count, const struct bpf_insn *relocated,
		 struct fold_outcome *outcome)
{
	const struct fold_input input = { .pointers = pointers, .pointer_count = pointer_count,
					  .relocated = relocated };

	assert_int_equal(folding__run(code, count, &input, outcome), 0);
}

/* What two ways agree on is known where they meet; what they don't agree on is not. */
static void test_folding_where_ways_meet(void **state)
{
	struct bpf_insn code[] = {
		MOVI(6, 3), MOVI(7, 4), JUMP_IF(BPF_JEQ, 1, 0, 1), MOVI(7, 5),
		JUMP_IF(BPF_JGT, 6, 2, 1), EXIT, JUMP_IF(BPF_JGT, 7, 2, 0),
		JUMP_IF(BPF_JGT, 7, 2, 1), MOVI(0, 0), EXIT,
	};
	struct fold_outcome outcome;

	(void)state;
	fold(code, COUNT(code), NULL, 0, NULL, &outcome);
	assert_int_equal(outcome.branches, 1);
	assert_int_equal(code[4].code, BPF_JMP | BPF_JEQ | BPF_K);
	assert_int_equal(code[4].imm, 3);
	assert_int_equal(code[7].code, BPF_JMP | BPF_JGT | BPF_K);
}

/* A way that constants close does not count; nor does a loop make a number of a variable. */
static void test_folding_closed_ways(void **state)
{
	struct bpf_insn closed[] = {
		MOVI(6, 3), MOVI(7, 4), JUMP_IF(BPF_JNE, 6, 3, 1), GOTO(1), MOVI(7, 5),
		JUMP_IF(BPF_JSGT, 7, 4, 1), MOVI(0, 0), EXIT,
	};
	struct bpf_insn loop[] = {
		MOVI(6, 0), JUMP_IF(BPF_JGT, 6, 5, 2), ADDI(6, 1), GOTO(-3), MOVI(0, 0), EXIT,
	};
	struct fold_outcome outcome;

	(void)state;
	fold(closed, COUNT(closed), NULL, 0, NULL, &outcome);
	assert_int_equal(outcome.branches, 2);
	assert_int_equal(closed[2].code, BPF_JMP | BPF_JNE | BPF_K);
	assert_int_equal(closed[5].code, BPF_JMP | BPF_JNE | BPF_K);
	assert_int_equal(closed[5].imm, 4);
	fold(loop, COUNT(loop), NULL, 0, NULL, &outcome);
	assert_int_equal(outcome.branches + outcome.constants, 0);
}

/* What libbpf will relocate is known by what it will be, and stays as it is. */
static void test_folding_relocated(void **state)
{
	struct bpf_insn code[] = {
		MOVI(1, 1), JUMP_IF(BPF_JNE, 1, 1, 1), CALL(999), MOVI(2, 8), ADDI(2, 4),
		JUMP_IF(BPF_JEQ, 2, 12, 1), LOAD(BPF_DW, 3, 6, 16),
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 4, .imm = 1 }, {},
		JUMP_IF(BPF_JEQ, 4, 0, 1), MOVI(0, 0), EXIT,
	};
	struct bpf_insn relocated[COUNT(code)], before[COUNT(code)];
	struct fold_outcome outcome;

	(void)state;
	memcpy(before, code, sizeof(code));
	memcpy(relocated, code, sizeof(code));
	relocated[0].imm = 0;
	relocated[3].imm = 16;
	/* an invalid call, as libbpf writes it for a field that is not there */
	relocated[6] = (struct bpf_insn)CALL(195896080);
	relocated[7].imm = 0;
	fold(code, COUNT(code), NULL, 0, relocated, &outcome);
	assert_memory_equal(&code[0], &before[0], sizeof(code[0]));
	assert_memory_equal(&code[3], &before[3], sizeof(code[0]));
	assert_memory_equal(&code[6], &before[6], 3 * sizeof(code[0]));
	/* always taken: the call is not looked at */
	assert_int_equal(code[1].code, BPF_JMP | BPF_JEQ | BPF_K);
	assert_int_equal(code[1].imm, 0);
	assert_int_equal(code[4].code, BPF_ALU64 | BPF_MOV | BPF_K);
	assert_int_equal(code[4].imm, 20);
	assert_int_equal(code[5].code, BPF_JMP | BPF_JNE | BPF_K);
	assert_int_equal(code[5].imm, 20);
	assert_int_equal(code[9].code, BPF_JMP | BPF_JEQ | BPF_K);
	assert_int_equal(outcome.branches, 3);
}

/* What is younger than the kernels that this is for is left alone. */
/* What a pointer takes two instructions by may be anything: the check steps as the walk does. */
static void test_folding_behind_a_pointer(void **state)
{
	struct bpf_insn code[] = {
		MOVI(0, 0), MOVI(1, 0), { .code = BPF_LD | BPF_DW | BPF_IMM },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 15 }, EXIT,
	};
	const struct fold_pointer pointer = { .at = 1, .section = &pointer, .size = 8 };
	const struct fold_input input = { .pointers = &pointer, .pointer_count = 1 };
	struct fold_outcome outcome;

	(void)state;
	assert_int_equal(folding__run(code, COUNT(code), &input, &outcome), -EBADMSG);
	code[3].dst_reg = 3;
	assert_int_equal(folding__run(code, COUNT(code), &input, &outcome), 0);
}

static void test_folding_young_code(void **state)
{
	const struct bpf_insn young[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 2, .off = 8 },
		{ .code = BPF_JMP32 | BPF_JA, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 1, .src_reg = 2, .imm = 0x100 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 11 },
	};
	const struct fold_input input = {};
	struct fold_outcome outcome;

	(void)state;
	for (size_t i = 0; i < COUNT(young); i++) {
		struct bpf_insn code[] = { MOVI(2, 300), young[i], JUMP_IF(BPF_JEQ, 1, 300, 1),
					   MOVI(0, 0), EXIT };

		assert_int_equal(folding__run(code, COUNT(code), &input, &outcome), -EBADMSG);
	}
}

static const int variables[2];
#define SLOT -8
#define VARIABLE(reg, offset) LOAD(BPF_DW, reg, 10, SLOT), ADDI(reg, offset)

static const struct fold_pointer *pointers_at(const size_t *places, size_t count)
{
	static struct fold_pointer pointers[4];

	for (size_t i = 0; i < count; i++)
		pointers[i] = (struct fold_pointer){ .at = places[i], .section = variables,
						     .size = 4096, .offset = 40 };
	return pointers;
}

static bool is_moved(const struct bpf_insn *add)
{
	if (add->code == (BPF_JMP | BPF_JA) && add->off == 0)
		return true;
	assert_int_equal(add->code, BPF_ALU64 | BPF_ADD | BPF_K);
	return false;
}

static void test_offsets_move(void **state)
{
	/* through copies and additions, across a call, into what reads and what writes */
	struct bpf_insn code[] = {
		VARIABLE(6, 40), LOAD(BPF_W, 1, 6, 0), MOV(7, 6), ADDI(7, 8), CALL(5),
		STORE(BPF_DW, 7, 0, -8), { .code = BPF_ST | BPF_MEM | BPF_B, .dst_reg = 6, .off = 3 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 6, .src_reg = 0, .off = 8 },
		MOVI(0, 0), EXIT,
	};
	const size_t places[] = { 0 };
	struct fold_outcome outcome;

	(void)state;
	fold(code, COUNT(code), pointers_at(places, 1), 1, NULL, &outcome);
	assert_int_equal(outcome.addresses, 1);
	assert_true(is_moved(&code[1]));
	assert_int_equal(code[2].off, 40);
	assert_true(is_moved(&code[4]));
	assert_int_equal(code[6].off, 40);
	assert_int_equal(code[7].off, 43);
	assert_int_equal(code[8].off, 48);
}

/* `use` reads r6, which points to a variable: then the offset stays where it is. */
static void assert_stays(struct bpf_insn use, struct bpf_insn behind)
{
	struct bpf_insn code[] = { VARIABLE(6, 40), LOAD(BPF_W, 1, 6, 4), use, behind,
				   MOVI(0, 0), EXIT };
	const size_t places[] = { 0 };
	struct fold_outcome outcome;

	fold(code, COUNT(code), pointers_at(places, 1), 1, NULL, &outcome);
	assert_int_equal(outcome.addresses, 0);
	assert_false(is_moved(&code[1]));
	assert_int_equal(code[2].off, 4);
}

static void test_offsets_stay(void **state)
{
	(void)state;
	assert_stays((struct bpf_insn)STORE(BPF_DW, 10, 6, -16), (struct bpf_insn)GOTO(0));
	assert_stays((struct bpf_insn)MOV(1, 6), (struct bpf_insn)CALL(BPF_FUNC_map_lookup_elem));
	assert_stays((struct bpf_insn)MOV(0, 6), (struct bpf_insn)EXIT);
	assert_stays((struct bpf_insn)JUMP_IF(BPF_JEQ, 6, 0, 1), (struct bpf_insn)GOTO(0));
	assert_stays((struct bpf_insn)LOAD(BPF_W, 1, 6, 32767), (struct bpf_insn)GOTO(0));
	assert_stays((struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 6,
					.src_reg = 1 }, (struct bpf_insn)GOTO(0));
	assert_stays((struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 1,
					.src_reg = 6 }, (struct bpf_insn)GOTO(0));
}

/* Pointers that meet in one register move together or not at all. */
static void test_offsets_where_ways_meet(void **state)
{
	struct bpf_insn same[] = {
		JUMP_IF(BPF_JEQ, 1, 0, 3), VARIABLE(6, 40), GOTO(2), VARIABLE(6, 40),
		LOAD(BPF_W, 0, 6, 0), EXIT,
	};
	struct bpf_insn one_escapes[] = {
		JUMP_IF(BPF_JEQ, 1, 0, 4), VARIABLE(6, 40), STORE(BPF_DW, 10, 6, -16), GOTO(2),
		VARIABLE(6, 40), LOAD(BPF_W, 0, 6, 0), EXIT,
	};
	/* not a variable on the other way: the address is needed if the register is read */
	struct bpf_insn other[] = {
		JUMP_IF(BPF_JEQ, 1, 0, 3), VARIABLE(6, 40), GOTO(1), MOV(6, 10),
		LOAD(BPF_W, 0, 6, -8), EXIT,
	};
	struct bpf_insn unread[COUNT(other)];
	const size_t places[] = { 1, 4 }, places_later[] = { 1, 5 };
	struct fold_outcome outcome;

	(void)state;
	memcpy(unread, other, sizeof(other));
	unread[5] = (struct bpf_insn)MOVI(0, 0);
	fold(same, COUNT(same), pointers_at(places, 2), 2, NULL, &outcome);
	assert_int_equal(outcome.addresses, 2);
	assert_int_equal(same[6].off, 40);
	fold(one_escapes, COUNT(one_escapes), pointers_at(places_later, 2), 2, NULL, &outcome);
	assert_int_equal(outcome.addresses, 0);
	assert_int_equal(one_escapes[7].off, 0);
	fold(other, COUNT(other), pointers_at(places, 1), 1, NULL, &outcome);
	assert_int_equal(outcome.addresses, 0);
	fold(unread, COUNT(unread), pointers_at(places, 1), 1, NULL, &outcome);
	assert_int_equal(outcome.addresses, 1);
}

static const uint8_t odd_bytes[64];

static const struct fold_pointer odd_pointer = { .at = 2, .section = odd_bytes, .size = 64,
						 .offset = 13 };

#define ODD_CODE(helper)                                                             \
	{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1 }, {}, VARIABLE(2, 13),    \
	VARIABLE(3, 13), MOVI(4, 0), CALL(helper), EXIT

static void find_copies(struct bpf_insn *code, size_t count, size_t room, bool keys,
			struct fold_outcome *outcome)
{
	const struct fold_pointer pointers[] = {
		odd_pointer, { .at = 4, .section = odd_bytes, .size = 64, .offset = 13 },
	};
	const struct fold_map map = { .at = 0, .key_size = 5, .value_size = 17 };
	const struct fold_input input = {
		.pointers = pointers, .pointer_count = 2, .maps = &map, .map_count = 1,
		.stack_keys = keys, .stack_memory = true, .stack_room = room,
	};

	assert_int_equal(folding__run(code, count, &input, outcome), 0);
}

static void test_finding_copies(void **state)
{
	struct bpf_insn update[] = { ODD_CODE(BPF_FUNC_map_update_elem) };
	struct bpf_insn lookup[] = { ODD_CODE(BPF_FUNC_map_lookup_elem) };
	struct bpf_insn unknown[] = { ODD_CODE(BPF_FUNC_map_update_elem) };
	struct fold_outcome outcome;

	(void)state;
	find_copies(update, COUNT(update), 32, true, &outcome);
	assert_int_equal(outcome.copy_count, 2);
	assert_int_equal(outcome.copies[0].reg, 2);
	assert_int_equal(outcome.copies[0].size, 5);
	assert_int_equal(outcome.copies[1].reg, 3);
	assert_int_equal(outcome.copies[1].size, 17);
	assert_int_equal(outcome.copies[1].pointer, 1);
	assert_int_equal(outcome.copies[1].offset, 13);
	assert_false(outcome.copies[1].written);
	free(outcome.copies);
	/* no room for both: neither, and their addresses are used as they are */
	find_copies(update, COUNT(update), 31, true, &outcome);
	assert_int_equal(outcome.copy_count, 0);
	find_copies(lookup, COUNT(lookup), 8, true, &outcome);
	assert_int_equal(outcome.copy_count, 1);
	free(outcome.copies);
	/* the kernel takes them as they are */
	find_copies(lookup, COUNT(lookup), 8, false, &outcome);
	assert_int_equal(outcome.copy_count, 0);
	/* some map or other */
	unknown[1] = unknown[0] = (struct bpf_insn)MOV(1, 6);
	find_copies(unknown, COUNT(unknown), 512, true, &outcome);
	assert_int_equal(outcome.copy_count, 0);
}

static void test_making_copies(void **state)
{
	const struct bpf_insn code[] = { ODD_CODE(BPF_FUNC_probe_read) };
	const struct fold_copy copy = { .at = 7, .reg = 1, .size = 7, .offset = 12,
					.written = true };
	const struct bpf_insn expected[] = {
		LOAD(BPF_DW, 1, 10, SLOT),
		LOAD(BPF_W, 0, 1, 12), STORE(BPF_W, 10, 0, -24),
		LOAD(BPF_H, 0, 1, 16), STORE(BPF_H, 10, 0, -20),
		LOAD(BPF_B, 0, 1, 18), STORE(BPF_B, 10, 0, -18),
		MOV(1, 10), ADDI(1, -24), CALL(BPF_FUNC_probe_read),
		LOAD(BPF_DW, 1, 10, SLOT),
		LOAD(BPF_W, 2, 10, -24), STORE(BPF_W, 1, 2, 12),
		LOAD(BPF_H, 2, 10, -20), STORE(BPF_H, 1, 2, 16),
		LOAD(BPF_B, 2, 10, -18), STORE(BPF_B, 1, 2, 18),
		GOTO(7 - (9 + 17)),
	};
	_cleanup_free_ struct bpf_insn *made = NULL;
	size_t count;

	(void)state;
	assert_int_equal(stack_copies__make(code, COUNT(code), 16, &odd_pointer, &copy, 1, &made,
					    &count), 0);
	assert_int_equal(count, COUNT(code) + COUNT(expected));
	assert_memory_equal(made, code, 7 * sizeof(*made));
	assert_int_equal(made[7].code, BPF_JMP | BPF_JA);
	assert_int_equal(made[7].off, 1);
	assert_memory_equal(&made[8], &code[8], sizeof(*made));
	assert_memory_equal(&made[COUNT(code)], expected, sizeof(expected));
}

/* Cut off anywhere, or with any byte changed: refused or rewritten, never out of bounds. */
static void test_hostile_objects(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size, opened = 0;

	(void)state;
	need_object();
	assert_int_equal(file__read(object_path, SIZE_MAX / 2, (void **)&data, &size), 0);
	for (size_t len = 0; len < size; len += size / 200) {
		struct bpf_elf elf;
		int err = bpf_elf__parse(data, len, &elf);

		assert_int_equal(err, -EBADMSG);
	}
	for (size_t at = 0; at < size; at += 1 + size / 3000) {
		struct bpf_elf elf;
		void *written;
		size_t written_size;

		data[at] ^= 0xff;
		if (bpf_elf__parse(data, size, &elf) == 0) {
			opened++;
			assert_int_equal(bpf_elf__write(&elf, &written, &written_size), 0);
			free(written);
			bpf_elf__free(&elf);
		}
		data[at] ^= 0xff;
	}
	assert_in_range(opened, 1, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_results),
		cmocka_unit_test(test_accessors_before_load),
		cmocka_unit_test(test_reused_maps),
		cmocka_unit_test(test_liveness),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_folding_where_ways_meet),
		cmocka_unit_test(test_folding_closed_ways),
		cmocka_unit_test(test_folding_relocated),
		cmocka_unit_test(test_folding_behind_a_pointer),
		cmocka_unit_test(test_folding_young_code),
		cmocka_unit_test(test_offsets_move),
		cmocka_unit_test(test_offsets_stay),
		cmocka_unit_test(test_offsets_where_ways_meet),
		cmocka_unit_test(test_finding_copies),
		cmocka_unit_test(test_making_copies),
		cmocka_unit_test(test_hostile_objects),
	};

	libbpf_set_print(silence);
	return cmocka_run_group_tests_name("globals", tests, compile, fixture__teardown);
}
