/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every file that is opened, and every attempt that fails.
 *
 * There are three ways to see it: kprobes on do_sys_openat2 (5.6 on) or on do_sys_open (up
 * to 5.5), of which libkbtf takes one, and the system calls' tracepoints (4.14 on; they
 * miss 32-bit programs). Attach whatever attaches. Where several do, a call is still
 * reported once: the first one to see its end takes it out of the map.
 */
#include "program.h"

#include "kbtf_compat.bpf.h"
#include "opensnoop.h"
#include "read_path.h"
#include "registers.h"
#include "syscall_tracepoint.h"

/* creat(2) has no flags argument: this is what it stands for, the same on both architectures. */
#define CREAT_FLAGS (01 | 0100 | 01000) /* O_WRONLY | O_CREAT | O_TRUNC */

KBTF_EVENTS(events, 256 * 1024);

/* A call under way. */
struct call {
	__u64 path; /* address in user space */
	__u64 flags;
};

/* By its own declaration: vmlinux.h of a kernel before 5.6 has none. */
struct open_how___flags {
	__u64 flags;
} __attribute__((preserve_access_index));

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

static __always_inline int enter(__u64 path, __u64 flags)
{
	struct call call = { .path = path, .flags = flags };
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&calls, &tid, &call, MAP_UPDATE_ANY);
	return 0;
}

static __always_inline int leave(void *ctx, __s32 ret)
{
	__u64 pid_tid = bpf_get_current_pid_tgid();
	struct opensnoop_event event;
	__u32 tid = pid_tid;
	struct call *call;
	__u64 path;

	call = bpf_map_lookup_elem(&calls, &tid);
	if (!call)
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	path = call->path;
	event.flags = call->flags;
	bpf_map_delete_elem(&calls, &tid);
	event.pid = pid_tid >> 32;
	event.uid = bpf_get_current_uid_gid();
	event.ret = ret;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	/* Not before: now the kernel has read it, so its page is in memory. */
	read_path(&event.path, path);
	kbtf_send_event(ctx, &events, &event, sizeof(event));
	return 0;
}

/* long do_sys_openat2(int dfd, const char __user *filename, struct open_how *how) */
SEC("kprobe/do_sys_openat2")
int enter_kernel___openat2(void *ctx)
{
	struct open_how___flags *how = (void *)registers__argument_3(ctx);
	__u64 flags = 0;

	if (bpf_core_field_exists(how->flags))
		flags = BPF_CORE_READ(how, flags);
	return enter(registers__argument_2(ctx), flags);
}

SEC("kretprobe/do_sys_openat2")
int leave_kernel___openat2(void *ctx)
{
	return leave(ctx, registers__return_value(ctx));
}

/* long do_sys_open(int dfd, const char __user *filename, int flags, umode_t mode) */
SEC("kprobe/do_sys_open")
int enter_kernel___open(void *ctx)
{
	return enter(registers__argument_2(ctx), (__u32)registers__argument_3(ctx));
}

SEC("kretprobe/do_sys_open")
int leave_kernel___open(void *ctx)
{
	return leave(ctx, registers__return_value(ctx));
}

SEC("tracepoint/syscalls/sys_enter_open")
int enter_open(struct syscall_enter *ctx)
{
	return enter(ctx->args[0], (__u32)ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_open")
int leave_open(struct syscall_exit *ctx)
{
	return leave(ctx, ctx->ret);
}

SEC("tracepoint/syscalls/sys_enter_creat")
int enter_creat(struct syscall_enter *ctx)
{
	return enter(ctx->args[0], CREAT_FLAGS);
}

SEC("tracepoint/syscalls/sys_exit_creat")
int leave_creat(struct syscall_exit *ctx)
{
	return leave(ctx, ctx->ret);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct syscall_enter *ctx)
{
	return enter(ctx->args[1], (__u32)ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int leave_openat(struct syscall_exit *ctx)
{
	return leave(ctx, ctx->ret);
}

SEC("tracepoint/syscalls/sys_enter_openat2")
int enter_openat2(struct syscall_enter *ctx)
{
	__u64 flags = 0;

	/* open_how in user space is the system call's interface: flags come first for good. */
	bpf_probe_read_user(&flags, sizeof(flags), (const void *)ctx->args[2]);
	return enter(ctx->args[1], flags);
}

SEC("tracepoint/syscalls/sys_exit_openat2")
int leave_openat2(struct syscall_exit *ctx)
{
	return leave(ctx, ctx->ret);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
