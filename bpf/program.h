/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every program begins with: the kernel's types, libbpf's macros, and the way out
 * for events. Include it once, before everything else.
 */
#ifndef BPF_PROGRAM_H
#define BPF_PROGRAM_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* BPF_ANY and BPF_F_CURRENT_CPU were macros before 5.7, so not every vmlinux.h has them. */
#define MAP_UPDATE_ANY 0
#define PERF_CURRENT_CPU 0xffffffffULL

/* Calls that may be under way at once, one a thread. */
#define MAX_CALLS 10240

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

/* The event must be on the stack: 4.9 takes no other memory. */
static __always_inline void send_event(void *ctx, void *event, __u64 size)
{
	bpf_perf_event_output(ctx, &events, PERF_CURRENT_CPU, event, size);
}

#endif
