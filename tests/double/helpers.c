/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: enum bpf_prog_type and __BPF_FUNC_MAPPER in include/uapi/linux/bpf.h; the
 * ..._func_proto() of kernel/trace/bpf_trace.c and net/core/filter.c; check_call() and,
 * from 4.16, check_helper_call() in kernel/bpf/verifier.c for the words; releases from
 * iovisor/bcc, docs/kernel-versions.md.
 *
 * Tracing programs, socket filters, those of cgroups' packets and sockets, tc and XDP are
 * listed; of other types only the numbers that no program has are refused.
 */
#include "helpers.h"

#include <errno.h>
#include <stddef.h>

#include "kernels.h"

enum { NOT_IN_4 = 99, BEFORE_4 = 0 };

enum {
	KPROBE = 1 << 0,
	TRACEPOINT = 1 << 1,
	PERF_EVENT = 1 << 2,
	SOCKET = 1 << 3,
	TC = 1 << 4,
	XDP = 1 << 5,
	CGROUP_SOCK = 1 << 6,
	CGROUP_SKB = 1 << 7,
	FILTERS = SOCKET | CGROUP_SKB,
	TRACING = KPROBE | TRACEPOINT | PERF_EVENT,
	NET = FILTERS | TC | XDP | CGROUP_SOCK,
	ALL = TRACING | NET
};

static const struct {
	unsigned char type, minor; /* with which 4.x it came */
	bool in_el8;
	unsigned char family; /* 0: not listed */
} program_types[] = {
	{ BPF_PROG_TYPE_SOCKET_FILTER, BEFORE_4, true, SOCKET },
	{ BPF_PROG_TYPE_KPROBE, 1, true, KPROBE },
	{ BPF_PROG_TYPE_SCHED_CLS, 1, true, TC },
	{ BPF_PROG_TYPE_SCHED_ACT, 1, true, TC },
	{ BPF_PROG_TYPE_TRACEPOINT, 7, true, TRACEPOINT },
	{ BPF_PROG_TYPE_XDP, 8, true, XDP },
	{ BPF_PROG_TYPE_PERF_EVENT, 9, true, PERF_EVENT },
	{ BPF_PROG_TYPE_CGROUP_SKB, 10, true, CGROUP_SKB },
	{ BPF_PROG_TYPE_CGROUP_SOCK, 10, true, CGROUP_SOCK },
	{ BPF_PROG_TYPE_LWT_IN, 10, true, 0 },
	{ BPF_PROG_TYPE_LWT_OUT, 10, true, 0 },
	{ BPF_PROG_TYPE_LWT_XMIT, 10, true, 0 },
	{ BPF_PROG_TYPE_SOCK_OPS, 13, true, 0 },
	{ BPF_PROG_TYPE_SK_SKB, 14, true, 0 },
	{ BPF_PROG_TYPE_CGROUP_DEVICE, 15, true, 0 },
	{ BPF_PROG_TYPE_SK_MSG, 17, true, 0 },
	{ BPF_PROG_TYPE_RAW_TRACEPOINT, 17, true, TRACEPOINT },
	{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 17, true, 0 },
	{ BPF_PROG_TYPE_LWT_SEG6LOCAL, 18, true, 0 },
	{ BPF_PROG_TYPE_LIRC_MODE2, 18, true, 0 },
	{ BPF_PROG_TYPE_SK_REUSEPORT, 19, true, 0 },
	{ BPF_PROG_TYPE_FLOW_DISSECTOR, 20, true, 0 },
	/* and no other */
};

