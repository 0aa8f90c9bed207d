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
	int results[7];
	int counter, own_section;
	uint64_t total;
	struct {
		int number;
		long wide;
		char text[16];
	} last;
	int hidden[8];
};

static void get(struct kbtf_object *object, const char *name, void *value, size_t size)
{
	assert_int_equal(kbtf_object__global_size(object, name), size);
	assert_int_equal(kbtf_object__get_global(object, name, value, size), 0);
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
	for (int i = 0; i < 3; i++) {
		outcome->results[i] = run(object, "variables");
		outcome->results[3 + i] = run(object, "indexed");
	}
	outcome->results[6] = run(object, "dead_branch");
	run(object, "printing");
	get(object, "counter", &outcome->counter, 4);
	get(object, "own_section", &outcome->own_section, 4);
	get(object, "total", &outcome->total, 8);
	get(object, "last", &outcome->last, sizeof(outcome->last));
	get(object, "hidden", outcome->hidden, sizeof(outcome->hidden));
	assert_int_equal(kbtf_object__set_global(object, "limit", &limit, sizeof(limit)), -EPERM);
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
	assert_string_equal(without.last.text, "Begin");
	assert_true(without.last.wide >= 0x40000);
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
	assert_int_equal(folding__run(code, 9, &pointer, 1), 3);
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
		cmocka_unit_test(test_hostile_objects),
	};

	libbpf_set_print(silence);
	return cmocka_run_group_tests_name("globals", tests, compile, fixture__teardown);
}
