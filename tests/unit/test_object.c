/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Objects at the limits of what the loading side takes, each compiled here: what is
 * refused is refused in words, and what loads gives the same values with globals of the
 * kernel's and of libkbtf's own.
 */
#include "object_fixture.h"

/* Compile corners.bpf.c with these flags, and open it. */
static int open_corner(const char *flags, enum kbtf_legacy_globals legacy,
		       struct kbtf_object **object)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts), .legacy_globals = legacy };

	object_fixture__compile("corners.bpf.c", flags);
	return kbtf_object__open(in_dir("object.bpf.o"), &opts, object);
}

static void assert_problem(const struct kbtf_object *object, const char *text)
{
	assert_remark(object, KBTF_REMARK_PROBLEM, text);
}

/* What its only program returns, and counter's value behind it. */
static void run_corner(const char *flags, enum kbtf_legacy_globals legacy, int *result,
		       int *counter)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct kbtf_object *object;
	int err = open_corner(flags, legacy, &object);

	if (err && object)
		print_remarks(object);
	assert_int_equal(err, 0);
	assert_int_equal(kbtf_object__has_legacy_globals(object),
			 legacy == KBTF_LEGACY_GLOBALS_FORCE);
	assert_int_equal(kbtf_object__load(object), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(bpf_object__next_program(
					kbtf_object__bpf(object), NULL)), &run), 0);
	*result = (int)run.retval;
	*counter = -1;
	kbtf_object__get_global(object, "counter", counter, sizeof(*counter));
	kbtf_object__close(object);
}

#define TARGET "-target bpf -g "

static void test_stack_without_room(void **state)
{
	struct kbtf_object *object;
	int result, counter;

	(void)state;
	need_root();
	assert_int_equal(open_corner(TARGET "-DCASE_DEEP=505", KBTF_LEGACY_GLOBALS_FORCE, &object),
			 -E2BIG);
	assert_problem(object, "function deep uses 512 bytes of stack and global variables, of .data "
			       "counter (");
	assert_problem(object, "corners.bpf.c:");
	assert_null(kbtf_object__bpf(object));
	assert_int_equal(kbtf_object__load(object), -EINVAL);
	kbtf_object__close(object);
	/* the last that fits, and what does not without the pass */
	run_corner(TARGET "-DCASE_DEEP=504", KBTF_LEGACY_GLOBALS_FORCE, &result, &counter);
	assert_int_equal(result, 8);
	assert_int_equal(counter, 8);
	run_corner(TARGET "-DCASE_DEEP=505", KBTF_LEGACY_GLOBALS_OFF, &result, &counter);
	assert_int_equal(result, 8);
}

/* With the object's own line, which old kernels' logs don't have. */
static void test_refused_by_the_verifier(void **state)
{
	static const enum kbtf_legacy_globals ways[] = { KBTF_LEGACY_GLOBALS_OFF,
							 KBTF_LEGACY_GLOBALS_FORCE };
	struct kbtf_object *object;

	(void)state;
	need_root();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(open_corner(TARGET "-DCASE_REFUSED", ways[i], &object), 0);
		assert_int_not_equal(kbtf_object__load(object), 0);
		assert_problem(object, "refused (raw_tp/sys_enter) does not load");
		assert_problem(object, "tests/fixtures/corners.bpf.c:");
		assert_problem(object, ": return *value; /* may be NULL */");
		kbtf_object__close(object);
	}
}

/* libbpf 1.1 refuses it without the pass. */
static void test_constants_that_btf_leaves_out(void **state)
{
	int result, counter;

	(void)state;
	need_root();
	run_corner(TARGET "-DCASE_TABLE", KBTF_LEGACY_GLOBALS_FORCE, &result, &counter);
	assert_int_equal(shell("readelf -SW $T/object.bpf.o | grep -q '[.]rodata[.]cst16'"), 0);
	assert_int_equal(result, 907); /* values[5], values[13] */
}

static void test_five_pointers(void **state)
{
	int with, without, counter_with, counter_without;

	(void)state;
	need_root();
	run_corner(TARGET "-DCASE_FIVE", KBTF_LEGACY_GLOBALS_OFF, &without, &counter_without);
	run_corner(TARGET "-DCASE_FIVE", KBTF_LEGACY_GLOBALS_FORCE, &with, &counter_with);
	assert_int_equal(counter_without, 5 + 3 * 2 * 3);
	assert_int_equal(counter_with, counter_without);
	assert_true(without > 1000);
	assert_int_equal(with, without);
}

