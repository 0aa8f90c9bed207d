/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel_offer.h"

#include <linux/bpf.h>
#include <string.h>

/* BPF_TCX_INGRESS, which older headers do not have. */
#define TCX_INGRESS 46

/* An enumeration with a place for its end, such as __BPF_FUNC_MAX_ID, which is none of them. */
static void read_enum(const struct core_target *target, const char *name,
		      struct offer_numbers *numbers)
{
	uint32_t id = core_target__candidate(target, TYPE_ENUM, name, 0);
	const struct graph_type *type = core_types__at(&target->types, id);
	const struct graph_slot *slots = core_types__slots(&target->types, type);

	if (!id || !type->count)
		return;
	numbers->known = true;
	for (uint32_t i = 0; i < type->count; i++) {
		const char *enumerator = core_types__string(&target->types, slots[i].name);

		if (slots[i].value >= OFFER_NUMBERS)
			numbers->beyond = true;
		else if (strncmp(enumerator, "__", 2) != 0)
			numbers->has[slots[i].value] = true;
	}
}

/* Whether a type that every kernel has has something of this name in it. */
static enum offered has_slot(const struct core_target *target, enum type_kind kind,
			     const char *type_name, const char *name)
{
	uint32_t id = core_target__candidate(target, kind, type_name, 0);
	const struct graph_type *type = core_types__at(&target->types, id);
	const struct graph_slot *slots = core_types__slots(&target->types, type);

	if (!id || !type->count)
		return OFFER_UNKNOWN;
	for (uint32_t i = 0; i < type->count; i++)
		if (strcmp(core_types__string(&target->types, slots[i].name), name) == 0)
			return OFFER_YES;
	return OFFER_NO;
}

static enum offered has_member(const struct core_target *target, const char *type_name,
			       const char *member)
{
	return has_slot(target, TYPE_STRUCT, type_name, member);
}

static bool has_struct(const struct core_target *target, const char *name)
{
	uint32_t id = core_target__candidate(target, TYPE_STRUCT, name, 0);

	/* empty is what stands for it where it is not configured */
	return id && core_types__at(&target->types, id)->count;
}

void kernel_offer__read(const struct core_target *target, const struct pool *pool,
			const struct record_set *set, struct kernel_offer *offer)
{
	const struct type_graph *graph = target->types.graph;

	*offer = (struct kernel_offer){ .target = target, .pool = pool, .set = set };
	read_enum(target, "bpf_func_id", &offer->helpers);
	read_enum(target, "bpf_map_type", &offer->maps);
	read_enum(target, "bpf_prog_type", &offer->programs);
	read_enum(target, "bpf_attach_type", &offer->attachments);
	offer->globals = has_member(target, "bpf_map_ops", "map_direct_value_addr");
	offer->calls = has_member(target, "bpf_prog_aux", "func_cnt");
	offer->global_functions = has_member(target, "bpf_func_info_aux", "linkage");
	offer->only_called = has_member(target, "bpf_func_info_aux", "called");
	offer->loops = has_member(target, "bpf_verifier_state", "branches");
	offer->comparisons = has_member(target, "bpf_prog_aux", "max_pkt_offset");
	offer->less_than = has_member(target, "bpf_reg_state", "umin_value");
	offer->attach_types = has_member(target, "bpf_prog", "expected_attach_type");
	offer->memory_in_maps = has_slot(target, TYPE_ENUM, "bpf_arg_type", "ARG_PTR_TO_MEM");
	offer->keys_in_maps = offer_numbers__ask(&offer->helpers, BPF_FUNC_get_stack);
	offer->jumps_32 = offer_numbers__ask(&offer->helpers, BPF_FUNC_spin_lock);
	offer->constants = offer_numbers__ask(&offer->helpers, BPF_FUNC_probe_read_kernel);
	offer->variable_addresses = offer_numbers__ask(&offer->helpers, BPF_FUNC_ringbuf_output);
	offer->map_addresses = has_struct(target, "bpf_stream") ? OFFER_YES : OFFER_NO;
	offer->atomics = offer_numbers__ask(&offer->helpers, BPF_FUNC_check_mtu);
	offer->signs = offer_numbers__ask(&offer->attachments, TCX_INGRESS);
	offer->functions = set && set->functions.records.count;
	for (uint32_t i = 1; !set && i < graph->type_count && !offer->functions; i++)
		offer->functions = graph->types[i].kind == TYPE_FUNC;
}

