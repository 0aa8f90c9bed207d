/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_reduction.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/*
 * Why a type stays, which decides what stays with it. A type may stay for several reasons,
 * and is followed once for each.
 */
enum mark {
	MARK_PLAIN = 1,    /* what it is made of, but nothing that pointers lead to */
	MARK_POINTED = 2,  /* that, too */
	MARK_MEMBERS = 4,  /* and members of structs */
	MARK_BEHIND = 8    /* the same, but a pointer was on the way: not those of structs */
};

int core_reduction__init(struct core_reduction *reduction, const struct core_target *target)
{
	const struct type_graph *graph = target->types.graph;

	*reduction = (struct core_reduction){
		.target = target,
		.marks = calloc(graph->type_count, 1),
		.members = calloc(graph->slot_count + 1, 1),
	};
	if (reduction->marks && reduction->members)
		return 0;
	core_reduction__free(reduction);
	return -ENOMEM;
}

void core_reduction__free(struct core_reduction *reduction)
{
	free(reduction->marks);
	free(reduction->members);
	numbers__free(&reduction->todo);
	*reduction = (struct core_reduction){};
}

/* ---- marking ----------------------------------------------------------------------------------- */

/* Unless it was done. */
static int mark(struct core_reduction *reduction, uint32_t type, uint8_t mark)
{
	if (!type || reduction->marks[type] & mark)
		return 0;
	reduction->marks[type] |= mark;
	return numbers__append(&reduction->todo, (const uint32_t []){ type, mark }, 2);
}

static int mark_slots(struct core_reduction *reduction, const struct graph_type *type, uint8_t how)
{
	const struct graph_slot *slots = core_types__slots(&reduction->target->types, type);
	int err = 0;

	for (uint32_t i = 0; !err && i < type->count; i++) {
		reduction->members[type->first + i] = 1;
		err = mark(reduction, slots[i].type, how);
	}
	return err;
}

static int follow(struct core_reduction *reduction, uint32_t id, uint8_t how)
{
	const struct graph_type *type = core_types__at(&reduction->target->types, id);
	/* behind a pointer, arrays and functions begin anew */
	uint8_t inner = how == MARK_BEHIND ? MARK_MEMBERS : how;
	int err;

	switch (type->kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		return how == MARK_MEMBERS ? mark_slots(reduction, type, how) : 0;
	case TYPE_PTR:
		return how == MARK_PLAIN ? 0 :
		       mark(reduction, type->ref, how == MARK_POINTED ? how : MARK_BEHIND);
	case TYPE_ARRAY:
		return mark_slots(reduction, type, inner);
	case TYPE_FUNC_PROTO:
		err = mark(reduction, type->ref, inner);
		return err ? err : mark_slots(reduction, type, inner);
	default:
		return mark(reduction, type->ref, how);
	}
}

static int mark_all(struct core_reduction *reduction, uint32_t type, uint8_t how)
{
	struct numbers *todo = &reduction->todo;
	int err = mark(reduction, type, how);

	while (!err && todo->count) {
		todo->count -= 2;
		err = follow(reduction, todo->items[todo->count],
			     (uint8_t)todo->items[todo->count + 1]);
	}
	return err;
}

/* The way from the type to the field, as it was found. */
static int mark_field(struct core_reduction *reduction, uint32_t id, const uint32_t *path,
		      uint32_t path_count)
{
	const struct core_types *types = &reduction->target->types;
	int err = mark_all(reduction, id, MARK_PLAIN);

	for (uint32_t i = 1; !err && i < path_count; i++) {
		const struct graph_type *type = core_types__strip(types, &id);
		uint32_t slot = type->first + (core_kind__is_composite(type->kind) ? path[i] : 0);

		id = types->graph->slots[slot].type;
		if (!core_kind__is_composite(type->kind))
			continue;
		reduction->members[slot] = 1;
		err = mark_all(reduction, id, MARK_PLAIN);
	}
	return err;
}

static int mark_found(struct core_reduction *reduction, enum core_kind kind, uint32_t type,
		      const struct numbers *paths, uint32_t path, uint32_t path_count)
{
	/* where nothing asks for a field there may be no paths at all */
	if (core_kind__is_field(kind))
		return mark_field(reduction, type, paths->items + path, path_count);
	return mark_all(reduction, type, kind == CORE_TYPE_MATCHES ? MARK_MEMBERS :
					 core_kind__is_type(kind) ? MARK_POINTED : MARK_PLAIN);
}

