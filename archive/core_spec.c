/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_spec.h"

#include <errno.h>
#include <string.h>

#include "core_value.h"

static const char *const kind_names[CORE_KIND_END] = {
	[CORE_FIELD_OFFSET] = "field_offset", [CORE_FIELD_SIZE] = "field_size",
	[CORE_FIELD_EXISTS] = "field_exists", [CORE_FIELD_SIGNED] = "field_signed",
	[CORE_FIELD_LSHIFT] = "field_lshift", [CORE_FIELD_RSHIFT] = "field_rshift",
	[CORE_TYPE_ID_LOCAL] = "type_id_local", [CORE_TYPE_ID_TARGET] = "type_id_target",
	[CORE_TYPE_EXISTS] = "type_exists", [CORE_TYPE_SIZE] = "type_size",
	[CORE_ENUM_EXISTS] = "enum_value_exists", [CORE_ENUM_VALUE] = "enum_value",
	[CORE_TYPE_MATCHES] = "type_matches",
};

const char *core_kind__name(enum core_kind kind)
{
	return (unsigned int)kind < CORE_KIND_END ? kind_names[kind] : "?";
}

bool core_kind__is_field(enum core_kind kind)
{
	return kind <= CORE_FIELD_RSHIFT;
}

bool core_kind__is_type(enum core_kind kind)
{
	return (kind >= CORE_TYPE_ID_LOCAL && kind <= CORE_TYPE_SIZE) || kind == CORE_TYPE_MATCHES;
}

bool core_kind__is_question(enum core_kind kind)
{
	return kind == CORE_FIELD_EXISTS || kind == CORE_TYPE_EXISTS || kind == CORE_ENUM_EXISTS ||
	       kind == CORE_TYPE_MATCHES;
}

/* ---- access strings ------------------------------------------------------------------------ */

/* "0:1:2": numbers, each of them small enough for an index. */
static const char *read_path(const char *access, struct core_place *place)
{
	const char *at = access;

	do {
		uint64_t index = 0;

		if (place->path_count == CORE_PATH_MAX)
			return "an access string of more than 64 steps";
		if (*at < '0' || *at > '9')
			return "an access string that is none";
		for (; *at >= '0' && *at <= '9'; at++) {
			index = 10 * index + (uint64_t)(*at - '0');
			if (index > INT32_MAX)
				return "an access string with an index that is too large";
		}
		place->path[place->path_count++] = (uint32_t)index;
	} while (*at == ':' && *++at);
	return *at || at[-1] == ':' ? "an access string that is none" : NULL;
}

static void add_step(struct core_place *place, uint32_t type, uint32_t index, const char *name)
{
	place->steps[place->step_count++] = (struct core_step){ type, index, name };
}

bool core_place__is_open(const struct core_types *types, const struct core_place *place,
			 const struct graph_slot *array)
{
	const struct core_step *owner = &place->steps[place->step_count - 1];

	/* the last member of a struct, and of no length */
	return owner->name && !array->value &&
	       owner->index + 1 == core_types__at(types, owner->type)->count;
}

static const char *enter_member(const struct core_types *types, struct core_place *place,
				const struct graph_type *type, uint32_t index, uint32_t *id)
{
	const struct graph_slot *member;

	if (index >= type->count)
		return "a member that its type does not have";
	member = core_types__slots(types, type) + index;
	place->bit_offset += core_member__bit_offset(type, member);
	if (member->name)
		add_step(place, *id, index, core_types__string(types, member->name));
	*id = member->type;
	return NULL;
}

static const char *enter_element(const struct core_types *types, struct core_place *place,
				 const struct graph_type *type, uint32_t index, uint32_t *id)
{
	const struct graph_slot *array = core_types__slots(types, type);
	int64_t size;

	if (index >= array->value && !core_place__is_open(types, place, array))
		return "an element beyond its array's end";
	*id = array->type;
	if (!core_types__strip(types, id))
		return "types that refer to each other in a circle";
	size = core_types__size(types, *id);
	if (size < 0)
		return "an element whose size is unknown";
	add_step(place, *id, index, NULL);
	place->bit_offset += 8 * (uint64_t)size * index;
	return NULL;
}

static const char *walk(const struct core_types *types, struct core_place *place, uint32_t id)
{
	int64_t size = core_types__size(types, id);

	if (size < 0)
		return "a type whose size is unknown";
	add_step(place, id, place->path[0], NULL);
	place->bit_offset = 8 * (uint64_t)size * place->path[0];
	for (uint32_t i = 1; i < place->path_count; i++) {
		const struct graph_type *type = core_types__strip(types, &id);
		const char *why = !type ? "types that refer to each other in a circle" :
			core_kind__is_composite(type->kind) ?
				enter_member(types, place, type, place->path[i], &id) :
			type->kind == TYPE_ARRAY ?
				enter_element(types, place, type, place->path[i], &id) :
			"an access string that goes on where there are no members";

		if (why)
			return why;
		if (place->bit_offset > UINT32_MAX)
			return "a place beyond 512 MiB";
	}
	return place->bit_offset > UINT32_MAX ? "a place beyond 512 MiB" : NULL;
}

static const char *find_enumerator(const struct core_types *types, struct core_place *place,
				   uint32_t id)
{
	const struct graph_type *type = core_types__at(types, id);
	uint32_t index = place->path[0];

	if (!core_kind__is_enum(type->kind) || place->path_count > 1 || index >= type->count)
		return "an enumerator that its type does not have";
	add_step(place, id, index,
		 core_types__string(types, core_types__slots(types, type)[index].name));
	return NULL;
}

static const char *find_place(const struct core_types *types, enum core_kind kind,
			      struct core_place *place, const char *access)
{
	const char *why = read_path(access, place);
	uint32_t id = place->root;

	if (why)
		return why;
	if (core_kind__is_type(kind)) {
		if (strcmp(access, "0") != 0)
			return "an access string for a type as a whole";
		place->path_count = 0;
		return NULL;
	}
	if (!core_types__strip(types, &id))
		return "types that refer to each other in a circle";
	return core_kind__is_field(kind) ? walk(types, place, id)
					 : find_enumerator(types, place, id);
}

int core_spec__parse(const struct core_types *types, enum core_kind kind, uint32_t type,
		     const char *access, struct core_spec *spec, const char **why)
{
	*spec = (struct core_spec){ .kind = kind, .access = access, .local.root = type };
	*why = (unsigned int)kind >= CORE_KIND_END ? "a relocation of an unknown kind" :
	       type >= types->graph->type_count ? "a type that is not there" :
	       find_place(types, kind, &spec->local, access);
	if (*why)
		return -EBADMSG;
	spec->refusal = core_value__of(types, kind, &spec->local, &spec->value);
	if (!spec->refusal && kind != CORE_TYPE_ID_LOCAL && !core_types__at(types, type)->name)
		spec->refusal = "a type without a name can't be looked for";
	return 0;
}