enum offered offer_numbers__ask(const struct offer_numbers *numbers, uint32_t number)
{
	if (!numbers->known || (number >= OFFER_NUMBERS && numbers->beyond))
		return OFFER_UNKNOWN;
	return number < OFFER_NUMBERS && numbers->has[number] ? OFFER_YES : OFFER_NO;
}

/* ---- types of maps and of programs ------------------------------------------------------------ */

enum offered kernel_offer__map(const struct kernel_offer *offer, uint32_t type)
{
	enum offered named = offer_numbers__ask(&offer->maps, type);
	const char *needed = type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH ?
			     "bpf_dtab" : type == BPF_MAP_TYPE_CPUMAP ? "bpf_cpu_map" :
			     type == BPF_MAP_TYPE_XSKMAP ? "xsk_map" : NULL;
	int parameters;

	if (named != OFFER_YES)
		return named;
	if (needed && !has_struct(offer->target, needed))
		return OFFER_NO;
	/* the other one shows that such functions are listed */
	if (type == BPF_MAP_TYPE_CGROUP_ARRAY && offer->functions &&
	    kernel_offer__function(offer, "prog_fd_array_get_ptr", &parameters) &&
	    !kernel_offer__function(offer, "cgroup_fd_array_get_ptr", &parameters))
		return OFFER_NO;
	return OFFER_YES;
}

enum offered kernel_offer__program(const struct kernel_offer *offer, uint32_t type)
{
	enum offered named = offer_numbers__ask(&offer->programs, type);
	int parameters;

	if (named != OFFER_YES)
		return named;
	switch (type) {
	case BPF_PROG_TYPE_XDP:
		/* as above */
		return offer->functions &&
		       kernel_offer__function(offer, "tc_cls_act_is_valid_access", &parameters) &&
		       !kernel_offer__function(offer, "xdp_is_valid_access", &parameters) ?
		       OFFER_NO : OFFER_YES;
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		return has_struct(offer->target, "cgroup_bpf") ? OFFER_YES : OFFER_NO;
	default:
		return OFFER_YES;
	}
}

