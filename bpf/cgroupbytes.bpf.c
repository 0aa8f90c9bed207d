/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets and bytes that the processes of a cgroup (v2) receive and send.
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

#include "cgroupbytes.h"

/* How struct __sk_buff begins, the same for all kernels. */
struct packet {
	__u32 len;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CGROUPBYTES_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct cgroupbytes_count);
} traffic SEC(".maps");

#define PASS 1

static __always_inline int count_locked(struct packet *packet, __u32 direction)
{
	struct cgroupbytes_count *count = bpf_map_lookup_elem(&traffic, &direction);
	__u32 len = packet->len;

	if (!count)
		return PASS;
	bpf_spin_lock(&count->lock);
	count->packets++;
	count->bytes += len;
	bpf_spin_unlock(&count->lock);
	return PASS;
}

static __always_inline int count_atomically(struct packet *packet, __u32 direction)
{
	struct cgroupbytes_count *count = bpf_map_lookup_elem(&traffic, &direction);

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
