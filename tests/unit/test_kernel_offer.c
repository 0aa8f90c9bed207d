/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is read out of a kernel's types about what it offers: types with one thing each, or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "btf_blob.h"
#include "kernel_offer.h"

static struct type_graph graph;
static struct core_target target;
static struct kernel_offer offer;
static struct btf *btf;

static void begin(void)
{
	btf = btf__new_empty();
	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
}

static void add_struct(const char *name, const char *member)
{
	assert_true(btf__add_struct(btf, name, member ? 4 : 0) > 0);
	if (member)
		assert_int_equal(btf__add_field(btf, member, 1, 0, 0), 0);
}

static void add_enum(const char *name, const char *first, int64_t value, const char *last)
{
	assert_true(btf__add_enum(btf, name, 4) > 0);
	assert_int_equal(btf__add_enum_value(btf, first, value), 0);
	if (last)
		assert_int_equal(btf__add_enum_value(btf, last, value + 1), 0);
}

static void add_function(const char *name, int parameters)
{
	int proto = btf__add_func_proto(btf, 1);

	assert_true(proto > 0);
	for (int i = 0; i < parameters; i++)
		assert_int_equal(btf__add_func_param(btf, "p", 1), 0);
	assert_true(btf__add_func(btf, name, BTF_FUNC_STATIC, proto) > 0);
}

static void read_all(void)
{
	struct blob blob = close_blob(btf);
	struct type_graph_error error;

	assert_int_equal(type_graph__parse(blob.data, blob.size, &graph, &error), 0);
	free(blob.data);
	assert_int_equal(core_target__init(&target, &graph, false), 0);
	kernel_offer__read(&target, NULL, NULL, &offer);
}

static void end(void)
{
	core_target__free(&target);
	type_graph__free(&graph);
}

static void nothing_is_known_of_nothing(void **state)
{
	int parameters;

	(void)state;
	begin();
	read_all();
	assert_int_equal(offer.globals, OFFER_UNKNOWN);
	assert_int_equal(offer.loops, OFFER_UNKNOWN);
	assert_int_equal(offer.less_than, OFFER_UNKNOWN);
	assert_int_equal(offer.atomics, OFFER_UNKNOWN);
	assert_int_equal(offer.memory_in_maps, OFFER_UNKNOWN);
	assert_int_equal(offer_numbers__ask(&offer.helpers, 1), OFFER_UNKNOWN);
	assert_int_equal(kernel_offer__map(&offer, BPF_MAP_TYPE_DEVMAP), OFFER_UNKNOWN);
	assert_int_equal(kernel_offer__program(&offer, BPF_PROG_TYPE_XDP), OFFER_UNKNOWN);
	assert_int_equal(kernel_offer__map_value(&offer, BPF_MAP_TYPE_DEVMAP, 8), OFFER_UNKNOWN);
	assert_false(offer.functions);
	assert_false(kernel_offer__function(&offer, "do_exit", &parameters));
	end();
}

static void members_tell(void **state)
{
	(void)state;
	begin();
	add_struct("bpf_map_ops", "map_direct_value_addr");
	add_struct("bpf_prog_aux", "func_cnt");
	add_struct("bpf_verifier_state", "curframe");
	add_struct("bpf_reg_state", "min_value");
	add_enum("bpf_arg_type", "ARG_DONTCARE", 0, "ARG_PTR_TO_STACK");
	read_all();
	assert_int_equal(offer.globals, OFFER_YES);
	assert_int_equal(offer.calls, OFFER_YES);
	assert_int_equal(offer.comparisons, OFFER_NO);
	assert_int_equal(offer.loops, OFFER_NO);
	assert_int_equal(offer.less_than, OFFER_NO);
	assert_int_equal(offer.memory_in_maps, OFFER_NO);
	end();
}

static void numbers_tell(void **state)
{
	(void)state;
	begin();
	add_enum("bpf_func_id", "BPF_FUNC_probe_read_kernel", BPF_FUNC_probe_read_kernel,
		 "__BPF_FUNC_MAX_ID");
	read_all();
	assert_int_equal(offer_numbers__ask(&offer.helpers, BPF_FUNC_probe_read_kernel), OFFER_YES);
	/* the end is none */
	assert_int_equal(offer_numbers__ask(&offer.helpers, BPF_FUNC_probe_read_kernel + 1), OFFER_NO);
	assert_int_equal(offer_numbers__ask(&offer.helpers, OFFER_NUMBERS + 1), OFFER_NO);
	assert_int_equal(offer.constants, OFFER_YES);
	assert_int_equal(offer.variable_addresses, OFFER_NO);
	assert_int_equal(offer.atomics, OFFER_NO);
	assert_int_equal(offer.jumps_32, OFFER_NO);
	assert_int_equal(offer.keys_in_maps, OFFER_NO);
	end();
	begin();
	add_enum("bpf_func_id", "BPF_FUNC_check_mtu", BPF_FUNC_check_mtu, "BPF_FUNC_far");
	assert_int_equal(btf__add_enum_value(btf, "BPF_FUNC_beyond", OFFER_NUMBERS), 0);
	read_all();
	assert_int_equal(offer.atomics, OFFER_YES);
	assert_int_equal(offer_numbers__ask(&offer.helpers, OFFER_NUMBERS + 1), OFFER_UNKNOWN);
	end();
}

/* `structure` and the functions: NULL, there is none. */
static enum offered ask_map(uint32_t type, const char *structure, const char *function)
{
	enum offered answer;

