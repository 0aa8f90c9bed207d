/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/dwarf_unit.h"

#include <dwarf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/dwarf_die.h"
#include "base/pointer_table.h"

/* No type of C nests as deep. */
#define DEPTH_MAX 200
#define FIRST_SLOTS 256
/* What a name is wanted as, beside the kinds of types: bits of BTF kinds that have no name. */
#define AS_MEMBER (1u << BTF_KIND_PTR)
#define WHOLE (1u << BTF_KIND_ARRAY)
#define FOLLOWED (1u << BTF_KIND_CONST)
#define COMPOSITES (1u << BTF_KIND_STRUCT | 1u << BTF_KIND_UNION)

/* How a type is reached decides what is told of it. */
enum context {
	PLAIN,   /* for its place and size: what pointers lead to is void */
	FOLLOWING, /* what they lead to is told, with structs as ever */
	MATCHING, /* by value, from a struct that must match: those without a name have all members */
	BEHIND,  /* and a pointer was on the way: not those, but arrays and functions begin anew */
	CONTEXT_COUNT
};

struct dwarf_unit_reader {
	struct dwarf_unit_opts opts;
	struct type_records *records;
	/* by address of the string, which the linker made one of: what it is wanted as, and more */
	struct pointer_table names;
	/* by address of the DIE, of this unit: number of its record plus 1, or OPEN and its depth */
	struct pointer_table types[CONTEXT_COUNT];
	/* what is being read, by depth: what comes back to one of them is in a circle */
	struct open_type {
		uint32_t indirections, composites; /* that led to it */
		uint32_t number;                   /* if something did come back; else 0 */
	} open[DEPTH_MAX];
	struct type_slot *slots; /* of those that are being read, one behind the other */
	uint32_t slot_count, slot_room;
	uint32_t index_type;     /* of arrays */
	uint32_t depth, indirections, composites; /* of what is being read */
	const char *why;
};

#define OPEN (UINT32_MAX - DEPTH_MAX)

static int damaged(struct dwarf_unit_reader *reader, const char *why)
{
	reader->why = why;
	return -EBADMSG;
}

/* ---- what is wanted -------------------------------------------------------------------------------- */

static uint32_t wanted_as(const struct dwarf_unit_reader *reader, const char *name)
{
	struct kbtf_wants wants;

	kbtf_minimizer__wants(reader->opts.wanted, name, &wants);
	if (reader->opts.also && strcmp(name, reader->opts.also) == 0)
		wants.candidates |= 1u << BTF_KIND_STRUCT;
	/* what is declared alone: whether it is, and no more, is known by its definitions */
	if (wants.candidates & 1u << BTF_KIND_FWD)
		wants.candidates |= COMPOSITES;
	return wants.candidates | (wants.as_member ? AS_MEMBER : 0) | (wants.whole ? WHOLE : 0) |
	       (wants.followed ? FOLLOWED : 0);
}

/* Bits of kinds, and the above; *wanted 0: as nothing. */
static int look_up(struct dwarf_unit_reader *reader, const char *name, uint32_t *wanted)
{
	uint32_t *value;

	*wanted = 0;
	if (!name)
		return 0;
	value = pointer_table__at(&reader->names, name);
	if (!value)
		return -ENOMEM;
	if (!*value)
		*value = 1 + wanted_as(reader, name);
	*wanted = *value - 1;
	return 0;
}

static uint32_t kinds_of(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:       return 1u << BTF_KIND_STRUCT;
	case DW_TAG_union_type:       return 1u << BTF_KIND_UNION;
	case DW_TAG_enumeration_type: return 1u << BTF_KIND_ENUM | 1u << BTF_KIND_ENUM64;
	case DW_TAG_typedef:          return 1u << BTF_KIND_TYPEDEF;
	case DW_TAG_base_type:        return 1u << BTF_KIND_INT | 1u << BTF_KIND_FLOAT;
	default:                      return 0;
	}
}

/* ---- records ---------------------------------------------------------------------------------------- */

static int read_type(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
		     uint32_t *number);

/* Of what a DIE refers to. */
static int read_referred(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
			 uint32_t *number)
{
	Dwarf_Die type;
	int res = dwarf_die__type(&reader->why, die, &type);

	*number = 0;
	return res > 0 ? read_type(reader, &type, context, number) : res;
}

