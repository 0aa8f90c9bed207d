/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What opensnoop.bpf.c sends through the perf event array "events". */
#ifndef BPF_OPENSNOOP_H
#define BPF_OPENSNOOP_H

#include "path.h"

#define OPENSNOOP_COMM_SIZE 16

/* One open(2), openat(2), openat2(2) or creat(2), when it is over. */
struct opensnoop_event {
	__u32 pid;                      /* of the process: getpid(2) */
	__u32 uid;
	__u32 flags;                    /* O_*; a kprobe sees O_LARGEFILE added */
	__s32 ret;                      /* the new descriptor, or -errno */
	char comm[OPENSNOOP_COMM_SIZE];
	struct path_text path;          /* as it was given to the kernel */
};

#endif
