/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_value.h"

#define INT_SIGNED 1
#define INT_ENCODING(extra) ((extra) >> 24 & 0xf)

/* What of a field the kinds of relocation ask about. */
struct field {
	uint64_t byte_offset;
	uint32_t byte_size, bit_size;
	uint64_t bit_offset;
	bool bits; /* a bitfield */
	uint32_t type;
};

/* The smallest aligned integer that has all bits of a bitfield. */
static const char *load_of_bits(const struct core_types *types, struct field *field)
{
	const struct graph_type *type = core_types__at(types, field->type);

	if (type->kind != TYPE_INT && !core_kind__is_enum(type->kind))
		return "a bitfield of a type that is no integer";
	field->byte_size = type->size;
	if (!field->byte_size || field->byte_size > 16)
		return "a bitfield in an integer of an unknown size";
	for (;;) {
		field->byte_offset = field->bit_offset / 8 / field->byte_size * field->byte_size;
		if (field->bit_offset + field->bit_size - 8 * field->byte_offset <=
		    8 * (uint64_t)field->byte_size)
			return NULL;
		if (field->byte_size >= 8)
			return "no load of 64 bits has the whole bitfield";
		field->byte_size *= 2;
	}
}

/* Of an array one element is read, not all. */
static const char *load_of(const struct core_types *types, uint32_t type, struct core_value *value)
{
	const struct graph_type *at = core_types__strip(types, &type);
	int64_t size;

	for (unsigned int i = 0; at && at->kind == TYPE_ARRAY; i++) {
		type = core_types__slots(types, at)->type;
		at = i < CORE_CHAIN_MAX ? core_types__strip(types, &type) : NULL;
	}
	size = at ? core_types__size(types, type) : -1;
	if (size < 0)
		return "a field whose size is unknown";
	value->size = (uint32_t)size;
	value->type = type;
	return NULL;
}

static const char *of_element(const struct core_types *types, enum core_kind kind,
			      const struct core_place *place, struct core_value *value)
{
	const struct core_step *last = &place->steps[place->step_count - 1];
	int64_t size;

	switch (kind) {
	case CORE_FIELD_OFFSET:
		value->number = place->bit_offset / 8;
		return load_of(types, last->type, value);
	case CORE_FIELD_SIZE:
		size = core_types__size(types, last->type);
		if (size < 0)
			return "an element whose size is unknown";
		value->number = (uint64_t)size;
		return NULL;
	default:
		return "only its offset and size can be had of an element of an array";
	}
}

static const char *find_field(const struct core_types *types, const struct core_place *place,
			      struct field *field)
{
	const struct core_step *last = &place->steps[place->step_count - 1];
	const struct graph_type *owner = core_types__at(types, last->type);
	const struct graph_slot *member = core_types__slots(types, owner) + last->index;
	int64_t size;

	*field = (struct field){ .bit_offset = place->bit_offset, .type = member->type,
				 .bit_size = core_member__bit_size(owner, member) };
	field->bits = field->bit_size > 0;
	if (!core_types__strip(types, &field->type))
		return "types that refer to each other in a circle";
	if (field->bits)
		return load_of_bits(types, field);
	size = core_types__size(types, field->type);
	if (size < 0)
		return "a field whose size is unknown";
	field->byte_size = (uint32_t)size;
	field->byte_offset = place->bit_offset / 8;
	field->bit_size = 8 * field->byte_size;
	return NULL;
}

static bool is_signed(const struct graph_type *type)
{
	return (core_kind__is_enum(type->kind) && type->flag) ||
	       (type->kind == TYPE_INT && INT_ENCODING(type->extra) & INT_SIGNED);
}

/*
 * Bits to shift out to the left, once the field's bytes are in a register. In 32 bits, as
 * libbpf counts: it matters where a field is wider than a register.
 */
static uint32_t left_shift(const struct core_types *types, const struct field *field)
{
	uint32_t before = (uint32_t)(field->bit_offset - 8 * field->byte_offset);

	return types->big_endian ? (8 - field->byte_size) * 8 + before
				 : 64 - (before + field->bit_size);
}

static const char *of_field(const struct core_types *types, enum core_kind kind,
			    const struct core_place *place, struct core_value *value)
{
	const char *why;
	struct field field;

	if (!place->steps[place->step_count - 1].name)
		return of_element(types, kind, place, value);
	why = find_field(types, place, &field);
	if (why)
		return why;
	value->ambiguous = field.bits;
	switch (kind) {
	case CORE_FIELD_OFFSET:
		value->number = field.byte_offset;
		return field.bits ? NULL : load_of(types, field.type, value);
	case CORE_FIELD_SIZE:
		value->number = field.byte_size;
		break;
	case CORE_FIELD_SIGNED:
		value->number = is_signed(core_types__at(types, field.type));
		value->ambiguous = false;
		break;
	case CORE_FIELD_LSHIFT:
		value->number = left_shift(types, &field);
		break;
	default:
		value->number = 64 - field.bit_size;
		value->ambiguous = false;
	}
	return NULL;
}

static const char *of_type(const struct core_types *types, enum core_kind kind,
			   const struct core_place *place, struct core_value *value)
{
	int64_t size;

	switch (kind) {
	case CORE_TYPE_SIZE:
		size = core_types__size(types, place->root);
		if (size < 0)
			return "a type whose size is unknown";
		value->number = (uint64_t)size;
		break;
	case CORE_TYPE_ID_LOCAL:
	case CORE_TYPE_ID_TARGET:
		value->number = place->root;
		/* a linker may have given it another */
		value->ambiguous = true;
		break;
	default:
		value->number = 1;
	}
	return NULL;
}

/* Enumerators of 32 bits are taken for signed, whatever the enumeration says. */
static uint64_t enumerator_of(const struct core_types *types, const struct core_place *place)
{
	const struct core_step *step = &place->steps[0];
	const struct graph_type *type = core_types__at(types, step->type);
	const struct graph_slot *slot = core_types__slots(types, type) + step->index;

	return type->kind == TYPE_ENUM ? (uint64_t)(int64_t)(int32_t)slot->value
				       : (uint64_t)slot->high << 32 | slot->value;
}

const char *core_value__of(const struct core_types *types, enum core_kind kind,
			   const struct core_place *place, struct core_value *value)
{
	*value = (struct core_value){};
	if (kind == CORE_FIELD_EXISTS || kind == CORE_ENUM_EXISTS) {
		value->number = 1;
		return NULL;
	}
	if (core_kind__is_type(kind))
		return of_type(types, kind, place, value);
	if (core_kind__is_field(kind))
		return of_field(types, kind, place, value);
	value->number = enumerator_of(types, place);
	return NULL;
}

static bool is_unsigned_int(const struct graph_type *type)
{
	return type->kind == TYPE_INT && INT_ENCODING(type->extra) != INT_SIGNED;
}

bool core_values__can_resize(const struct core_types *local, const struct core_value *a,
			     const struct core_types *target, const struct core_value *b)
{
	const struct graph_type *x = core_types__at(local, a->type);
	const struct graph_type *y = core_types__at(target, b->type);

	return (x->kind == TYPE_PTR && y->kind == TYPE_PTR) ||
	       (is_unsigned_int(x) && is_unsigned_int(y));
}