static int remember(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
		    uint32_t number)
{
	uint32_t *memo = pointer_table__at(&reader->types[context], die->addr);

	if (!memo)
		return -ENOMEM;
	*memo = number + 1;
	return 0;
}

static int push_slot(struct dwarf_unit_reader *reader, const struct type_slot *slot)
{
	struct type_slot *grown;

	if (reader->slot_count == reader->slot_room) {
		uint32_t room = 2 * reader->slot_room;

		grown = room ? reallocarray(reader->slots, room, sizeof(*grown)) : NULL;
		if (!grown)
			return -ENOMEM;
		reader->slots = grown;
		reader->slot_room = room;
	}
	reader->slots[reader->slot_count++] = *slot;
	return 0;
}

static int set_name(struct dwarf_unit_reader *reader, const char *name, uint32_t *string)
{
	return type_records__string(reader->records, name ? name : "", string);
}

/* The record of the innermost type that is being read, which others may have a number of. */
static int add_record(struct dwarf_unit_reader *reader, const struct type_record *record,
		      const struct type_slot *slots, uint32_t *number)
{
	const struct open_type *open = &reader->open[reader->depth - 1];

	*number = open->number;
	return open->number ? type_records__fill(reader->records, open->number, record, slots) :
			      type_records__add(reader->records, record, slots, number);
}

/*
 * What leads to a type that is being read: a number for what will be its record. In C there is
 * a pointer in each circle, and a struct or a union.
 */
static int close_circle(struct dwarf_unit_reader *reader, struct open_type *open, uint32_t *number)
{
	int err = 0;

	if (open->indirections == reader->indirections || open->composites == reader->composites)
		return damaged(reader, "a type that contains itself");
	if (!open->number)
		err = type_records__reserve(reader->records, &open->number);
	*number = open->number;
	return err;
}

/*
 * Integers have the signs and sizes that DWARF tells; what has no size of a power of 2 is an
 * expression's temporary and no type, which is given 4 bytes and a name of its own. Types that
 * BTF can't tell of are void.
 */
static int read_base(struct dwarf_unit_reader *reader, Dwarf_Die *die, uint32_t *number)
{
	uint64_t encoding = dwarf_die__number_or_0(die, DW_AT_encoding);
	uint64_t size = dwarf_die__number_or_0(die, DW_AT_byte_size);
	bool is_odd = !size || size & (size - 1) || size > 16;
	struct type_record record = { .kind = BTF_KIND_INT, .size = is_odd ? 4 : (uint32_t)size };
	int err;

	if (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char)
		record.flags = BTF_INT_SIGNED;
	else if (encoding == DW_ATE_boolean)
		record.flags = BTF_INT_BOOL;
	else if (encoding == DW_ATE_float)
		record.kind = BTF_KIND_FLOAT;
	else if (encoding == DW_ATE_complex_float || encoding == DW_ATE_imaginary_float)
		return 0;
	if (record.kind == BTF_KIND_FLOAT && (is_odd || size == 1))
		return 0;
	err = set_name(reader, is_odd ? "__SANITIZED_FAKE_INT__" : dwarf_die__name(die), &record.name);
	return err ? err : add_record(reader, &record, NULL, number);
}

static int read_modifier(struct dwarf_unit_reader *reader, Dwarf_Die *die, uint32_t kind,
			 enum context context, uint32_t *number)
{
	struct type_record record = { .kind = kind };
	int err = read_referred(reader, die, context, &record.type);

	return err ? err : add_record(reader, &record, NULL, number);
}

static int read_typedef(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
			uint32_t *number)
{
	struct type_record record = { .kind = BTF_KIND_TYPEDEF };
	const char *name = dwarf_die__name(die);
	uint32_t wanted;
	int err = look_up(reader, name, &wanted);

	if (wanted & WHOLE)
		context = MATCHING;
	else if (wanted & FOLLOWED && context == PLAIN)
		context = FOLLOWING;
	if (!err)
		err = set_name(reader, name, &record.name);
	if (!err)
		err = read_referred(reader, die, context, &record.type);
	return err ? err : add_record(reader, &record, NULL, number);
}

/* Behind a pointer arrays and functions begin anew, as libbpf has it when types must match. */
static enum context inner_context(enum context context)
{
	return context == BEHIND ? MATCHING : context;
}

