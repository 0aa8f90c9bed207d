/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What programs on the tracepoints syscalls/sys_enter_* and sys_exit_* are given. The
 * kernel makes this up for BPF (struct syscall_tp_t in kernel/trace/trace_syscalls.c), it
 * is alike on every 64-bit kernel from 4.14 on, and nothing here is relocated. Older
 * kernels load such programs but refuse to attach them.
 */
#ifndef BPF_SYSCALL_TRACEPOINT_H
#define BPF_SYSCALL_TRACEPOINT_H

struct syscall_enter {
	__u64 hidden;
	__u64 number;
	__u64 args[6];
};

struct syscall_exit {
	__u64 hidden;
	__u64 number;
	__s64 ret;
};

#endif
