/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Errors of attaching, as 4.9, 4.14 and 4.18 gave them. The module is a part of btfload,
 * which has no library to link with.
 */
#include "../../tools/btfload/attach_reason.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const char *section, int err, bool has_tracefs, const char *text)
{
	const struct attach_means means = { .tracefs = has_tracefs, .kprobes = true };
	const char *reason = attach_reason__of(section, err, &means);

	if (text)
		assert_non_null(reason);
	if (text)
		assert_non_null(strstr(reason, text));
	else
		assert_null(reason);
}

static void test_reasons(void **state)
{
	(void)state;
	expect("tracepoint/sched/sched_switch", -ENOENT, false, "tracefs is not mounted");
	expect("kprobe/do_sys_open", -ENOENT, false, "tracefs is not mounted");
	expect("kprobe/do_sys_openat2", -ENOENT, true, "no such function");
	expect("kretprobe/do_sys_openat2", -EINVAL, true, "no such function");
	expect("tracepoint/syscalls/sys_enter_openat2", -ENOENT, true, "no such tracepoint");
	expect("tp/syscalls/sys_enter_execve", -EINVAL, true, "before 4.14");
	expect("tracepoint/sched/sched_switch", -EINVAL, true, NULL);
	expect("tracepoint/sched/sched_switch", -EACCES, false, NULL);
	expect("cgroup_skb/egress", -ENOENT, false, NULL);
	expect("uprobe//bin/sh:main", -ENOENT, false, NULL);
}

/* As 6.18 without kprobes. */
static void test_no_kprobes(void **state)
{
	const struct attach_means means = { .tracefs = false, .kprobes = false };
	const char *kprobe = attach_reason__of("kretprobe/do_exit", -ENOENT, &means);
	const char *tracepoint = attach_reason__of("tp/sched/sched_switch", -ENOENT, &means);

	(void)state;
	assert_string_equal(kprobe, "this kernel has no kprobes");
	assert_null(attach_reason__remedy(kprobe));
	assert_string_equal(tracepoint, "tracefs is not mounted");
	assert_non_null(strstr(attach_reason__remedy(tracepoint), "mount -t tracefs"));
	assert_null(attach_reason__of("uprobe//bin/sh:main", -ENOENT, &means));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reasons),
					    cmocka_unit_test(test_no_kprobes) };

	return cmocka_run_group_tests_name("attach_reason", tests, NULL, NULL);
}
