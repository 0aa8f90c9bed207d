/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way out for events: a perf event array, which every kernel has (ring buffers: 5.8). */
#ifndef BPF_SEND_EVENT_H
#define BPF_SEND_EVENT_H

/* BPF_F_CURRENT_CPU was a macro before 5.7. */
#define PERF_CURRENT_CPU 0xffffffffULL

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
