/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What unlinksnoop.bpf.c sends through the perf event array "events". */
#ifndef BPF_UNLINKSNOOP_H
#define BPF_UNLINKSNOOP_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define UNLINKSNOOP_COMM_SIZE 16
#define UNLINKSNOOP_DEVICE_SIZE 32
#define UNLINKSNOOP_NAME_SIZE 256

enum unlinksnoop_flags {
	UNLINKSNOOP_LAST = 1,            /* no part of this path comes after it */
	UNLINKSNOOP_CUT = 2,             /* the path is deeper than this: no name in this part */
	UNLINKSNOOP_BELOW_SUBREAPER = 4, /* of a service manager's or a container's processes */
};

/*
 * One name of the path of a file that was removed, or was not: the file's own first, that of
 * the directory below the file system's root last. Parts of one path come one after the
 * other, but others' parts may come in between.
 */
struct unlinksnoop_part {
	__u32 tid;                            /* whose path it is */
	__u32 index;                          /* from 0 on */
	__u32 flags;
	__u32 length;                         /* of the name, which has no NUL; 0: it can't be read */
	/* in the first part only */
	__u64 inode;
	__s64 size;                           /* of the file, before */
	__u32 links;                          /* how many names it had, this one included */
	__u32 pid;                            /* of the process: getpid(2) */
	__u32 uid;
	__s32 ret;                            /* 0 or -errno */
	char comm[UNLINKSNOOP_COMM_SIZE];
	char device[UNLINKSNOOP_DEVICE_SIZE]; /* the file system's: "vda1", "tmpfs" */
	/* in all */
	char name[UNLINKSNOOP_NAME_SIZE];
};

#endif
