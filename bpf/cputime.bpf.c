/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * User and system time by process, from now on.
 *
 * A thread is looked at when it is switched out and when it exits; what it has used
 * since the last look is added to its process. The first look at a thread that is older
 * than the watch only notes where it stands. What runs on without a switch when the
 * watch ends is not in the sums.
 *
 * It has global variables on purpose: what became of the sizes and units of these times
 * is told by the kernel's configuration. See README.md.
 */
#include "program.h"

#include "cputime.h"

#define NS_PER_SECOND 1000000000ULL
/* Where the configuration can't be read: what most distributions take. */
#define DEFAULT_HZ 250
#define FLAG_EXITING 0x4 /* PF_EXITING, on all kernels */

/* Watch this process only; 0: all. */
const volatile __u32 target_pid = 0;

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_HZ __kconfig __weak;
extern bool CONFIG_VIRT_CPU_ACCOUNTING_GEN __kconfig __weak;

/* bpf_ktime_get_ns() when the first thread was looked at. */
__u64 watched_since = 0;

struct usage {
	__u64 user;
	__u64 system;
	__u64 run;
};

/*
 * What a thread had used when it was last looked at. Both maps are preallocated: memory
 * can't be had under the scheduler's lock, and kernels from 5.8 to 6.0 warn of tracing
 * programs that try.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, struct usage);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_THREADS);
	__type(key, __u32);
	__type(value, struct cputime_usage);
} processes SEC(".maps");

/*
 * task_struct's times are nanoseconds since 4.11. Before, they are ticks, unless the
 * kernel was built to count them when it is entered and left (EL7's is).
 */
static __always_inline __u64 nanoseconds(__u64 time)
{
	if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(4, 11, 0) || CONFIG_VIRT_CPU_ACCOUNTING_GEN)
		return time;
	return time * (NS_PER_SECOND / (CONFIG_HZ > 0 ? CONFIG_HZ : DEFAULT_HZ));
}

/* Kernels before 3.17 keep a struct timespec there: not known, then. */
static __always_inline bool is_older_than_the_watch(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->start_time))
		return true;
	return BPF_CORE_READ(task, start_time) < watched_since;
}

static __always_inline void add(__u32 pid, const struct usage *used)
{
	struct cputime_usage *total, none;
	char comm[CPUTIME_COMM_SIZE] = {};

	total = bpf_map_lookup_elem(&processes, &pid);
	if (!total) {
		__builtin_memset(&none, 0, sizeof(none));
		bpf_map_update_elem(&processes, &pid, &none, MAP_UPDATE_NOEXIST);
		total = bpf_map_lookup_elem(&processes, &pid);
		if (!total)
			return;
	}
	/* Threads of one process run at once; atomic additions without a result are in 4.9. */
	__sync_fetch_and_add(&total->user_ns, used->user);
	__sync_fetch_and_add(&total->system_ns, used->system);
	__sync_fetch_and_add(&total->run_ns, used->run);
	/* It changes with execve(2): the last one counts. By the stack, see README.md. */
	bpf_get_current_comm(comm, sizeof(comm));
	__builtin_memcpy(total->comm, comm, sizeof(comm));
}

static __always_inline int look(bool exits)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 pid_tid = bpf_get_current_pid_tgid();
	__u32 pid = pid_tid >> 32, tid = pid_tid;
	struct usage now, used, *before;

	if (!watched_since)
		watched_since = bpf_ktime_get_ns();
	/* the idle tasks are all 0 */
	if (!tid || (target_pid && pid != target_pid))
		return 0;
	/* It is switched out again after its last look, which would count it twice. */
	if (!exits && BPF_CORE_READ(task, flags) & FLAG_EXITING)
		return 0;
	now.user = nanoseconds(BPF_CORE_READ(task, utime));
	now.system = nanoseconds(BPF_CORE_READ(task, stime));
	now.run = BPF_CORE_READ(task, se.sum_exec_runtime);
	used = now;
	before = bpf_map_lookup_elem(&threads, &tid);
	if (before) {
		used.user -= before->user;
		used.system -= before->system;
		used.run -= before->run;
	} else if (is_older_than_the_watch(task)) {
		__builtin_memset(&used, 0, sizeof(used));
	}
	if (exits)
		bpf_map_delete_elem(&threads, &tid);
	else
		bpf_map_update_elem(&threads, &tid, &now, MAP_UPDATE_ANY);
	if (used.run || used.user || used.system)
		add(pid, &used);
	return 0;
}

SEC("tracepoint/sched/sched_switch")
int switch_out(void *ctx)
{
	return look(false);
}

SEC("tracepoint/sched/sched_process_exit")
int process_exit(void *ctx)
{
	return look(true);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
