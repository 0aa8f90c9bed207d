/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What execsnoop.bpf.c sends through the perf event array "events". */
#ifndef BPF_EXECSNOOP_H
#define BPF_EXECSNOOP_H

#include "path.h"

#define EXECSNOOP_COMM_SIZE 16

/* One execve(2) or execveat(2), when it is over. */
struct execsnoop_event {
	__u32 pid;                      /* of the process, as all PIDs here: getpid(2) */
	__u32 ppid;                     /* of its real parent; 0 if unknown */
	__u32 uid;
	__s32 ret;                      /* 0: the new program runs; else -errno */
	char comm[EXECSNOOP_COMM_SIZE]; /* of the new program; of the old one on failure */
	struct path_text path;          /* as it was given to the kernel */
};

#endif
