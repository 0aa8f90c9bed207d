/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Declared alternatives, on the running kernel. */
#include "object_fixture.h"

#include <sched.h>
#include <sys/mount.h>

static struct kbtf_object *open_alternatives(const char *flags, struct kbtf_object_opts opts)
{
	struct kbtf_object *object;
	int err;

	opts.sz = sizeof(opts);
	object_fixture__compile("alternatives.bpf.c", flags);
	err = kbtf_object__open(in_dir("object.bpf.o"), &opts, &object);
	if (err && object)
		print_remarks(object);
	assert_int_equal(err, 0);
	return object;
}

/* Whether of each group the one of this flavor is loaded, and nothing else. */
static void assert_chosen(const struct kbtf_object *object)
{
	static const char *const chosen[] = { "typed___yes", "helped___yes", "mapped___yes",
					      "alone___flavor" };
	struct bpf_program *program;
	size_t found = 0;

	bpf_object__for_each_program(program, kbtf_object__bpf(object)) {
		bool wanted = false;

		for (size_t i = 0; i < 4; i++)
			wanted |= strcmp(bpf_program__name(program), chosen[i]) == 0;
		if (bpf_program__autoload(program) != wanted) {
			print_remarks(object);
			fail_msg("%s is %sloaded", bpf_program__name(program), wanted ? "not " : "");
		}
		found += wanted;
	}
	assert_int_equal(found, 4);
}

/* Names of tracepoints are asked of tracefs. */
static void need_tracefs(void)
{
	static bool mounted;

	need_root();
	if (!mounted)
		mounted = unshare(CLONE_NEWNS) == 0 &&
			  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			  mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL) == 0;
	if (mounted)
		return;
	fprintf(stderr, "SKIP: tracefs can't be mounted here\n");
	skip();
}

static void test_first_that_the_kernel_can_have(void **state)
{
	static const enum kbtf_legacy_globals ways[] = { KBTF_LEGACY_GLOBALS_OFF,
							 KBTF_LEGACY_GLOBALS_FORCE };

	(void)state;
	need_tracefs();
	for (size_t i = 0; i < 2; i++) {
		struct kbtf_object *object = open_alternatives("-target bpf -g", (struct kbtf_object_opts){
			.legacy_globals = ways[i] });
		int fd;

		assert_chosen(object);
		assert_remark(object, KBTF_REMARK_CHOSEN, "typed: by typed___yes (raw_tp/sys_enter)");
		assert_remark(object, KBTF_REMARK_CHOSEN, "typed: not by typed___symbol (kprobe/no_such_function), "
			      "whose target this kernel does not have");
		assert_remark(object, KBTF_REMARK_CHOSEN, "helped: not by helped___helper "
			      "(raw_tp/sys_exit), which calls a helper that this kernel does not have");
		assert_remark(object, KBTF_REMARK_CHOSEN, "mapped: not by mapped___map "
			      "(raw_tp/sched_switch), which uses a type of map that this kernel does not know");
		assert_remark(object, KBTF_REMARK_LEFT_OUT, "map unknown (");
		assert_int_equal(kbtf_object__load(object), 0);
		fd = bpf_object__find_map_fd_by_name(kbtf_object__bpf(object), "known");
		assert_true(fd >= 0);
		assert_false(kbtf_map__is_made(bpf_object__find_map_by_name(kbtf_object__bpf(object),
									    "unknown")));
		kbtf_object__close(object);
	}
}

/* What the verifier refused, say: the next one is taken, or none. */
static void test_another_than_those_refused(void **state)
{
	static const char *const refused[] = { "typed___yes", "mapped___yes", "none such", NULL };
	struct kbtf_object *object;

	(void)state;
	need_tracefs();
	object = open_alternatives("-target bpf -g", (struct kbtf_object_opts){
		.refused = refused, .leave_out = true });
	assert_remark(object, KBTF_REMARK_CHOSEN, "typed: by typed___late");
	assert_remark(object, KBTF_REMARK_LEFT_OUT, "mapped: this kernel can have none of its alternatives");
	for (size_t i = 0; i < 2; i++)
		assert_false(bpf_program__autoload(bpf_object__find_program_by_name(
			kbtf_object__bpf(object), refused[i])));
	kbtf_object__close(object);
}

/* What can't be had stays, to fail in words, unless it may be left out. */
static void test_none_that_the_kernel_can_have(void **state)
{
	struct kbtf_object *object;

	(void)state;
	need_tracefs();
	object = open_alternatives("-target bpf -g -DCASE_NONE", (struct kbtf_object_opts){});
	assert_remark(object, KBTF_REMARK_LEFT_OUT, "none: this kernel can have none of its alternatives");
	assert_int_not_equal(kbtf_object__load(object), 0);
	kbtf_object__close(object);
	object = open_alternatives("-target bpf -g -DCASE_NONE", (struct kbtf_object_opts){ .leave_out = true });
	assert_chosen(object);
	assert_int_equal(kbtf_object__load(object), 0);
	kbtf_object__close(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_that_the_kernel_can_have),
		cmocka_unit_test(test_another_than_those_refused),
		cmocka_unit_test(test_none_that_the_kernel_can_have),
	};

	return cmocka_run_group_tests_name("alternatives", tests, object_fixture__setup,
					   fixture__teardown);
}
