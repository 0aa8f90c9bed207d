/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What capable.bpf.c sends through the perf event array "events". */
#ifndef BPF_CAPABLE_H
#define BPF_CAPABLE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define CAPABLE_COMM_SIZE 16

/* One question whether a thread may use a capability, when it is answered. */
struct capable_event {
	__u32 pid;        /* of the process: getpid(2) */
	__u32 uid;
	__s32 capability; /* CAP_* */
	__s32 ret;        /* 0: it may; else -errno */
	char comm[CAPABLE_COMM_SIZE];
};

#endif
