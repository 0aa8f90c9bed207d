/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tcpconnect.bpf.c sends through the perf event array "events". */
#ifndef BPF_TCPCONNECT_H
#define BPF_TCPCONNECT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define TCPCONNECT_COMM_SIZE 16

/*
 * One active TCP connection, when its SYN was sent or could not be. Addresses and dport
 * are in network byte order, an IPv4 address is the first 4 of the 16 bytes.
 */
struct tcpconnect_event {
	__u32 pid;                      /* of the process: getpid(2) */
	__u32 uid;
	__s32 ret;                      /* 0: the SYN is on its way; else -errno */
	__u16 family;                   /* AF_INET (also for ::ffff:1.2.3.4) or AF_INET6 */
	__u16 sport;                    /* host byte order; 0 on failure */
	__u16 dport;
	__u16 zero;
	__u8 saddr[16];                 /* zeroes on failure */
	__u8 daddr[16];
	char comm[TCPCONNECT_COMM_SIZE];
};

#endif
