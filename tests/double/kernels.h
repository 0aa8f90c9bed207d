/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which kernel is imitated, and what it has: see kernels.c for the table and its sources.
 */
#ifndef DOUBLE_KERNELS_H
#define DOUBLE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

enum { KERNEL_4_9, KERNEL_4_14, KERNEL_4_18, KERNEL_4_18_EL8, KERNEL_COUNT };

struct kernel {
	const char *name;    /* as KERNEL_DOUBLE has it */
	const char *release; /* as uname -r would say */
	unsigned int minor;  /* of 4.minor */
	unsigned int patch;
	unsigned int attr_size;   /* sizeof(union bpf_attr) */
	int helper_count;         /* __BPF_FUNC_MAX_ID */
	int last_btf_kind;        /* 0: no BTF */
	uint32_t btf_info_mask;   /* bits that struct btf_type.info may have */
	unsigned int map_info_size, prog_info_size; /* of struct bpf_map_info and bpf_prog_info */
};

enum feature {
	HAS_ANY_ALIGNMENT,
	HAS_PROG_LENGTH_4096,
	HAS_FREE_KERN_VERSION,
	HAS_EXPECTED_ATTACH_TYPE,
	HAS_DOTS_IN_NAMES,
	HAS_4M_MAP_VALUES,
	HAS_OPCODE_TABLE,
	HAS_LESS_THAN,
	HAS_FUNCTION_CALLS,
	HAS_ARSH32,
	HAS_HELPER_NAMES,
	HAS_KNOWN_BITS,
	HAS_KNOWN_ARSH,
	HAS_UNEQUAL_DECIDED,
	HAS_ALL_COMPARISONS_DECIDED,
	HAS_MOV32_OF_KNOWN,
	HAS_ZEROS_ON_STACK,
	HAS_MAP_VALUE_AS_MEMORY,
	HAS_MAP_VALUE_AS_KEY,
	HAS_VARIABLE_SIZES,
	HAS_PROBE_PMU,
	HAS_SYSCALL_TRACEPOINTS,
	HAS_SEVERAL_PROGRAMS_AN_EVENT,
	HAS_ALLOW_MULTI,
	HAS_BTF_IN_SYSFS,
	FEATURE_COUNT
};

/* The kernel that KERNEL_DOUBLE names, or NULL: nothing is imitated. */
extern const struct kernel *kernel;

/* Its column in tables that have one value for each kernel. */
int kernel__column(void);
unsigned int kernel__version_code(void);

/* Whether what came with 4.`minor` is there; `in_el8`: el8 has it whichever that was. */
bool kernel__is_since(unsigned int minor, bool in_el8);
bool kernel__has(enum feature feature);

/* Chosen by name; false: there is none of it. */
bool kernel__choose(const char *name);

#endif
