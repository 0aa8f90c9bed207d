/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What cputime.bpf.c keeps in its map "processes": PID (getpid(2)) -> struct cputime_usage. */
#ifndef BPF_CPUTIME_H
#define BPF_CPUTIME_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define CPUTIME_COMM_SIZE 16

/*
 * What the threads of one process have used since the program was attached. user and
 * system are as most kernels count them, by what runs at each timer tick; run is what
 * the scheduler measured, and the truth where they differ.
 */
struct cputime_usage {
	__u64 user_ns;
	__u64 system_ns;
	__u64 run_ns;
	char comm[CPUTIME_COMM_SIZE];
};

#endif
