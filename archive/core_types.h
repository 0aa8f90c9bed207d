/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What CO-RE relocation asks of types, the object's or a kernel's. The rules here and in
 * core_match.h and core_value.h are those of libbpf: what it would do to an object is what
 * counts. Where versions of libbpf differ, the newest is followed.
 */
#ifndef ARCHIVE_CORE_TYPES_H
#define ARCHIVE_CORE_TYPES_H

#include "core_looks.h"
#include "type_graph.h"

/* So many references in a row, and no more: no compiler writes such a chain. */
#define CORE_CHAIN_MAX 128

/* One of the two sides that a relocation brings together. */
struct core_types {
	const struct type_graph *graph; /* lent */
	bool big_endian;                /* the machine's that the types are of */
	uint32_t pointer_size;
	uint32_t long_type;             /* that it is known by, or 0 */
	struct core_looks *looks;       /* where what is looked at is noted; or NULL */
};

/* Finds the size of pointers by that of long; 8 where there is no long, as libbpf has it. */
struct core_types core_types__of(const struct type_graph *graph, bool big_endian);

static inline const struct graph_type *core_types__at(const struct core_types *types, uint32_t id)
{
	if (types->looks)
		types->looks->types[id] = 1;
	return &types->graph->types[id];
}

static inline const char *core_types__string(const struct core_types *types, uint32_t string)
{
	return type_graph__string(types->graph, string);
}

static inline const struct graph_slot *core_types__slots(const struct core_types *types,
							 const struct graph_type *type)
{
	return &types->graph->slots[type->first];
}

static inline bool core_kind__is_composite(uint8_t kind)
{
	return kind == TYPE_STRUCT || kind == TYPE_UNION;
}

static inline bool core_kind__is_enum(uint8_t kind)
{
	return kind == TYPE_ENUM || kind == TYPE_ENUM64;
}

/* Both kinds of enumeration count as one. */
static inline bool core_kinds__agree(uint8_t a, uint8_t b)
{
	return a == b || (core_kind__is_enum(a) && core_kind__is_enum(b));
}

/*
 * The type behind typedefs, const and the like, and its ID in *id; void is one. NULL: they
 * refer to each other in a circle.
 */
const struct graph_type *core_types__strip(const struct core_types *types, uint32_t *id);
/* In bytes, up to 4 GiB; -1: it has none. */
int64_t core_types__size(const struct core_types *types, uint32_t id);

/* Of a member: where it begins in its struct, in bits, and its bits if it is a bitfield, or 0. */
uint32_t core_member__bit_offset(const struct graph_type *type, const struct graph_slot *member);
uint32_t core_member__bit_size(const struct graph_type *type, const struct graph_slot *member);

/* Whether it is C's long or unsigned long, which has the size of a pointer. */
bool core_name__is_long(const char *name);

/* For who depends on all types, or on a type's ID. */
static inline void core_types__look_at_all(const struct core_types *types)
{
	if (types->looks)
		types->looks->all = true;
}

/* For who looks for names elsewhere than in core_target__candidate(). */
void core_types__look_for(const struct core_types *types, const char *name);

/* Of a name without its flavour. */
uint32_t core_name__hash(const char *name);
/* The length of a name without its flavour: "task_struct" of "task_struct___old". */
size_t core_name__essential(const char *name);
/* Whether two names are one but for their flavours. */
bool core_names__agree(const char *a, const char *b);

#endif
