/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arguments and return value of a probed kernel function, on x86_64 and arm64.
 *
 * BPF code is the same on every architecture, but for struct pt_regs. Both layouts are
 * named here as flavors of pt_regs, and relocation finds the one that the kernel has:
 * one object serves both architectures, and PT_REGS_PARM1() with its __TARGET_ARCH_ is
 * not needed. On other architectures every value reads as 0; 32-bit x86, which passes
 * arguments in other registers of the same names, is not supported.
 *
 * Each read stands behind a test for its own field, never in the else branch of the
 * other's test: old verifiers skip a branch only where the compared constant is equal,
 * that is, behind a test that came out 0. See README.md.
 */
#ifndef BPF_REGISTERS_H
#define BPF_REGISTERS_H

struct pt_regs___x86 {
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long ax;
} __attribute__((preserve_access_index));

struct pt_regs___arm64 {
	__u64 regs[31];
} __attribute__((preserve_access_index));

#define DEFINE_REGISTER(name, x86_field, arm64_index)                        \
	static __always_inline unsigned long name(const void *ctx)           \
	{                                                                    \
		const struct pt_regs___x86 *x86 = ctx;                       \
		const struct pt_regs___arm64 *arm64 = ctx;                   \
		unsigned long value = 0;                                     \
									     \
		if (bpf_core_field_exists(x86->x86_field))                   \
			value = BPF_CORE_READ(x86, x86_field);               \
		if (bpf_core_field_exists(arm64->regs))                      \
			value = BPF_CORE_READ(arm64, regs[arm64_index]);     \
		return value;                                                \
	}

DEFINE_REGISTER(registers__argument_1, di, 0)
DEFINE_REGISTER(registers__argument_2, si, 1)
DEFINE_REGISTER(registers__argument_3, dx, 2)
DEFINE_REGISTER(registers__return_value, ax, 0)

#endif