/* A helper may have several rows: other programs got it later. */
static const struct {
	unsigned char id, minor;
	bool in_el8;
	unsigned char families;
} helpers[] = {
	{ BPF_FUNC_map_lookup_elem, BEFORE_4, true, ALL },
	{ BPF_FUNC_map_update_elem, BEFORE_4, true, ALL },
	{ BPF_FUNC_map_delete_elem, BEFORE_4, true, ALL },
	{ BPF_FUNC_probe_read, 1, true, TRACING },
	{ BPF_FUNC_ktime_get_ns, 1, true, ALL },
	{ BPF_FUNC_trace_printk, 1, true, ALL },
	{ BPF_FUNC_get_prandom_u32, 1, true, ALL },
	{ BPF_FUNC_get_smp_processor_id, 1, true, ALL },
	{ BPF_FUNC_skb_store_bytes, 1, true, TC },
	{ BPF_FUNC_l3_csum_replace, 1, true, TC },
	{ BPF_FUNC_l4_csum_replace, 1, true, TC },
	{ BPF_FUNC_tail_call, 2, true, ALL },
	{ BPF_FUNC_clone_redirect, 2, true, TC },
	{ BPF_FUNC_get_current_pid_tgid, 2, true, TRACING },
	{ BPF_FUNC_get_current_uid_gid, 2, true, TRACING },
	{ BPF_FUNC_get_current_uid_gid, 12, true, CGROUP_SOCK },
	{ BPF_FUNC_get_current_comm, 2, true, TRACING },
	{ BPF_FUNC_get_cgroup_classid, 3, true, TC },
	{ BPF_FUNC_skb_vlan_push, 3, true, TC },
	{ BPF_FUNC_skb_vlan_pop, 3, true, TC },
	{ BPF_FUNC_skb_get_tunnel_key, 3, true, TC },
	{ BPF_FUNC_skb_set_tunnel_key, 3, true, TC },
	{ BPF_FUNC_perf_event_read, 3, true, TRACING },
	{ BPF_FUNC_redirect, 4, true, TC },
	{ BPF_FUNC_redirect, 14, true, XDP },
	{ BPF_FUNC_get_route_realm, 4, true, TC },
	{ BPF_FUNC_perf_event_output, 4, true, TRACING },
	{ BPF_FUNC_perf_event_output, 8, true, TC | XDP },
	{ BPF_FUNC_skb_load_bytes, 5, true, TC },
	{ BPF_FUNC_skb_load_bytes, 10, true, FILTERS },
	{ BPF_FUNC_get_stackid, 6, true, TRACING },
	{ BPF_FUNC_csum_diff, 6, true, TC },
	{ BPF_FUNC_csum_diff, 16, true, XDP },
	{ BPF_FUNC_skb_get_tunnel_opt, 6, true, TC },
	{ BPF_FUNC_skb_set_tunnel_opt, 6, true, TC },
	{ BPF_FUNC_skb_change_proto, 8, true, TC },
	{ BPF_FUNC_skb_change_type, 8, true, TC },
	{ BPF_FUNC_skb_under_cgroup, 8, true, TC },
	{ BPF_FUNC_get_hash_recalc, 8, true, TC },
	{ BPF_FUNC_get_current_task, 8, true, TRACING },
	{ BPF_FUNC_probe_write_user, 8, true, TRACING },
	{ BPF_FUNC_current_task_under_cgroup, 9, true, TRACING },
	{ BPF_FUNC_skb_change_tail, 9, true, TC },
	{ BPF_FUNC_skb_pull_data, 9, true, TC },
	{ BPF_FUNC_csum_update, 9, true, TC },
	{ BPF_FUNC_set_hash_invalid, 9, true, TC },
	{ BPF_FUNC_get_numa_node_id, 10, true, ALL },
	{ BPF_FUNC_xdp_adjust_head, 10, true, XDP },
	{ BPF_FUNC_probe_read_str, 11, true, TRACING },
	{ BPF_FUNC_get_socket_cookie, 12, true, FILTERS | TC },
	{ BPF_FUNC_get_socket_uid, 12, true, FILTERS | TC },
	{ BPF_FUNC_set_hash, 13, true, TC },
	{ BPF_FUNC_skb_adjust_room, 13, true, TC },
	{ BPF_FUNC_redirect_map, 14, true, XDP },
	{ BPF_FUNC_xdp_adjust_meta, 15, true, XDP },
	{ BPF_FUNC_perf_event_read_value, 15, true, KPROBE },
	{ BPF_FUNC_perf_prog_read_value, 15, true, PERF_EVENT },
	{ BPF_FUNC_override_return, 16, true, KPROBE },
	{ BPF_FUNC_xdp_adjust_tail, 18, true, XDP },
	{ BPF_FUNC_skb_get_xfrm_state, 18, true, TC },
	{ BPF_FUNC_get_stack, 18, true, TRACING },
	{ BPF_FUNC_skb_load_bytes_relative, 18, true, FILTERS | TC },
	{ BPF_FUNC_fib_lookup, 18, true, TC | XDP },
	{ BPF_FUNC_skb_cgroup_id, 18, true, TC },
	{ BPF_FUNC_get_current_cgroup_id, 18, true, TRACING },
	{ BPF_FUNC_get_local_storage, 19, true, CGROUP_SKB | CGROUP_SOCK },
	{ BPF_FUNC_skb_ancestor_cgroup_id, 19, true, TC },
	{ BPF_FUNC_sk_lookup_tcp, 20, true, TC | XDP },
	{ BPF_FUNC_sk_lookup_udp, 20, true, TC | XDP },
	{ BPF_FUNC_sk_release, 20, true, TC | XDP },
	{ BPF_FUNC_map_push_elem, 20, true, ALL },
	{ BPF_FUNC_map_pop_elem, 20, true, ALL },
	{ BPF_FUNC_map_peek_elem, 20, true, ALL },
};

