/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What biolatency.bpf.c keeps in its map "histograms": struct biolatency_key -> __u64. */
#ifndef BPF_BIOLATENCY_H
#define BPF_BIOLATENCY_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include "histogram.h"

enum biolatency_operation {
	BIOLATENCY_READ,
	BIOLATENCY_WRITE,
	BIOLATENCY_FLUSH,
	BIOLATENCY_DISCARD,
	BIOLATENCY_OTHER,
	BIOLATENCY_OPERATIONS
};

/* In place of a slot: not how many, but the longest time, in ns. */
#define BIOLATENCY_LONGEST HISTOGRAM_SLOTS

struct biolatency_key {
	__u32 disk;      /* as the kernel has it: major number << 20 | minor number */
	__u16 operation;
	__u16 slot;      /* of the disk's histogram of that operation */
};

#endif