static void test_no_btf(void **state)
{
	struct kbtf_object *object;
	int result, counter;

	(void)state;
	need_root();
	run_corner("-target bpf -DCASE_PLAIN", KBTF_LEGACY_GLOBALS_FORCE, &result, &counter);
	assert_int_equal(result, 5 + 3 * 2);
	/* names of variables are the BTF's */
	assert_int_equal(open_corner("-target bpf -DCASE_PLAIN", KBTF_LEGACY_GLOBALS_OFF, &object), 0);
	assert_int_equal(kbtf_object__global_size(object, "counter"), -ENOENT);
	assert_int_equal(kbtf_object__set_global(object, "counter", &counter, 4), -ENOENT);
	kbtf_object__close(object);
	/* what an extern is can't be known without */
	assert_int_not_equal(open_corner("-target bpf -DCASE_MISSING", KBTF_LEGACY_GLOBALS_FORCE,
					 &object), 0);
	assert_problem(object, "libbpf can't open the object");
	kbtf_object__close(object);
}

static void test_missing_extern(void **state)
{
	const enum kbtf_legacy_globals ways[] = { KBTF_LEGACY_GLOBALS_OFF,
						  KBTF_LEGACY_GLOBALS_FORCE };

	(void)state;
	need_root();
	if (access("/proc/config.gz", R_OK) != 0 &&
	    shell("test -r /boot/config-$(uname -r)") != 0) {
		fprintf(stderr, "SKIP: the kernel's configuration is not to be read here\n");
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		struct kbtf_object *object;

		assert_int_equal(open_corner(TARGET "-DCASE_MISSING", ways[i], &object), 0);
		assert_int_equal(kbtf_object__load(object), -ESRCH);
		assert_problem(object, "the object asks for CONFIG_KBTF_IS_NOT_THERE");
		kbtf_object__close(object);
	}
}

static void test_other_byte_order(void **state)
{
	struct kbtf_object *object;

	(void)state;
	need_root();
	assert_int_equal(open_corner("-target bpfeb -g -DCASE_PLAIN", KBTF_LEGACY_GLOBALS_AUTO,
				     &object), -EBADMSG);
	assert_problem(object, "byte order");
	assert_null(kbtf_object__bpf(object));
	kbtf_object__close(object);
}

/* Sections and variables that are easily taken for others. */
static void test_names_alike(void **state)
{
	(void)state;
	need_root();
	for (int way = KBTF_LEGACY_GLOBALS_FORCE; way <= KBTF_LEGACY_GLOBALS_OFF; way++) {
		LIBBPF_OPTS(bpf_test_run_opts, run);
		struct kbtf_object *object;
		struct bpf_program *program;
		int value = 0, three[3];

		assert_int_equal(open_corner(TARGET "-DCASE_ALIKE", way, &object), 0);
		assert_int_equal(kbtf_object__get_global(object, "variable", &value, 4), 0);
		assert_int_equal(value, 22);
		assert_int_equal(kbtf_object__get_global(object, "own", &value, 4), 0);
		assert_int_equal(value, 33);
		value = 23;
		assert_int_equal(kbtf_object__set_global(object, "variable", &value, 4), 0);
		/* static ones, of which libbpf does not say where they are */
		value = 700;
		assert_int_equal(kbtf_object__set_global(object, "second", &value, 4), 0);
		assert_int_equal(kbtf_object__load(object), 0);
		program = bpf_object__find_program_by_name(kbtf_object__bpf(object), "alike");
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &run), 0);
		assert_int_equal(run.retval, 11 * 10000 + 23 * 100 + 33 + 100000000);
		assert_int_equal(kbtf_object__get_global(object, "own", &value, 4), 0);
		assert_int_equal(value, 34);
		assert_int_equal(kbtf_object__get_global(object, "first", &three[0], 4), 0);
		assert_int_equal(kbtf_object__get_global(object, "second", &three[1], 4), 0);
		assert_int_equal(kbtf_object__get_global(object, "third", &three[2], 4), 0);
		assert_int_equal(three[0], 61);
		assert_int_equal(three[1], 701);
		assert_int_equal(three[2], 81);
		kbtf_object__close(object);
	}
}

/* ---- skeletons ------------------------------------------------------------------------ */

