/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every process that ends: how, and after how long.
 *
 * sched/sched_process_exit comes once a thread, and a process has ended when none is
 * live. Up to 6.14 it comes after the thread has let go of its memory, and with that of
 * the name of its file, which a kprobe on do_exit has noted before.
 *
 * It has global variables on purpose: see README.md.
 */
#include "program.h"

#include "exitsnoop.h"
#include "send_event.h"

#define EEXIST 17
#define GROUP_EXIT 0x4 /* SIGNAL_GROUP_EXIT, on all kernels */

/* Watch this process only; 0: all. */
const volatile __u32 target_pid = 0;

extern int LINUX_KERNEL_VERSION __kconfig;

/* The record of sched_process_free. */
struct trace_event_raw_sched_process_template___pid {
	__s32 pid;
} __attribute__((preserve_access_index));

/* Where the name is not known: 8 bytes common to all, and a name of 16. */
#define FREE_RECORD_PID 24

struct exe_name {
	char text[EXITSNOOP_EXE_SIZE];
};

/* Threads that are about to exit -> their file's name. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, struct exe_name);
} names SEC(".maps");

/*
 * Processes that have been reported, until they are reaped. Threads that exit at once may
 * all see that none is live any more: the first to be in the map reports.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, __u32);
} reported SEC(".maps");

static __always_inline bool has_string_helper(void)
{
	return LINUX_KERNEL_VERSION >= KERNEL_VERSION(4, 11, 0);
}

static __always_inline void read_exe_name(struct exe_name *name, struct task_struct *task)
{
	const unsigned char *text;

	__builtin_memset(name, 0, sizeof(*name));
	/* NULL for kernel threads, which have no memory of their own */
	text = BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name);
	if (has_string_helper())
		bpf_probe_read_kernel_str(name->text, sizeof(name->text), text);
	else
		bpf_probe_read_kernel(name->text, sizeof(name->text) - 1, text);
}

/* Of the process, that is, its first thread. */
static __always_inline void read_comm(char (*comm)[EXITSNOOP_COMM_SIZE], struct task_struct *task)
{
	if (has_string_helper())
		BPF_CORE_READ_STR_INTO(comm, task, group_leader, comm);
	else
		BPF_CORE_READ_INTO(comm, task, group_leader, comm);
}

static __always_inline __u32 exit_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

/* Kernels before 3.17 keep a struct timespec there. */
static __always_inline __u64 lifetime(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->start_time))
		return 0;
	return bpf_ktime_get_ns() - BPF_CORE_READ(task, group_leader, start_time);
}

static __always_inline __u32 is_subreaper(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	return BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper);
}

SEC("kprobe/do_exit")
int enter_do_exit(void *ctx)
{
	__u64 pid_tid = bpf_get_current_pid_tgid();
	struct exe_name name;
	__u32 tid = pid_tid;

	if (target_pid && pid_tid >> 32 != target_pid)
		return 0;
	read_exe_name(&name, (struct task_struct *)bpf_get_current_task());
	bpf_map_update_elem(&names, &tid, &name, MAP_UPDATE_ANY);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int process_exit(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 pid_tid = bpf_get_current_pid_tgid();
	__u32 pid = pid_tid >> 32, tid = pid_tid, one = 1;
	struct exitsnoop_event event;
	struct exe_name name, *noted;

	if (target_pid && pid != target_pid)
		return 0;
	read_exe_name(&name, task);
	noted = bpf_map_lookup_elem(&names, &tid);
	if (noted) {
		name = *noted;
		bpf_map_delete_elem(&names, &tid);
	}
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	if (bpf_map_update_elem(&reported, &pid, &one, MAP_UPDATE_NOEXIST) == -EEXIST)
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	event.lifetime_ns = lifetime(task);
	event.pid = pid;
	event.ppid = BPF_CORE_READ(task, real_parent, tgid);
	event.uid = bpf_get_current_uid_gid();
	event.status = exit_status(task);
	event.is_subreaper = is_subreaper(task);
	read_comm(&event.comm, task);
	__builtin_memcpy(event.exe, name.text, sizeof(event.exe));
	send_event(ctx, &event, sizeof(event));
	return 0;
}

/* The last of a thread; a process' PID is its first one's. */
SEC("tracepoint/sched/sched_process_free")
int process_free(void *ctx)
{
	const struct trace_event_raw_sched_process_template___pid *record = ctx;
	__u32 pid = 0;

	bpf_probe_read_kernel(&pid, sizeof(pid), ctx + FREE_RECORD_PID);
	if (bpf_core_field_exists(record->pid))
		pid = BPF_CORE_READ(record, pid);
	bpf_map_delete_elem(&reported, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
