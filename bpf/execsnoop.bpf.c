/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every program that is started, and every attempt that fails.
 *
 * A success is reported by sched/sched_process_exec, which knows the path from the
 * kernel's own copy, on all kernels from 4.9 on. A failure is reported where the system
 * call returns; those tracepoints take programs from 4.14 on, so before that only
 * successes are seen. No call is reported twice.
 */
#include "program.h"

#include "execsnoop.h"
#include "read_path.h"
#include "send_event.h"
#include "syscall_tracepoint.h"

/*
 * The context of sched_process_exec under its names since 4.2 and before, of which a
 * kernel has one. Their own offsets hold where neither can be found: they are those of
 * all kernels without the real-time patches, which add to the common fields.
 */
struct trace_event_raw_sched_process_exec___new {
	__u64 ent;
	__u32 __data_loc_filename;
	__s32 pid;
	__s32 old_pid;
} __attribute__((preserve_access_index));

struct ftrace_raw_sched_process_exec {
	__u64 ent;
	__u32 __data_loc_filename;
	__s32 pid;
	__s32 old_pid;
} __attribute__((preserve_access_index));

struct exec_record {
	__u64 ent;
	__u32 filename; /* offset from the record's begin in the lower half */
	__s32 pid;
	__s32 old_pid;
};

/* Calls under way: thread -> address of the path in user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

static __always_inline void fill(struct execsnoop_event *event)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

static __always_inline int enter(__u64 path)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&calls, &tid, &path, MAP_UPDATE_ANY);
	return 0;
}

static __always_inline int leave(struct syscall_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct execsnoop_event event;
	__u64 *call, path;
	__s32 ret = ctx->ret;

	call = bpf_map_lookup_elem(&calls, &tid);
	if (!call)
		return 0;
	path = *call;
	bpf_map_delete_elem(&calls, &tid);
	if (ret >= 0)
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	fill(&event);
	event.ret = ret;
	/* Not before: now the kernel has read it, so its page is in memory. */
	read_path(&event.path, path);
	send_event(ctx, &event, sizeof(event));
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int enter_execve(struct syscall_enter *ctx)
{
	return enter(ctx->args[0]);
}

SEC("tracepoint/syscalls/sys_exit_execve")
int leave_execve(struct syscall_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_execveat")
int enter_execveat(struct syscall_enter *ctx)
{
	return enter(ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int leave_execveat(struct syscall_exit *ctx)
{
	return leave(ctx);
}

/* Guards as in registers.h: each read behind the test for its own field. */
static __always_inline void read_record(const void *ctx, struct exec_record *record)
{
	const struct trace_event_raw_sched_process_exec___new *young = ctx;
	const struct ftrace_raw_sched_process_exec *old = ctx;

	bpf_probe_read_kernel(record, sizeof(*record), ctx);
	if (bpf_core_field_exists(young->old_pid)) {
		record->filename = BPF_CORE_READ(young, __data_loc_filename);
		record->old_pid = BPF_CORE_READ(young, old_pid);
	}
	if (bpf_core_field_exists(old->old_pid)) {
		record->filename = BPF_CORE_READ(old, __data_loc_filename);
		record->old_pid = BPF_CORE_READ(old, old_pid);
	}
}

SEC("tracepoint/sched/sched_process_exec")
int process_exec(void *ctx)
{
	struct execsnoop_event event;
	struct exec_record record;
	__u32 old_tid;

	__builtin_memset(&event, 0, sizeof(event));
	read_record(ctx, &record);
	/* A thread that called execve has its leader's ID now: only the record knows its own. */
	old_tid = record.old_pid;
	bpf_map_delete_elem(&calls, &old_tid);
	fill(&event);
	/* The path comes first in a buffer of 2048 bytes, so there are PATH_SIZE to read. */
	bpf_probe_read_kernel(event.path.text, PATH_SIZE - 1, ctx + (record.filename & 0xffff));
	send_event(ctx, &event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