int core_reduction__add(struct core_reduction *reduction, const struct core_object *object,
			const struct core_results *results)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < results->count; i++) {
		const struct core_result *result = &results->items[i];

		if (result->outcome == CORE_FOUND && result->type)
			err = mark_found(reduction, object->specs[i].kind, result->type,
					 &results->paths, result->path, result->path_count);
	}
	return err;
}

int core_reduction__add_twins(struct core_reduction *reduction, const struct core_object *object,
			      const struct core_results *results)
{
	int err = mark_all(reduction, reduction->target->types.long_type, MARK_PLAIN);

	for (uint32_t i = 0; !err && i < results->twin_count; i++) {
		const struct core_twin *twin = &results->twins[i];

		err = mark_found(reduction, object->specs[twin->spec].kind, twin->type,
				 &results->paths, twin->path, twin->path_count);
	}
	return err;
}

/* ---- writing ------------------------------------------------------------------------------------- */

/* New IDs by old ones, and room for what stays. */
static int number_types(const struct core_reduction *reduction, uint32_t *ids,
			struct type_graph *graph)
{
	const struct type_graph *old = reduction->target->types.graph;
	size_t slots = 0;

	graph->type_count = 1;
	for (uint32_t i = 1; i < old->type_count; i++)
		if (reduction->marks[i]) {
			ids[i] = graph->type_count++;
			slots += old->types[i].count;
		}
	graph->types = calloc(graph->type_count, sizeof(*graph->types));
	graph->slots = malloc((slots + 1) * sizeof(*graph->slots));
	return graph->types && graph->slots ? 0 : -ENOMEM;
}

/* Offsets above this have no room for the size of a bitfield beside them. */
#define BIT_OFFSET_MAX 0xffffff

/* Whether it is a bitfield, or one of the past form, whose type tells its bits. */
static bool is_bitfield(const struct graph_type *type, const struct graph_slot *member)
{
	return core_member__bit_size(type, member) || core_member__bit_offset(type, member) % 8;
}

/* A struct's offsets share their words with sizes of bitfields only where it has some. */
static void copy_members(const struct core_reduction *reduction, const struct graph_type *type,
			 struct graph_type *copy, struct type_graph *graph)
{
	const struct graph_slot *slots = core_types__slots(&reduction->target->types, type);

	bool fits = true;

	copy->count = 0;
	copy->flag = false;
	for (uint32_t i = 0; i < type->count; i++) {
		if (!reduction->members[type->first + i])
			continue;
		graph->slots[graph->slot_count++] = slots[i];
		copy->count++;
		copy->flag |= is_bitfield(type, &slots[i]);
		fits &= core_member__bit_offset(type, &slots[i]) <= BIT_OFFSET_MAX;
	}
	copy->flag &= fits;
}

static void copy_type(const struct core_reduction *reduction, const struct graph_type *type,
		      const uint32_t *ids, struct type_graph *graph)
{
	const struct graph_slot *slots = core_types__slots(&reduction->target->types, type);
	struct graph_type *copy = &graph->types[graph->type_count++];

	*copy = *type;
	copy->first = (uint32_t)graph->slot_count;
	copy->ref = ids[type->ref];
	if (core_kind__is_composite(type->kind))
		copy_members(reduction, type, copy, graph);
	else
		for (uint32_t i = 0; i < type->count; i++)
			graph->slots[graph->slot_count++] = slots[i];
	for (uint32_t i = 0; i < copy->count; i++) {
		struct graph_slot *slot = &graph->slots[copy->first + i];

		slot->type = ids[slot->type];
	}
}

int core_reduction__write(const struct core_reduction *reduction, void **data, size_t *size)
{
	const struct type_graph *old = reduction->target->types.graph;
	_cleanup_free_ uint32_t *ids = calloc(old->type_count, sizeof(*ids));
	struct type_graph graph = { .text = old->text, .strings = old->strings,
				    .string_count = old->string_count };
	int err = ids ? number_types(reduction, ids, &graph) : -ENOMEM;

	if (!err) {
		graph.type_count = 1;
		for (uint32_t i = 1; i < old->type_count; i++)
			if (reduction->marks[i])
				copy_type(reduction, &old->types[i], ids, &graph);
		err = type_graph__write(&graph, data, size);
	}
	free(graph.types);
	free(graph.slots);
	return err;
}
