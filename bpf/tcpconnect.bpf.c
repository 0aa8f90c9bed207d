/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every TCP connection that this machine opens, and every attempt that fails at once.
 *
 * At the entry of tcp_v4_connect and tcp_v6_connect the socket does not know its
 * addresses yet, so they are read at the return. An IPv6 socket that connects to
 * ::ffff:1.2.3.4 passes through both functions; the inner one reports it, as IPv4.
 */
#include "program.h"

#include "registers.h"
#include "send_event.h"
#include "tcpconnect.h"

#define FAMILY_INET 2
#define FAMILY_INET6 10

/* A call under way. */
struct call {
	__u64 sock;    /* struct sock * */
	__u64 address; /* struct sockaddr *, the kernel's copy */
};

/* sockaddr_in and sockaddr_in6: the system call's interface, which needs no relocation. */
struct address_v4 {
	__u16 family;
	__u16 port;
	__u8 bytes[4];
};

struct address_v6 {
	__u16 family;
	__u16 port;
	__u32 flow;
	__u8 bytes[16];
};

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len), and v6 alike */
static __always_inline int enter(void *ctx)
{
	struct call call = {
		.sock = registers__argument_1(ctx),
		.address = registers__argument_2(ctx),
	};
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&calls, &tid, &call, MAP_UPDATE_ANY);
	return 0;
}

/* Take the thread's call out of the map. */
static __always_inline bool take_call(struct call *taken)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call;

	call = bpf_map_lookup_elem(&calls, &tid);
	if (!call)
		return false;
	taken->sock = call->sock;
	taken->address = call->address;
	bpf_map_delete_elem(&calls, &tid);
	return true;
}

static __always_inline void send(void *ctx, struct tcpconnect_event *event)
{
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	send_event(ctx, event, sizeof(*event));
}

/* On failure the socket holds no addresses any more, only the caller's argument does. */
static __always_inline void fill_v4(struct tcpconnect_event *event, const struct call *call)
{
	struct sock *sk = (struct sock *)call->sock;
	struct address_v4 address;

	if (event->ret) {
		bpf_probe_read_kernel(&address, sizeof(address), (const void *)call->address);
		event->dport = address.port;
		__builtin_memcpy(event->daddr, address.bytes, sizeof(address.bytes));
		return;
	}
	event->sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	event->dport = BPF_CORE_READ(sk, __sk_common.skc_dport);
	BPF_CORE_READ_INTO((__u32 *)event->saddr, sk, __sk_common.skc_rcv_saddr);
	BPF_CORE_READ_INTO((__u32 *)event->daddr, sk, __sk_common.skc_daddr);
}

static __always_inline void fill_v6(struct tcpconnect_event *event, const struct call *call)
{
	struct sock *sk = (struct sock *)call->sock;
	struct address_v6 address;

	if (event->ret) {
		bpf_probe_read_kernel(&address, sizeof(address), (const void *)call->address);
		event->dport = address.port;
		__builtin_memcpy(event->daddr, address.bytes, sizeof(address.bytes));
		return;
	}
	event->sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	event->dport = BPF_CORE_READ(sk, __sk_common.skc_dport);
	/* Kernels built without IPv6 lack them, and so does 3.10. */
	if (bpf_core_field_exists(sk->__sk_common.skc_v6_rcv_saddr))
		BPF_CORE_READ_INTO((struct in6_addr *)event->saddr, sk,
				   __sk_common.skc_v6_rcv_saddr);
	if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
		BPF_CORE_READ_INTO((struct in6_addr *)event->daddr, sk, __sk_common.skc_v6_daddr);
}

SEC("kprobe/tcp_v4_connect")
int enter_tcp_v4_connect(void *ctx)
{
	return enter(ctx);
}

SEC("kretprobe/tcp_v4_connect")
int leave_tcp_v4_connect(void *ctx)
{
	struct tcpconnect_event event;
	struct call call;

	if (!take_call(&call))
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	event.family = FAMILY_INET;
	event.ret = registers__return_value(ctx);
	fill_v4(&event, &call);
	send(ctx, &event);
	return 0;
}

SEC("kprobe/tcp_v6_connect")
int enter_tcp_v6_connect(void *ctx)
{
	return enter(ctx);
}

SEC("kretprobe/tcp_v6_connect")
int leave_tcp_v6_connect(void *ctx)
{
	struct tcpconnect_event event;
	struct call call;

	if (!take_call(&call))
		return 0;
	__builtin_memset(&event, 0, sizeof(event));
	event.family = FAMILY_INET6;
	event.ret = registers__return_value(ctx);
	fill_v6(&event, &call);
	send(ctx, &event);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
