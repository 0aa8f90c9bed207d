/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_types.h"

#include <string.h>

/* Its words may be in any order; "long long" has one too many. */
bool core_name__is_long(const char *name)
{
	static const char *const words[] = { "long", "int", "unsigned" };
	unsigned int seen = 0;

	while (*name) {
		size_t length = strcspn(name, " "), i = 0;

		while (i < 3 && (strlen(words[i]) != length || strncmp(name, words[i], length) != 0))
			i++;
		if (i == 3 || seen & 1u << i)
			return false;
		seen |= 1u << i;
		name += length;
		name += *name == ' ';
	}
	return seen & 1;
}

struct core_types core_types__of(const struct type_graph *graph, bool big_endian)
{
	struct core_types types = { .graph = graph, .big_endian = big_endian, .pointer_size = 8 };

	for (uint32_t i = 1; i < graph->type_count; i++) {
		const struct graph_type *type = &graph->types[i];

		if (type->kind == TYPE_INT && (type->size == 4 || type->size == 8) &&
		    core_name__is_long(type_graph__string(graph, type->name))) {
			types.pointer_size = type->size;
			types.long_type = i;
			break;
		}
	}
	return types;
}

static bool is_transparent(uint8_t kind)
{
	return kind == TYPE_TYPEDEF || kind == TYPE_VOLATILE || kind == TYPE_CONST ||
	       kind == TYPE_RESTRICT || kind == TYPE_TAG;
}

const struct graph_type *core_types__strip(const struct core_types *types, uint32_t *id)
{
	for (unsigned int i = 0; i < CORE_CHAIN_MAX; i++) {
		const struct graph_type *type = core_types__at(types, *id);

		if (!is_transparent(type->kind))
			return type;
		*id = type->ref;
	}
	return NULL;
}

int64_t core_types__size(const struct core_types *types, uint32_t id)
{
	uint64_t count = 1, size;

	for (unsigned int i = 0; i < CORE_CHAIN_MAX; i++) {
		const struct graph_type *type = core_types__at(types, id);

		switch (type->kind) {
		case TYPE_INT: case TYPE_STRUCT: case TYPE_UNION: case TYPE_ENUM: case TYPE_ENUM64:
		case TYPE_DATASEC: case TYPE_FLOAT:
			size = type->size;
			break;
		case TYPE_PTR:
			size = types->pointer_size;
			break;
		case TYPE_ARRAY:
			count *= core_types__slots(types, type)->value;
			id = core_types__slots(types, type)->type;
			if (count > UINT32_MAX)
				return -1;
			continue;
		default:
			if (!is_transparent(type->kind) && type->kind != TYPE_VAR &&
			    type->kind != TYPE_DECL_TAG)
				return -1;
			id = type->ref;
			continue;
		}
		return count * size > UINT32_MAX ? -1 : (int64_t)(count * size);
	}
	return -1;
}

uint32_t core_member__bit_offset(const struct graph_type *type, const struct graph_slot *member)
{
	return type->flag ? member->value & 0xffffff : member->value;
}

uint32_t core_member__bit_size(const struct graph_type *type, const struct graph_slot *member)
{
	return type->flag ? member->value >> 24 : 0;
}

size_t core_name__essential(const char *name)
{
	size_t length = strlen(name);

	/* three underscores, no more, between something and something: the last such place */
	for (size_t i = length; i >= 5; i--) {
		const char *at = name + i - 5;

		if (at[0] != '_' && at[1] == '_' && at[2] == '_' && at[3] == '_' && at[4] != '_')
			return i - 4;
	}
	return length;
}

uint32_t core_name__hash(const char *name)
{
	size_t length = core_name__essential(name);
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash ^ hash >> 15;
}

void core_types__look_for(const struct core_types *types, const char *name)
{
	if (types->looks)
		core_looks__for(types->looks, core_name__hash(name));
}

bool core_names__agree(const char *a, const char *b)
{
	size_t length = core_name__essential(a);

	return length == core_name__essential(b) && memcmp(a, b, length) == 0;
}
