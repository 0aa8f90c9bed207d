/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every time the kernel asks whether a process has a capability, and the answer.
 *
 * Arguments come by BPF_KPROBE, as in most programs of the field. That makes this object
 * one of the architecture that it was compiled for; the others, by registers.h, are not.
 */
#include "program.h"
#include <bpf/bpf_tracing.h>

#include "capable.h"
#include "send_event.h"

/* Watch this process only; 0: all. */
const volatile __u32 target_pid = 0;

/* Questions under way: thread -> capability. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, __s32);
} calls SEC(".maps");

/* The last argument, audit and later opts, has changed its meaning; it is not looked at. */
SEC("kprobe/cap_capable")
int BPF_KPROBE(enter_cap_capable, const struct cred *cred, struct user_namespace *ns, int capability)
{
	__u64 pid_tid = bpf_get_current_pid_tgid();
	__u32 tid = pid_tid;

	if (target_pid && pid_tid >> 32 != target_pid)
		return 0;
	bpf_map_update_elem(&calls, &tid, &capability, MAP_UPDATE_ANY);
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(leave_cap_capable, int ret)
{
	__u64 pid_tid = bpf_get_current_pid_tgid();
	struct capable_event event;
	__u32 tid = pid_tid;
	__s32 *capability;

	capability = bpf_map_lookup_elem(&calls, &tid);
	if (!capability)
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	event.capability = *capability;
	bpf_map_delete_elem(&calls, &tid);
	event.pid = pid_tid >> 32;
	event.uid = bpf_get_current_uid_gid();
	event.ret = ret;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	send_event(ctx, &event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
