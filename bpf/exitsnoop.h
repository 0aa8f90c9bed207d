/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What exitsnoop.bpf.c sends through the perf event array "events". */
#ifndef BPF_EXITSNOOP_H
#define BPF_EXITSNOOP_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define EXITSNOOP_COMM_SIZE 16
#define EXITSNOOP_EXE_SIZE 32

/* One process, when its last thread exits. */
struct exitsnoop_event {
	__u64 lifetime_ns;              /* since fork(2); 0 if unknown */
	__u32 pid;                      /* getpid(2) */
	__u32 ppid;                     /* of its real parent */
	__u32 uid;                      /* of the thread that was the last */
	__u32 status;                   /* as wait(2) tells it: WIFEXITED() and so on */
	__u32 is_subreaper;             /* PR_SET_CHILD_SUBREAPER: its orphans lose it */
	__u32 zero;
	char comm[EXITSNOOP_COMM_SIZE]; /* of the thread that was the first */
	char exe[EXITSNOOP_EXE_SIZE];   /* its file's name, without directories; "": unknown */
};

#endif
