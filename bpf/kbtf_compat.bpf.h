/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One way out for events on every kernel: a ring buffer, or where there is none (before
 * 5.8) a perf event array. libkbtf makes the map what the kernel has; which call belongs
 * to it is decided by relocation, so that only one of the two is ever looked at. In user
 * space, kbtf_events__new() reads both.
 *
 *	KBTF_EVENTS(events, 256 * 1024);
 *	...
 *	struct event event = { ... };
 *	kbtf_send_event(ctx, &events, &event, sizeof(event));
 *
 * Include it after vmlinux.h and bpf/bpf_helpers.h. libbpf alone loads such an object
 * where there are ring buffers.
 */
#ifndef KBTF_COMPAT_BPF_H
#define KBTF_COMPAT_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* `bytes`: a power of two and a multiple of the page size; of no meaning to the other. */
#define KBTF_EVENTS(name, bytes)                     \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_RINGBUF);  \
		__uint(max_entries, bytes);          \
	} name SEC(".maps")

/* Room for one event at a time and processor, where the kernel has no ring buffer. */
#define KBTF_EVENT_ROOM(name, event_type)                \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
		__uint(max_entries, 1);                  \
		__type(key, __u32);                      \
		__type(value, event_type);               \
	} name SEC(".maps")

/* BPF_F_CURRENT_CPU was a macro before 5.7: vmlinux.h of an older kernel lacks it. */
#define KBTF_CURRENT_CPU 0xffffffffULL

/* What the kernel calls its ring buffers. */
struct bpf_ringbuf___kbtf {
	int unused;
};

static __always_inline int kbtf_has_ring_buffers(void)
{
	return bpf_core_type_exists(struct bpf_ringbuf___kbtf);
}

/*
 * Send what lies at `event`: on the stack, or from 4.11 on in a map. 0, or what the helper
 * says (an event that finds no room is lost).
 */
static __always_inline long kbtf_send_event(void *ctx, void *events, void *event, __u64 size)
{
	/* the constant is compared for equality: older verifiers decide nothing else */
	if (kbtf_has_ring_buffers())
		return bpf_ringbuf_output(events, event, size, 0);
	return bpf_perf_event_output(ctx, events, KBTF_CURRENT_CPU, event, size);
}

/*
 * Events too large for the stack (4.11 on): room for one, of the size of the room's type,
 * which must be a constant. NULL if there is none. What it gives must be submitted or,
 * where nothing shall be sent, discarded.
 */
static __always_inline void *kbtf_reserve_event(void *events, void *room, __u64 size)
{
	__u32 zero = 0;

	if (kbtf_has_ring_buffers())
		return bpf_ringbuf_reserve(events, size, 0);
	return bpf_map_lookup_elem(room, &zero);
}

static __always_inline void kbtf_submit_event(void *ctx, void *events, void *event, __u64 size)
{
	if (kbtf_has_ring_buffers())
		bpf_ringbuf_submit(event, 0);
	else
		bpf_perf_event_output(ctx, events, KBTF_CURRENT_CPU, event, size);
}

static __always_inline void kbtf_discard_event(void *event)
{
	if (kbtf_has_ring_buffers())
		bpf_ringbuf_discard(event, 0);
}

#endif