static bool is_tracing(uint32_t program)
{
	return program == BPF_PROG_TYPE_KPROBE || program == BPF_PROG_TYPE_TRACEPOINT ||
	       program == BPF_PROG_TYPE_PERF_EVENT || program == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

/* Of packets and sockets, which no kernel lets those programs do. */
static bool is_of_packets(uint32_t number)
{
	switch (number) {
	case BPF_FUNC_skb_store_bytes ... BPF_FUNC_l4_csum_replace:
	case BPF_FUNC_clone_redirect:
	case BPF_FUNC_get_cgroup_classid ... BPF_FUNC_skb_set_tunnel_key:
	case BPF_FUNC_redirect:
	case BPF_FUNC_get_route_realm:
	case BPF_FUNC_skb_load_bytes:
	case BPF_FUNC_skb_get_tunnel_opt ... BPF_FUNC_get_hash_recalc:
	case BPF_FUNC_skb_change_tail ... BPF_FUNC_set_hash_invalid:
	case BPF_FUNC_skb_change_head:
	case BPF_FUNC_xdp_adjust_head:
	case BPF_FUNC_get_socket_cookie ... BPF_FUNC_xdp_adjust_meta:
	case BPF_FUNC_sock_ops_cb_flags_set ... BPF_FUNC_skb_get_xfrm_state:
		return true;
	default:
		return false;
	}
}

enum offered kernel_offer__helper(const struct kernel_offer *offer, uint32_t program,
				  uint32_t number)
{
	if (is_tracing(program) && is_of_packets(number))
		return OFFER_NO;
	/* for others it was there before; for these it came with the other one (4.14) */
	if (program == BPF_PROG_TYPE_XDP && number == BPF_FUNC_redirect)
		number = BPF_FUNC_redirect_map;
	return offer_numbers__ask(&offer->helpers, number);
}

enum offered kernel_offer__map_value(const struct kernel_offer *offer, uint32_t type, uint32_t size)
{
	const char *larger = type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH ?
			     "bpf_devmap_val" : type == BPF_MAP_TYPE_CPUMAP ? "bpf_cpumap_val" : NULL;

	return !larger || size <= sizeof(uint32_t) || has_struct(offer->target, larger) ? OFFER_YES :
	       offer->maps.known ? OFFER_NO : OFFER_UNKNOWN;
}

/* Old kernels' BTF has no struct xdp_md, but the one that it is made from. */
static uint32_t xdp_context(const struct core_target *target)
{
	static const struct {
		const char *member;
		uint32_t size;
	} sizes[] = { { "txq", 24 }, { "rxq", 20 }, { "data_meta", 12 }, { "data_end", 8 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (has_member(target, "xdp_buff", sizes[i].member) == OFFER_YES)
			return sizes[i].size;
	return 0;
}

uint32_t kernel_offer__context(const struct kernel_offer *offer, uint32_t type, const char **name)
{
	const struct core_types *types = &offer->target->types;
	uint32_t id;

	*name = type == BPF_PROG_TYPE_XDP ? "xdp_md" :
		type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT ||
		type == BPF_PROG_TYPE_SOCKET_FILTER || type == BPF_PROG_TYPE_CGROUP_SKB ?
		"__sk_buff" : type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR ? "bpf_sock_addr" :
		type == BPF_PROG_TYPE_SOCK_OPS ? "bpf_sock_ops" : NULL;
	id = *name ? core_target__candidate(offer->target, TYPE_STRUCT, *name, 0) : 0;
	if (!id && type == BPF_PROG_TYPE_XDP)
		return xdp_context(offer->target);
	return id ? core_types__at(types, id)->size : 0;
}

/* ---- functions -------------------------------------------------------------------------------- */

/* The number of a string, of which the graph has each once and in order; 0: it has it not. */
static uint32_t find_string(const struct type_graph *graph, const char *text)
{
	uint32_t low = 0, high = graph->string_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(type_graph__string(graph, middle), text);

		if (!order)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static bool find_in_graph(const struct kernel_offer *offer, const char *name, int *parameters)
{
	const struct type_graph *graph = offer->target->types.graph;
	uint32_t string = find_string(graph, name);

	for (uint32_t i = 1; string && i < graph->type_count; i++)
		if (graph->types[i].name == string && graph->types[i].kind == TYPE_FUNC) {
			*parameters = kernel_offer__parameters(offer, i);
			return true;
		}
	return false;
}

/* The first of a list that is not before a name; lists are in the order of names. */
static uint32_t lower_bound(const struct pool *pool, const struct record_list *list,
			    const char *name)
{
	uint32_t low = 0, high = list->names.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const uint32_t *at = pool__name(pool, list->names.items[middle]);

		if (strcmp(pool__string(pool, at[NAME_STRING]), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool find_in_set(const struct kernel_offer *offer, const char *name, int *parameters)
{
	const struct record_list *list = &offer->set->functions;

	for (uint32_t i = lower_bound(offer->pool, list, name); i < list->names.count; i++) {
		const uint32_t *at = pool__name(offer->pool, list->names.items[i]), *record;

		if (strcmp(pool__string(offer->pool, at[NAME_STRING]), name) != 0)
			return false;
		if (at[NAME_KIND] != TYPE_FUNC)
			continue;
		record = pool__record(offer->pool, list->records.items[i]);
		if (!(record[RECORD_REF] & POOL_NAME_BIT)) {
			record = pool__record(offer->pool, record[RECORD_REF]);
			if (record__kind(record) == TYPE_FUNC_PROTO)
				*parameters = (int)record[RECORD_COUNT];
		}
		return true;
	}
	return false;
}

bool kernel_offer__function(const struct kernel_offer *offer, const char *name, int *parameters)
{
	*parameters = -1;
	core_types__look_for(&offer->target->types, name);
	return offer->set ? find_in_set(offer, name, parameters)
			  : find_in_graph(offer, name, parameters);
}

int kernel_offer__parameters(const struct kernel_offer *offer, uint32_t type)
{
	const struct core_types *types = &offer->target->types;
	const struct graph_type *at = core_types__strip(types, &type);

	if (at && at->kind == TYPE_PTR) {
		type = at->ref;
		at = core_types__strip(types, &type);
	}
	if (at && at->kind == TYPE_FUNC)
		at = core_types__at(types, at->ref);
	return at && at->kind == TYPE_FUNC_PROTO ? (int)at->count : -1;
}