/* As bpftool makes them; its records are longer with a newer libbpf. */
struct skeleton {
	struct bpf_object_skeleton head;
	struct bpf_object *object;
	struct {
		struct bpf_map_skeleton record;
		void *newer[3];
	} maps[2];
	struct bpf_prog_skeleton program;
	struct bpf_map *map[2];
	int *data;
	struct bpf_program *plain;
	struct bpf_link *link;
};

static void make_skeleton(struct skeleton *skeleton, const void *data, size_t size)
{
	*skeleton = (struct skeleton){
		.head = { .sz = sizeof(skeleton->head), .name = "corner", .data = data,
			  .data_sz = size, .obj = &skeleton->object, .map_cnt = 2,
			  .map_skel_sz = sizeof(skeleton->maps[0]),
			  .maps = &skeleton->maps[0].record, .prog_cnt = 1,
			  .prog_skel_sz = sizeof(skeleton->program), .progs = &skeleton->program },
		.program = { "plain", &skeleton->plain, &skeleton->link },
	};
	skeleton->maps[0].record = (struct bpf_map_skeleton){ .name = "corner.bss",
							      .map = &skeleton->map[0] };
	skeleton->maps[1].record = (struct bpf_map_skeleton){
		.name = "corner.data", .map = &skeleton->map[1], .mmaped = (void **)&skeleton->data };
}

static void test_skeleton(void **state)
{
	_cleanup_free_ void *data = NULL;
	struct kbtf_object *object;
	size_t size;

	(void)state;
	need_root();
	assert_int_equal(open_corner(TARGET "-DCASE_PLAIN", KBTF_LEGACY_GLOBALS_OFF, &object), 0);
	kbtf_object__close(object);
	assert_int_equal(file__read(in_dir("object.bpf.o"), 1 << 24, &data, &size), 0);
	for (int way = KBTF_LEGACY_GLOBALS_FORCE; way <= KBTF_LEGACY_GLOBALS_OFF; way++) {
		struct kbtf_object_opts opts = { .sz = sizeof(opts), .legacy_globals = way };
		LIBBPF_OPTS(bpf_test_run_opts, run);
		struct skeleton skeleton;

		make_skeleton(&skeleton, data, size);
		assert_int_equal(kbtf_object__open_skeleton(&skeleton.head, &opts, &object), 0);
		assert_ptr_equal(skeleton.object, kbtf_object__bpf(object));
		assert_string_equal(bpf_program__name(skeleton.plain), "plain");
		assert_string_equal(bpf_map__name(skeleton.map[1]), "corner.data");
		assert_int_equal(*skeleton.data, 5);
		*skeleton.data = 40;
		assert_int_equal(kbtf_object__load_skeleton(object, &skeleton.head), 0);
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(skeleton.plain), &run), 0);
		assert_int_equal(run.retval, 42);
		assert_int_equal(*skeleton.data, way == KBTF_LEGACY_GLOBALS_OFF ? 42 : 40);
		assert_int_equal(kbtf_object__pull_globals(object), 0);
		assert_int_equal(*skeleton.data, 42);
		*skeleton.data = 50;
		assert_int_equal(kbtf_object__push_globals(object), 0);
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(skeleton.plain), &run), 0);
		assert_int_equal(run.retval, 52);
		skeleton.link = bpf_program__attach(skeleton.plain);
		assert_non_null(skeleton.link);
		kbtf_object__close(object);
		/* what NAME__destroy() would detach, and close */
		assert_null(skeleton.link);
		assert_null(skeleton.object);
	}
	/* one that names what is not there: closed all the same */
	struct skeleton skeleton;

	make_skeleton(&skeleton, data, size);
	skeleton.program.name = "not there";
	assert_int_equal(kbtf_object__open_skeleton(&skeleton.head, NULL, &object), -ESRCH);
	assert_problem(object, "the skeleton names a map or program");
	kbtf_object__close(object);
	assert_null(skeleton.object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_without_room),
		cmocka_unit_test(test_refused_by_the_verifier),
		cmocka_unit_test(test_constants_that_btf_leaves_out),
		cmocka_unit_test(test_five_pointers),
		cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_missing_extern),
		cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_names_alike),
		cmocka_unit_test(test_skeleton),
	};

	return cmocka_run_group_tests_name("object", tests, object_fixture__setup, fixture__teardown);
}