	begin();
	add_enum("bpf_map_type", "BPF_MAP_TYPE_X", type, NULL);
	if (structure)
		add_struct(structure, "x");
	add_function("prog_fd_array_get_ptr", 1);
	if (function)
		add_function(function, 1);
	read_all();
	answer = kernel_offer__map(&offer, type);
	end();
	return answer;
}

static enum offered ask_program(uint32_t type, const char *structure, const char *member,
				const char *function)
{
	enum offered answer;

	begin();
	add_enum("bpf_prog_type", "BPF_PROG_TYPE_X", type, NULL);
	if (structure)
		add_struct(structure, member);
	add_function("tc_cls_act_is_valid_access", 3);
	if (function)
		add_function(function, 3);
	read_all();
	answer = kernel_offer__program(&offer, type);
	end();
	return answer;
}

static void what_is_named_may_be_left_out(void **state)
{
	(void)state;
	assert_int_equal(ask_map(BPF_MAP_TYPE_HASH, NULL, NULL), OFFER_YES);
	assert_int_equal(ask_map(BPF_MAP_TYPE_XSKMAP, NULL, NULL), OFFER_NO);
	assert_int_equal(ask_map(BPF_MAP_TYPE_XSKMAP, "xsk_map", NULL), OFFER_YES);
	assert_int_equal(ask_map(BPF_MAP_TYPE_CPUMAP, "bpf_cpu_map", NULL), OFFER_YES);
	assert_int_equal(ask_map(BPF_MAP_TYPE_CGROUP_ARRAY, NULL, NULL), OFFER_NO);
	assert_int_equal(ask_map(BPF_MAP_TYPE_CGROUP_ARRAY, NULL, "cgroup_fd_array_get_ptr"), OFFER_YES);
	assert_int_equal(ask_program(BPF_PROG_TYPE_KPROBE, NULL, NULL, NULL), OFFER_YES);
	assert_int_equal(ask_program(BPF_PROG_TYPE_XDP, NULL, NULL, NULL), OFFER_NO);
	assert_int_equal(ask_program(BPF_PROG_TYPE_XDP, NULL, NULL, "xdp_is_valid_access"), OFFER_YES);
	assert_int_equal(ask_program(BPF_PROG_TYPE_CGROUP_SKB, NULL, NULL, NULL), OFFER_NO);
	assert_int_equal(ask_program(BPF_PROG_TYPE_CGROUP_SKB, "cgroup_bpf", NULL, NULL), OFFER_NO);
	assert_int_equal(ask_program(BPF_PROG_TYPE_CGROUP_SKB, "cgroup_bpf", "flags", NULL), OFFER_YES);
}

static void helpers_are_for_some(void **state)
{
	(void)state;
	begin();
	add_enum("bpf_func_id", "BPF_FUNC_redirect", BPF_FUNC_redirect, NULL);
	assert_int_equal(btf__add_enum_value(btf, "BPF_FUNC_get_socket_cookie",
					     BPF_FUNC_get_socket_cookie), 0);
	read_all();
	assert_int_equal(kernel_offer__helper(&offer, BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_redirect),
			 OFFER_YES);
	/* it came with maps of devices */
	assert_int_equal(kernel_offer__helper(&offer, BPF_PROG_TYPE_XDP, BPF_FUNC_redirect), OFFER_NO);
	assert_int_equal(kernel_offer__helper(&offer, BPF_PROG_TYPE_RAW_TRACEPOINT,
					      BPF_FUNC_get_socket_cookie), OFFER_NO);
	assert_int_equal(kernel_offer__helper(&offer, BPF_PROG_TYPE_TRACING,
					      BPF_FUNC_get_socket_cookie), OFFER_YES);
	end();
}

static uint32_t ask_context(const char *structure, const char *member)
{
	const char *name;
	uint32_t size;

	begin();
	add_struct(structure, member);
	read_all();
	size = kernel_offer__context(&offer, BPF_PROG_TYPE_XDP, &name);
	assert_string_equal(name, "xdp_md");
	end();
	return size;
}

static void contexts_have_sizes(void **state)
{
	(void)state;
	assert_int_equal(ask_context("xdp_md", "data"), 4);
	assert_int_equal(ask_context("xdp_buff", "data_end"), 8);
	assert_int_equal(ask_context("xdp_buff", "data_meta"), 12);
	assert_int_equal(ask_context("xdp_buff", "rxq"), 20);
	assert_int_equal(ask_context("xdp_buff", "txq"), 24);
	assert_int_equal(ask_context("other", "txq"), 0);
}

static void functions_have_parameters(void **state)
{
	int parameters;

	(void)state;
	begin();
	add_function("do_exit", 1);
	add_function("vfs_unlink", 4);
	read_all();
	assert_true(kernel_offer__function(&offer, "vfs_unlink", &parameters));
	assert_int_equal(parameters, 4);
	assert_true(kernel_offer__function(&offer, "do_exit", &parameters));
	assert_int_equal(parameters, 1);
	assert_false(kernel_offer__function(&offer, "vfs_rename", &parameters));
	assert_int_equal(parameters, -1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_of_nothing),
		cmocka_unit_test(members_tell),
		cmocka_unit_test(numbers_tell),
		cmocka_unit_test(what_is_named_may_be_left_out),
		cmocka_unit_test(helpers_are_for_some),
		cmocka_unit_test(contexts_have_sizes),
		cmocka_unit_test(functions_have_parameters),
	};

	return cmocka_run_group_tests_name("kernel_offer", tests, NULL, NULL);
}
