/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernels, and a table of what came when. Sources: include/uapi/linux/bpf.h,
 * kernel/bpf/, kernel/trace/bpf_trace.c, net/core/filter.c and kernel/events/core.c of
 * Linux 4.9.229, 4.14.67, 4.18.0 and CentOS 8.1's 4.18.0-147.el8; commit titles and
 * releases from the kernel's history and from iovisor/bcc, docs/kernel-versions.md.
 *
 * "4.18" is Linux' own. "4.18-el8" is the distribution's, which has most of what 5.0 has:
 * it can be compared with a running one.
 */
#include "kernels.h"

#include <stddef.h>
#include <string.h>

static const struct kernel kernels[KERNEL_COUNT] = {
	[KERNEL_4_9] = { "4.9", "4.9.229", 9, 229, .attr_size = 48, .helper_count = 42 },
	[KERNEL_4_14] = { "4.14", "4.14.67", 14, 67, .attr_size = 48, .helper_count = 54,
			  .map_info_size = 24, .prog_info_size = 40 },
	[KERNEL_4_18] = { "4.18", "4.18.0", 18, 0, .attr_size = 72, .helper_count = 81,
			  .last_btf_kind = 11, .btf_info_mask = 0x0f00ffff,
			  .map_info_size = 80, .prog_info_size = 128 },
	[KERNEL_4_18_EL8] = { "4.18-el8", "4.18.0-147.el8", 18, 0, .attr_size = 112,
			      .helper_count = 93, .last_btf_kind = 13,
			      .btf_info_mask = 0x8f00ffff,
			      .map_info_size = 80, .prog_info_size = 192 },
};

enum { NOT_IN_4 = 99 };

/*
 * One row a feature: with which 4.x it came, and whether el8 has it all the same. What is
 * quoted is the title of the change to Linux.
 */
static const struct {
	unsigned char minor;
	bool in_el8;
} features[FEATURE_COUNT] = {
	/* "bpf: Add BPF_F_ANY_ALIGNMENT.", 5.0 */
	[HAS_ANY_ALIGNMENT] = { NOT_IN_4, true },
	/* "bpf: fix loading of BPF_MAXINSNS sized programs", 4.10: was 4,095, then -EINVAL */
	[HAS_PROG_LENGTH_4096] = { 10, true },
	/* "bpf: remove useless version check for prog load", 5.0 */
	[HAS_FREE_KERN_VERSION] = { NOT_IN_4, true },
	/* "bpf: Check attach type at prog load time", 4.17 */
	[HAS_EXPECTED_ATTACH_TYPE] = { 17, true },
	/* "bpf: allow . char as part of the object name", 5.2 */
	[HAS_DOTS_IN_NAMES] = { NOT_IN_4, false },
	/* "bpf: do not use KMALLOC_SHIFT_MAX", 4.10: values of up to 4 MiB, not 2 */
	[HAS_4M_MAP_VALUES] = { 10, true },
	/* "bpf: make unknown opcode handling more robust", 4.16 */
	[HAS_OPCODE_TABLE] = { 16, true },
	/* "bpf: add BPF_J{LT,LE,SLT,SLE} instructions", 4.14 */
	[HAS_LESS_THAN] = { 14, true },
	/* "bpf: introduce function calls (function boundaries)", 4.16 */
	[HAS_FUNCTION_CALLS] = { 16, true },
	/* "bpf: verifier remove the rejection on BPF_ALU | BPF_ARSH", 5.0 */
	[HAS_ARSH32] = { NOT_IN_4, true },
	/* "bpf: Print function name in addition to function id", 4.10 */
	[HAS_HELPER_NAMES] = { 10, true },
	/* "bpf/verifier: rework value tracking", 4.14 */
	[HAS_KNOWN_BITS] = { 14, true },
	/* "bpf/verifier: improve register value range tracking with ARSH", 4.18 */
	[HAS_KNOWN_ARSH] = { 18, true },
	/* "bpf: fix branch pruning logic", 4.15: unequal constants decide == and !=, too */
	[HAS_UNEQUAL_DECIDED] = { 15, true },
	/* "bpf: improve verifier branch analysis", 5.0 */
	[HAS_ALL_COMPARISONS_DECIDED] = { NOT_IN_4, true },
	/* "bpf: relax verifier restriction on BPF_MOV | BPF_ALU", 5.0 */
	[HAS_MOV32_OF_KNOWN] = { NOT_IN_4, true },
	/* "bpf: teach verifier to recognize zero initialized stack", 4.16 */
	[HAS_ZEROS_ON_STACK] = { 16, true },
	/* "bpf: allow helpers access to map element values", 4.11 */
	[HAS_MAP_VALUE_AS_MEMORY] = { 11, true },
	/* "bpf: allow map helpers access to map values directly", 4.18 */
	[HAS_MAP_VALUE_AS_KEY] = { 18, true },
	/* "bpf: allow helpers access to variable memory", 4.11 */
	[HAS_VARIABLE_SIZES] = { 11, true },
	/* "perf/core: Implement the 'perf_kprobe' PMU" and 'perf_uprobe', 4.17 */
	[HAS_PROBE_PMU] = { 17, true },
	/* "bpf: add support for sys_enter_* and sys_exit_* tracepoints", 4.14 */
	[HAS_SYSCALL_TRACEPOINTS] = { 14, true },
	/* "bpf: permit multiple bpf attachments for a single perf event", 4.15 */
	[HAS_SEVERAL_PROGRAMS_AN_EVENT] = { 15, true },
	/* "bpf: multi program support for cgroup+bpf", 4.15 */
	[HAS_ALLOW_MULTI] = { 15, true },
	/* "btf: expose BTF info through sysfs", 5.4 */
	[HAS_BTF_IN_SYSFS] = { NOT_IN_4, false },
};

const struct kernel *kernel;

int kernel__column(void)
{
	return (int)(kernel - kernels);
}

unsigned int kernel__version_code(void)
{
	return 4u << 16 | kernel->minor << 8 | kernel->patch;
}

bool kernel__is_since(unsigned int minor, bool in_el8)
{
	return minor <= kernel->minor || (in_el8 && kernel == &kernels[KERNEL_4_18_EL8]);
}

bool kernel__has(enum feature feature)
{
	return kernel__is_since(features[feature].minor, features[feature].in_el8);
}

bool kernel__choose(const char *name)
{
	for (size_t i = 0; i < KERNEL_COUNT; i++)
		if (strcmp(kernels[i].name, name) == 0)
			kernel = &kernels[i];
	return kernel != NULL;
}
