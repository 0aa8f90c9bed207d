/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent runs in the kernel: counts one system call of one process. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

extern int LINUX_KERNEL_VERSION __kconfig;

const volatile int target_pid;
const volatile long target_call = -1;
int step = 1;
__u64 calls;
struct {
	int parent;
	int kernel;
	char comm[16];
} seen;

SEC("raw_tp/sys_enter")
int count(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (BPF_CORE_READ(task, tgid) != target_pid || (long)ctx->args[1] != target_call)
		return 0;
	calls += step;
	seen.parent = BPF_CORE_READ(task, real_parent, tgid);
	seen.kernel = LINUX_KERNEL_VERSION;
	BPF_CORE_READ_STR_INTO(&seen.comm, task, comm);
	return 0;
}