/*
 * pahole multiplied dimensions up to 1.31, and so has it the BTF of all kernels of its time and
 * the vmlinux.h of most programs: an array of arrays would fit none of those.
 */
static int read_array(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
		      uint32_t *number)
{
	const struct type_record record = { .kind = BTF_KIND_ARRAY, .count = 1 };
	struct type_slot slot = { .bit_offset = reader->index_type, .bit_size = 1 };
	uint32_t sizes[DWARF_DIMENSIONS_MAX];
	unsigned int count;
	int res = dwarf_die__dimensions(&reader->why, die, sizes, &count);

	if (!res)
		res = read_referred(reader, die, inner_context(context), &slot.type);
	for (; !res && count > 1; count--) {
		if (reader->opts.nested_arrays) {
			slot.bit_size = sizes[count - 1];
			res = type_records__add(reader->records, &record, &slot, &slot.type);
		} else {
			sizes[count - 2] *= sizes[count - 1];
		}
	}
	if (count)
		slot.bit_size = sizes[0];
	return res ? res : add_record(reader, &record, &slot, number);
}

/* ---- members ------------------------------------------------------------------------------------------ */

static int read_member(struct dwarf_unit_reader *reader, Dwarf_Die *die, const char *name,
		       bool in_union, enum context context)
{
	struct type_slot slot = {};
	int res = dwarf_die__place(&reader->why, die, in_union, reader->opts.big_endian, &slot);

	if (res)
		return res < 0 ? res : 0;
	res = set_name(reader, name, &slot.name);
	if (!res)
		res = read_referred(reader, die, context, &slot.type);
	return res ? res : push_slot(reader, &slot);
}

/*
 * Those that are wanted, those without a name, whose members count as the struct's own, and the
 * last, since an array has no fixed end there and nowhere else.
 */
static int read_members(struct dwarf_unit_reader *reader, Dwarf_Die *die, bool whole)
{
	enum context context = whole ? MATCHING : PLAIN;
	bool in_union = dwarf_tag(die) == DW_TAG_union_type, has_last = false;
	Dwarf_Die child, last;
	int res = dwarf_die__first(&reader->why, die, &child), err = 0;

	for (; res == 0; res = dwarf_die__next(&reader->why, &child)) {
		const char *name;
		uint32_t wanted;

		if (dwarf_tag(&child) != DW_TAG_member)
			continue;
		name = dwarf_die__name(&child);
		err = look_up(reader, name, &wanted);
		has_last = !err && name && !whole && !(wanted & AS_MEMBER);
		if (has_last)
			last = child;
		else if (!err)
			err = read_member(reader, &child, name, in_union, context);
		if (err)
			return err;
	}
	if (res > 0 && has_last)
		err = read_member(reader, &last, dwarf_die__name(&last), in_union, PLAIN);
	return res < 0 ? res : err;
}

static int read_composite(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
			  uint32_t *number)
{
	bool is_union = dwarf_tag(die) == DW_TAG_union_type;
	struct type_record record = { .kind = is_union ? BTF_KIND_UNION : BTF_KIND_STRUCT };
	uint32_t first = reader->slot_count, wanted;
	const char *name = dwarf_die__name(die);
	uint64_t size = dwarf_die__number_or_0(die, DW_AT_byte_size);
	int err = look_up(reader, name, &wanted);

	if (!err && size > UINT32_MAX)
		return damaged(reader, "a struct of more than 4 GiB");
	record.size = (uint32_t)size;
	if (!err)
		err = set_name(reader, name, &record.name);
	if (err)
		return err;
	/* of no name there can be no other */
	if (!name && dwarf_die__is_declaration(die))
		return 0;
	if (dwarf_die__is_declaration(die)) {
		record = (struct type_record){ .kind = BTF_KIND_FWD, .name = record.name,
					       .flags = is_union };
		return add_record(reader, &record, NULL, number);
	}
	reader->composites++;
	err = read_members(reader, die, wanted & WHOLE || (!name && context == MATCHING));
	reader->composites--;
	record.count = reader->slot_count - first;
	if (!err)
		err = add_record(reader, &record, reader->slots + first, number);
	reader->slot_count = first;
	return err;
}

