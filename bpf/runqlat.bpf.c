/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long threads wait for a processor: from when they are woken, or are made to give
 * theirs up, until they run.
 *
 * The contexts of the sched tracepoints are declared here and not relocated: their layout
 * is the same on all kernels (but for those with the real-time patches before 5.x, which
 * have more common fields), and their own names (trace_event_raw_*) are not to be found
 * in the BTF of EL7's 3.10.
 */
#include "program.h"

#include "histogram_slot.h"
#include "runqlat.h"

/* sched_wakeup and sched_wakeup_new */
struct wakeup_record {
	__u64 common;
	char comm[16];
	__s32 pid;
};

struct switch_record {
	__u64 common;
	char prev_comm[16];
	__s32 prev_pid;
	__s32 prev_prio;
	__s64 prev_state;
	char next_comm[16];
	__s32 next_pid;
};

/* Its name since 5.14, and before; the size differs as well. */
struct task_struct___since_5_14 {
	unsigned int __state;
} __attribute__((preserve_access_index));

struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

/* Thread -> bpf_ktime_get_ns() when it began to wait. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, __u64);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HISTOGRAM_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps");

static __always_inline void count(__u64 ns)
{
	__u32 key = histogram_slot(ns);
	__u64 *slot;

	slot = bpf_map_lookup_elem(&slots, &key);
	if (slot)
		__sync_fetch_and_add(slot, 1);
}

static __always_inline void begin_to_wait(__u32 tid, __u64 now)
{
	/* the idle threads are all 0, and wait for nothing */
	if (tid)
		bpf_map_update_elem(&waiting, &tid, &now, MAP_UPDATE_ANY);
}

/*
 * The task's own state, not the record's: how that says "preempted" differs by kernel.
 * Guards as in registers.h: each read behind the test for its own field.
 */
static __always_inline bool can_run(const void *task)
{
	const struct task_struct___since_5_14 *young = task;
	const struct task_struct___before_5_14 *old = task;
	__u64 state = 1;

	if (bpf_core_field_exists(young->__state))
		state = BPF_CORE_READ(young, __state);
	if (bpf_core_field_exists(old->state))
		state = BPF_CORE_READ(old, state);
	return state == 0; /* TASK_RUNNING */
}

SEC("tracepoint/sched/sched_wakeup")
int wakeup(struct wakeup_record *ctx)
{
	begin_to_wait(ctx->pid, bpf_ktime_get_ns());
	return 0;
}

SEC("tracepoint/sched/sched_wakeup_new")
int wakeup_new(struct wakeup_record *ctx)
{
	begin_to_wait(ctx->pid, bpf_ktime_get_ns());
	return 0;
}

/* The current task is still the one that is switched out. */
SEC("tracepoint/sched/sched_switch")
int switch_tasks(struct switch_record *ctx)
{
	__u64 now = bpf_ktime_get_ns(), *since;
	__u32 prev = ctx->prev_pid, next = ctx->next_pid;

	if (can_run((const void *)bpf_get_current_task()))
		begin_to_wait(prev, now);
	else /* it was woken while it ran, perhaps, and that is no wait */
		bpf_map_delete_elem(&waiting, &prev);
	since = bpf_map_lookup_elem(&waiting, &next);
	if (!since)
		return 0;
	/* The clocks of processors may differ a little. */
	count(now > *since ? now - *since : 0);
	bpf_map_delete_elem(&waiting, &next);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
