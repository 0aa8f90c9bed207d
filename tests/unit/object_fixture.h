/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For tests that compile BPF objects of tests/fixtures and open them by libkbtf. */
#ifndef TEST_OBJECT_FIXTURE_H
#define TEST_OBJECT_FIXTURE_H

#include "fixture.h"

#include <bpf/bpf.h>
#include <kbtf_load.h>

#include "base/cleanup.h"

static bool have_tools;

static inline int object_fixture__silence(enum libbpf_print_level level, const char *format,
					  va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static inline int object_fixture__setup(void **state)
{
	if (fixture__setup(state))
		return -1;
	libbpf_set_print(object_fixture__silence);
	have_tools = shell("bpftool=$(command -v bpftool || echo /usr/sbin/bpftool); command -v clang "
			   ">/dev/null && $bpftool btf dump file /sys/kernel/btf/vmlinux format c "
			   ">$T/vmlinux.h 2>/dev/null") == 0;
	return 0;
}

static inline void need_root(void)
{
	if (have_tools && geteuid() == 0)
		return;
	fprintf(stderr, have_tools ? "SKIP: loading BPF takes root\n"
				   : "SKIP: no clang or no BTF of this kernel to compile with\n");
	skip();
}

/* To $T/object.bpf.o; `flags` may say another target than -target bpf. */
static inline void object_fixture__compile(const char *source, const char *flags)
{
	assert_int_equal(shell("clang -mcpu=v1 -O2 -isystem $T -c -o $T/object.bpf.o %s "
			       "tests/fixtures/%s", flags, source), 0);
}

static inline void print_remarks(const struct kbtf_object *object)
{
	for (size_t i = 0; i < kbtf_object__remark_count(object); i++)
		print_message("# %s\n", kbtf_object__remark(object, i)->text);
}

static inline void assert_remark(const struct kbtf_object *object, enum kbtf_remark_kind kind,
				 const char *text)
{
	assert_non_null(object);
	for (size_t i = 0; i < kbtf_object__remark_count(object); i++) {
		const struct kbtf_remark *remark = kbtf_object__remark(object, i);

		if (remark->kind == kind && strstr(remark->text, text))
			return;
	}
	print_remarks(object);
	fail_msg("no remark says: %s", text);
}

#endif