static int read_enumerators(struct dwarf_unit_reader *reader, Dwarf_Die *die, bool is_wide)
{
	Dwarf_Die child;
	int res = dwarf_die__first(&reader->why, die, &child);

	for (; res == 0; res = dwarf_die__next(&reader->why, &child)) {
		struct type_slot slot = {};
		int err;

		if (dwarf_tag(&child) != DW_TAG_enumerator)
			continue;
		slot.value = (int64_t)dwarf_die__number_or_0(&child, DW_AT_const_value);
		/* without 64 bits all are told as if they had no sign, as far as they go */
		if (!reader->opts.enum64 || (!is_wide && slot.value != (int32_t)slot.value))
			slot.value = (uint32_t)slot.value;
		err = set_name(reader, dwarf_die__name(&child), &slot.name);
		if (!err)
			err = push_slot(reader, &slot);
		if (err)
			return err;
	}
	return res < 0 ? res : 0;
}

/* What the enumeration's own type says, which compilers have named since 2017. */
static int read_enum_sign(struct dwarf_unit_reader *reader, Dwarf_Die *die, uint32_t *is_signed)
{
	Dwarf_Die type;
	int res = dwarf_die__type(&reader->why, die, &type);
	uint64_t encoding = res > 0 ? dwarf_die__number_or_0(&type, DW_AT_encoding) : 0;

	*is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	return res < 0 ? res : 0;
}

static int read_enum(struct dwarf_unit_reader *reader, Dwarf_Die *die, uint32_t *number)
{
	struct type_record record = { .kind = BTF_KIND_ENUM };
	uint32_t first = reader->slot_count;
	uint64_t size = 4;
	int err = 0;

	dwarf_die__number(die, DW_AT_byte_size, &size);
	if (!size || size & (size - 1) || size > 8)
		return damaged(reader, "an enumeration whose size is none");
	record.size = (uint32_t)size;
	if (size > 4 && reader->opts.enum64) {
		record.kind = BTF_KIND_ENUM64;
		err = read_enum_sign(reader, die, &record.flags);
	}
	if (!err)
		err = read_enumerators(reader, die, record.kind == BTF_KIND_ENUM64);
	record.count = reader->slot_count - first;
	if (!err)
		err = set_name(reader, dwarf_die__name(die), &record.name);
	if (!err)
		err = add_record(reader, &record, reader->slots + first, number);
	reader->slot_count = first;
	return err;
}

/* Parameters of types of functions have no names that count. */
static int read_parameters(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context)
{
	Dwarf_Die child;
	int res = dwarf_die__first(&reader->why, die, &child);

	for (; res == 0; res = dwarf_die__next(&reader->why, &child)) {
		struct type_slot slot = {};
		int tag = dwarf_tag(&child), err = 0;

		if (tag != DW_TAG_formal_parameter && tag != DW_TAG_unspecified_parameters)
			continue;
		if (tag == DW_TAG_formal_parameter)
			err = read_referred(reader, &child, context, &slot.type);
		if (!err)
			err = push_slot(reader, &slot);
		if (err)
			return err;
	}
	return res < 0 ? res : 0;
}

static int read_function(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
			 uint32_t *number)
{
	struct type_record record = { .kind = BTF_KIND_FUNC_PROTO };
	uint32_t first = reader->slot_count;
	int err;

	reader->indirections++;
	err = read_referred(reader, die, inner_context(context), &record.type);
	if (!err)
		err = read_parameters(reader, die, inner_context(context));
	reader->indirections--;
	record.count = reader->slot_count - first;
	if (!err)
		err = add_record(reader, &record, reader->slots + first, number);
	reader->slot_count = first;
	return err;
}

static int read_pointer(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
			uint32_t *number)
{
	struct type_record record = { .kind = BTF_KIND_PTR };
	int err = 0;

	reader->indirections++;
	if (context != PLAIN)
		err = read_referred(reader, die, context == MATCHING ? BEHIND : context,
				    &record.type);
	reader->indirections--;
	return err ? err : add_record(reader, &record, NULL, number);
}

