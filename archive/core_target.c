/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Functions and variables are asked for by nobody. */
static bool is_candidate(const struct graph_type *type)
{
	return type->name && type->kind != TYPE_FUNC && type->kind != TYPE_VAR &&
	       type->kind != TYPE_DATASEC && type->kind != TYPE_DECL_TAG;
}

int core_target__init(struct core_target *target, const struct type_graph *graph, bool big_endian)
{
	uint32_t room = 1024;

	while (room < graph->type_count / 2 && room < 1u << 30)
		room *= 2;
	*target = (struct core_target){
		.types = core_types__of(graph, big_endian),
		.heads = calloc(room, sizeof(uint32_t)),
		.next = malloc(graph->type_count * sizeof(uint32_t)),
		.mask = room - 1,
		.versions = KERNEL_VERSIONS_ANY,
	};
	if (!target->heads || !target->next) {
		core_target__free(target);
		return -ENOMEM;
	}
	/* backwards, so that each list ascends */
	for (uint32_t i = graph->type_count - 1; i > 0; i--) {
		const struct graph_type *type = &graph->types[i];
		const char *name = type_graph__string(graph, type->name);
		uint32_t *head;

		if (!is_candidate(type))
			continue;
		head = &target->heads[core_name__hash(name) & target->mask];
		target->next[i] = *head;
		*head = i;
	}
	return 0;
}

void core_target__free(struct core_target *target)
{
	free(target->heads);
	free(target->next);
	*target = (struct core_target){};
}

uint32_t core_target__candidate(const struct core_target *target, uint8_t kind, const char *name,
				uint32_t after)
{
	uint32_t hash = core_name__hash(name);
	uint32_t at = after ? target->next[after] : target->heads[hash & target->mask];

	if (target->types.looks)
		core_looks__for(target->types.looks, hash);
	for (; at; at = target->next[at]) {
		const struct graph_type *type = core_types__at(&target->types, at);

		if (core_kinds__agree(type->kind, kind) &&
		    core_names__agree(name, core_types__string(&target->types, type->name)))
			return at;
	}
	return 0;
}

void core_target__look_at_version(const struct core_target *target,
				  const struct version_scope *scope)
{
	if (target->types.looks)
		version_scope__join(&target->types.looks->versions, scope);
}