bool program_type_is_known(unsigned int type)
{
	for (size_t i = 0; i < sizeof(program_types) / sizeof(program_types[0]); i++)
		if (program_types[i].type == type)
			return kernel__is_since(program_types[i].minor, program_types[i].in_el8);
	return false;
}

static unsigned char family_of(enum bpf_prog_type type)
{
	for (size_t i = 0; i < sizeof(program_types) / sizeof(program_types[0]); i++)
		if (program_types[i].type == type)
			return program_types[i].family;
	return 0;
}

static bool is_for(unsigned char family, int id)
{
	if (!family)
		return true;
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (helpers[i].id == id && helpers[i].families & family &&
		    kernel__is_since(helpers[i].minor, helpers[i].in_el8))
			return true;
	return false;
}

static const char *name_of(int id)
{
#define NAME(name) [BPF_FUNC_##name] = "bpf_" #name
	static const char *const names[] = { __BPF_FUNC_MAPPER(NAME) };

	return id >= 0 && id < kernel->helper_count ? names[id] : "unknown";
}

int helpers__check(enum bpf_prog_type type, int id, int at, struct verdict *verdict)
{
	bool exists = id >= 0 && id < kernel->helper_count;
	const char *word = exists ? "unknown" : "invalid", *name = name_of(id);

	if (exists && is_for(family_of(type), id))
		return 0;
	if (kernel__has(HAS_HELPER_NAMES))
		return refuse(verdict, -EINVAL, "%d: (85) call %s#%d\n%s func %s#%d", at, name, id, word,
			      name, id);
	return refuse(verdict, -EINVAL, "%d: (85) call %d\n%s func %d", at, id, word, id);
}

/* The struct bpf_func_proto of each, as far as memory goes. */
static const struct {
	unsigned char id;
	unsigned char arguments[5];
} protos[] = {
	{ BPF_FUNC_map_lookup_elem, { 0, ARGUMENT_KEY } },
	{ BPF_FUNC_map_update_elem, { 0, ARGUMENT_KEY, ARGUMENT_VALUE } },
	{ BPF_FUNC_map_delete_elem, { 0, ARGUMENT_KEY } },
	{ BPF_FUNC_probe_read, { ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_probe_read_str, { ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_trace_printk, { ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_get_current_comm, { ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_probe_write_user, { 0, ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_perf_event_output, { 0, 0, 0, ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_skb_store_bytes, { 0, 0, ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_skb_load_bytes, { 0, 0, ARGUMENT_MEMORY, ARGUMENT_SIZE } },
	{ BPF_FUNC_get_stack, { 0, ARGUMENT_MEMORY, ARGUMENT_SIZE } },
};

enum argument helpers__argument(int id, int reg)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (protos[i].id == id)
			return protos[i].arguments[reg - 1];
	return ARGUMENT_ANY;
}