static int read_by_tag(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
		       uint32_t *number)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_base_type:        return read_base(reader, die, number);
	case DW_TAG_const_type:
		return read_modifier(reader, die, BTF_KIND_CONST, context, number);
	case DW_TAG_volatile_type:
		return read_modifier(reader, die, BTF_KIND_VOLATILE, context, number);
	case DW_TAG_restrict_type:
		return read_modifier(reader, die, BTF_KIND_RESTRICT, context, number);
	case DW_TAG_typedef:          return read_typedef(reader, die, context, number);
	case DW_TAG_pointer_type:     return read_pointer(reader, die, context, number);
	case DW_TAG_array_type:       return read_array(reader, die, context, number);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:       return read_composite(reader, die, context, number);
	case DW_TAG_enumeration_type: return read_enum(reader, die, number);
	case DW_TAG_subroutine_type:  return read_function(reader, die, context, number);
	default:                      return 0; /* what BTF can't tell of is void */
	}
}

/* Those with a name are the same however they are reached. */
static enum context context_of(Dwarf_Die *die, enum context context)
{
	return context != PLAIN && kinds_of(dwarf_tag(die)) & COMPOSITES && dwarf_die__name(die) ? PLAIN :
										  context;
}

static int read_type(struct dwarf_unit_reader *reader, Dwarf_Die *die, enum context context,
		     uint32_t *number)
{
	uint32_t *memo;
	int err;

	*number = 0;
	context = context_of(die, context);
	memo = pointer_table__at(&reader->types[context], die->addr);
	if (!memo)
		return -ENOMEM;
	if (*memo >= OPEN)
		return close_circle(reader, &reader->open[*memo - OPEN], number);
	if (*memo) {
		*number = *memo - 1;
		return 0;
	}
	if (reader->depth == DEPTH_MAX)
		return damaged(reader, "types that nest too deep");
	*memo = OPEN + reader->depth;
	reader->open[reader->depth++] = (struct open_type){ reader->indirections,
							     reader->composites, 0 };
	err = read_by_tag(reader, die, context, number);
	reader->depth--;
	return err ? err : remember(reader, die, context, *number);
}

/* ---- units -------------------------------------------------------------------------------------------- */

/* Arrays are indexed by int, whether a unit has it or not. */
static int add_index_type(struct dwarf_unit_reader *reader)
{
	struct type_record record = { .kind = BTF_KIND_INT, .size = 4, .flags = BTF_INT_SIGNED };
	int err = set_name(reader, "int", &record.name);

	return err ? err : type_records__add(reader->records, &record, NULL, &reader->index_type);
}

struct dwarf_unit_reader *dwarf_unit_reader__new(const struct dwarf_unit_opts *opts,
						 struct type_records *records)
{
	struct dwarf_unit_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->opts = *opts;
	reader->records = records;
	reader->why = "";
	reader->slot_room = FIRST_SLOTS;
	reader->slots = calloc(FIRST_SLOTS, sizeof(*reader->slots));
	if (!reader->slots || add_index_type(reader)) {
		dwarf_unit_reader__free(reader);
		return NULL;
	}
	return reader;
}

void dwarf_unit_reader__free(struct dwarf_unit_reader *reader)
{
	if (!reader)
		return;
	pointer_table__free(&reader->names);
	for (int context = 0; context < CONTEXT_COUNT; context++)
		pointer_table__free(&reader->types[context]);
	free(reader->slots);
	free(reader);
}

const char *dwarf_unit_reader__why(const struct dwarf_unit_reader *reader)
{
	return reader->why;
}

static int read_wanted(struct dwarf_unit_reader *reader, Dwarf_Die *die)
{
	uint32_t kinds = kinds_of(dwarf_tag(die)), wanted, number;
	int err = kinds ? look_up(reader, dwarf_die__name(die), &wanted) : 0;

	if (err || !kinds || !(wanted & kinds))
		return err;
	return read_type(reader, die, PLAIN, &number);
}

int dwarf_unit_reader__read(struct dwarf_unit_reader *reader, Dwarf_Die *unit)
{
	Dwarf_Die die;
	int res = dwarf_die__first(&reader->why, unit, &die);

	for (int context = 0; context < CONTEXT_COUNT; context++)
		pointer_table__clear(&reader->types[context]);
	if (dwarf_srclang(unit) == DW_LANG_Rust)
		return 0;
	for (; res == 0; res = dwarf_die__next(&reader->why, &die)) {
		int err = read_wanted(reader, &die);

		if (err)
			return err;
	}
	return res < 0 ? res : 0;
}
