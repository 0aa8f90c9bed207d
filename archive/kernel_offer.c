/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "kernel_offer.h"

#include <string.h>

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

/* Some features came along with a member of a struct that every kernel has. */
static enum offered has_member(const struct core_target *target, const char *type_name,
			       const char *member)
{
	uint32_t id = core_target__candidate(target, TYPE_STRUCT, type_name, 0);
	const struct graph_type *type = core_types__at(&target->types, id);
	const struct graph_slot *slots = core_types__slots(&target->types, type);

	if (!id || !type->count)
		return OFFER_UNKNOWN;
	for (uint32_t i = 0; i < type->count; i++)
		if (strcmp(core_types__string(&target->types, slots[i].name), member) == 0)
			return OFFER_YES;
	return OFFER_NO;
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
	offer->loops = has_member(target, "bpf_verifier_state", "branches");
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
