/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How a program is to be attached, told when it is loaded: kernels before 4.17 take no such number
 * but 0. libbpf keeps it from them where it only says more clearly what is so anyway.
 */
#ifndef ARCHIVE_ATTACH_TYPES_H
#define ARCHIVE_ATTACH_TYPES_H

#include <linux/bpf.h>
#include <stdbool.h>

/* BPF_TRACE_KPROBE_MULTI and BPF_TCX_INGRESS, which older headers do not have. */
#define ATTACH_TYPE_KPROBE_MULTI 42
#define ATTACH_TYPE_TCX_INGRESS 46

/* Whether libbpf tells it to every kernel, of types of programs that there were before 4.17. */
static inline bool attach_type__is_always_told(enum bpf_prog_type type, unsigned int attach)
{
	return (type == BPF_PROG_TYPE_XDP && attach && attach != BPF_XDP) ||
	       (type == BPF_PROG_TYPE_KPROBE && attach >= ATTACH_TYPE_KPROBE_MULTI) ||
	       (type == BPF_PROG_TYPE_SCHED_CLS && attach >= ATTACH_TYPE_TCX_INGRESS) ||
	       (type == BPF_PROG_TYPE_CGROUP_SOCK && attach &&
		attach != BPF_CGROUP_INET_SOCK_CREATE);
}

#endif
