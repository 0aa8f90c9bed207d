/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arrays of programs that an object fills itself, some of which are left out. */
#include "object_fixture.h"

static struct kbtf_object *open_object(void)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts) };
	struct kbtf_object *object;

	need_root();
	object_fixture__compile("tail_calls.bpf.c", "-target bpf -g");
	assert_int_equal(kbtf_object__open(in_dir("object.bpf.o"), &opts, &object), 0);
	return object;
}

static int run(const struct kbtf_object *object, const char *name)
{
	char packet[64] = "";
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
	struct bpf_program *program = bpf_object__find_program_by_name(kbtf_object__bpf(object),
								       name);

	assert_non_null(program);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	return (int)opts.retval;
}

static bool is_made(const struct kbtf_object *object, const char *name)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(kbtf_object__bpf(object), name);

	assert_non_null(map);
	return kbtf_map__is_made(map);
}

static void test_array_of_a_program_left_out(void **state)
{
	struct kbtf_object *object = open_object();

	(void)state;
	assert_int_equal(kbtf_object__load(object), 0);
	assert_remark(object, KBTF_REMARK_ADAPTED,
		      "map steps_of_function: not made, for only programs use it that are left out");
	assert_false(is_made(object, "steps_of_function"));
	assert_true(is_made(object, "steps_of_socket"));
	assert_int_equal(run(object, "begin___socket"), 42);
	kbtf_object__close(object);
}

/* Also of those that somebody else leaves out, after they were opened. */
static void test_array_of_a_program_switched_off(void **state)
{
	struct kbtf_object *object = open_object();
	struct bpf_program *program = bpf_object__find_program_by_name(kbtf_object__bpf(object),
								       "begin___socket");

	(void)state;
	bpf_program__set_autoload(program, false);
	assert_int_equal(kbtf_object__load(object), 0);
	assert_false(is_made(object, "steps_of_socket"));
	kbtf_object__close(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array_of_a_program_left_out),
		cmocka_unit_test(test_array_of_a_program_switched_off),
	};

	return cmocka_run_group_tests_name("tail calls", tests, object_fixture__setup,
					   fixture__teardown);
}
