/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets and bytes that the processes of a cgroup (v2) receive and send, by protocol.
 *
 * Each direction has two programs, of which one is to be loaded: the first takes a spin
 * lock (5.1 on), so that packets and bytes are always those of one moment; the second adds
 * to each by itself. Both count in the same map. Its value has a lock in it, which means
 * nothing to kernels that don't know it; those that do take it from the map's BTF.
 */
/*
 * Its own declaration: vmlinux.h of a kernel before 5.1 has none, and no flavor will do,
 * for the kernel knows the lock by this name.
 */
#define bpf_spin_lock bpf_spin_lock___of_vmlinux_h
#include "vmlinux.h"
#undef bpf_spin_lock
struct bpf_spin_lock {
	__u32 val;
};

#include "program.h"

#include <bpf/bpf_endian.h>

#include "cgroupbytes.h"

#define PASS 1
/* Directions, versions and protocols that occur: a handful. */
#define MAX_COUNTS 1024
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
/* Of the byte that names the protocol, in the header of either version. */
#define IPV4_PROTOCOL 9
#define IPV6_NEXT_HEADER 6

/* How struct __sk_buff begins, the same for all kernels. */
struct packet {
	__u32 len;
	__u32 type;
	__u32 mark;
	__u32 queue;
	__u32 protocol; /* as on the wire */
};

/*
 * Not preallocated: a handful of entries is all that is ever used of it. Programs that trace
 * must not have such maps on kernels from 5.8 to 6.0, but this one traces nothing.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_COUNTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct cgroupbytes_key);
	__type(value, struct cgroupbytes_count);
} traffic SEC(".maps");

static __always_inline struct cgroupbytes_count *find_count(struct packet *packet, __u8 direction)
{
	struct cgroupbytes_key key = { .direction = direction };
	struct cgroupbytes_count *count, none;

	if (packet->protocol == bpf_htons(ETHERTYPE_IPV4)) {
		key.version = 4;
		bpf_skb_load_bytes(packet, IPV4_PROTOCOL, &key.protocol, 1);
	} else if (packet->protocol == bpf_htons(ETHERTYPE_IPV6)) {
		key.version = 6;
		bpf_skb_load_bytes(packet, IPV6_NEXT_HEADER, &key.protocol, 1);
	}
	count = bpf_map_lookup_elem(&traffic, &key);
	if (count)
		return count;
	__builtin_memset(&none, 0, sizeof(none));
	bpf_map_update_elem(&traffic, &key, &none, MAP_UPDATE_NOEXIST);
	return bpf_map_lookup_elem(&traffic, &key);
}

static __always_inline int count_locked(struct packet *packet, __u8 direction)
{
	struct cgroupbytes_count *count = find_count(packet, direction);
	__u32 len = packet->len;

	if (!count)
		return PASS;
	bpf_spin_lock(&count->lock);
	count->packets++;
	count->bytes += len;
	bpf_spin_unlock(&count->lock);
	return PASS;
}

static __always_inline int count_atomically(struct packet *packet, __u8 direction)
{
	struct cgroupbytes_count *count = find_count(packet, direction);

	if (!count)
		return PASS;
	/* the result of neither is used: only 5.12 can give one */
	__sync_fetch_and_add(&count->packets, 1);
	__sync_fetch_and_add(&count->bytes, packet->len);
	return PASS;
}

SEC("cgroup_skb/ingress")
int ingress___locked(struct packet *packet)
{
	return count_locked(packet, CGROUPBYTES_INGRESS);
}

SEC("cgroup_skb/ingress")
int ingress___atomic(struct packet *packet)
{
	return count_atomically(packet, CGROUPBYTES_INGRESS);
}

SEC("cgroup_skb/egress")
int egress___locked(struct packet *packet)
{
	return count_locked(packet, CGROUPBYTES_EGRESS);
}

SEC("cgroup_skb/egress")
int egress___atomic(struct packet *packet)
{
	return count_atomically(packet, CGROUPBYTES_EGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
