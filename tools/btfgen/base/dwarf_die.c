/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/dwarf_die.h"

#include <dwarf.h>
#include <errno.h>

/* Typedefs and the like in a row. */
#define CHAIN_MAX 128

static int damaged(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

bool dwarf_die__number(Dwarf_Die *die, unsigned int name, uint64_t *number)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &value))
		return false;
	*number = value;
	return true;
}

uint64_t dwarf_die__number_or_0(Dwarf_Die *die, unsigned int name)
{
	uint64_t number = 0;

	dwarf_die__number(die, name, &number);
	return number;
}

bool dwarf_die__is_declaration(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	bool flag = false;

	return dwarf_attr(die, DW_AT_declaration, &attr) && !dwarf_formflag(&attr, &flag) && flag;
}

const char *dwarf_die__name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, DW_AT_name, &attr) ? dwarf_formstring(&attr) : NULL;
}

/* Of what a type unit defines others may have a declaration that names the unit. */
static bool follow(Dwarf_Attribute *attr, Dwarf_Die *type)
{
	Dwarf_Attribute unit;

	if (!dwarf_formref_die(attr, type))
		return false;
	return !dwarf_attr(type, DW_AT_signature, &unit) || dwarf_formref_die(&unit, type);
}

int dwarf_die__type(const char **why, Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Die from = *die;
	Dwarf_Attribute attr;

	for (unsigned int i = 0; i < CHAIN_MAX; i++) {
		if (!dwarf_attr(&from, DW_AT_type, &attr))
			return 0;
		if (!follow(&attr, type))
			return damaged(why, "a reference to a type leads nowhere");
		if (dwarf_tag(type) != DW_TAG_atomic_type)
			return 1;
		from = *type;
	}
	return damaged(why, "types in a circle");
}

int dwarf_die__next(const char **why, Dwarf_Die *die)
{
	const void *before = die->addr;
	int res = dwarf_siblingof(die, die);

	if (res < 0)
		return damaged(why, dwarf_errmsg(-1));
	return res == 0 && die->addr <= before ? damaged(why, "siblings in a circle") : res;
}

int dwarf_die__first(const char **why, Dwarf_Die *die, Dwarf_Die *child)
{
	int res = dwarf_child(die, child);

	return res < 0 ? damaged(why, dwarf_errmsg(-1)) : res;
}

int dwarf_die__explain_split(const char *name, struct error *err)
{
	return error__set(err, ENOTSUP, "%s: its DWARF is in .dwo files beside it (-gsplit-dwarf), "
			  "which nothing here reads; use a build without CONFIG_DEBUG_INFO_SPLIT", name);
}

/* In bytes, of the type of a bitfield, without typedefs and the like; 0: unknown. */
static int size_of_type(const char **why, Dwarf_Die *die, uint64_t *size)
{
	Dwarf_Die type = *die;
	int res;

	for (unsigned int i = 0; i < CHAIN_MAX; i++) {
		Dwarf_Die from = type;

		res = dwarf_die__type(why, &from, &type);
		if (res < 0)
			return res;
		if (res == 0)
			break;
		if (dwarf_die__number(&type, DW_AT_byte_size, size))
			return 0;
	}
	*size = 0;
	return 0;
}

/* DW_AT_data_member_location is a number, or an expression that adds one (DWARF 2). */
static int read_location(const char **why, Dwarf_Attribute *attr, uint64_t *offset)
{
	Dwarf_Word value;
	Dwarf_Op *ops;
	size_t count;

	if (!dwarf_formudata(attr, &value)) {
		*offset = value;
		return 0;
	}
	if (dwarf_getlocation(attr, &ops, &count) || count != 1 || ops->atom != DW_OP_plus_uconst)
		return damaged(why, "a member's place is no constant");
	*offset = ops->number;
	return 0;
}

/*
 * A bitfield that counts from the end of its storage, as DWARF did to version 3: on machines of
 * little endian BTF's place is counted from the other end.
 */
static int read_old_bitfield(const char **why, Dwarf_Die *die, bool big_endian, uint64_t bit_size,
			     uint64_t *bit_offset)
{
	uint64_t storage = 0, from_top = dwarf_die__number_or_0(die, DW_AT_bit_offset);
	int res = 0;

	if (!dwarf_die__number(die, DW_AT_byte_size, &storage))
		res = size_of_type(why, die, &storage);
	if (res || !storage)
		return res;
	*bit_offset += big_endian ? from_top : 8 * storage - from_top - bit_size;
	return 0;
}

int dwarf_die__place(const char **why, Dwarf_Die *die, bool in_union, bool big_endian,
		     struct type_slot *slot)
{
	uint64_t bit_offset = 0, bit_size = dwarf_die__number_or_0(die, DW_AT_bit_size), bytes = 0;
	Dwarf_Attribute attr;
	int res = 0;

	if (!dwarf_die__number(die, DW_AT_data_bit_offset, &bit_offset)) {
		if (dwarf_attr(die, DW_AT_data_member_location, &attr))
			res = read_location(why, &attr, &bytes);
		else if (!in_union)
			return 1;
		if (bytes > UINT32_MAX)
			return damaged(why, "a member beyond 512 MiB");
		bit_offset = 8 * bytes;
		if (!res && bit_size)
			res = read_old_bitfield(why, die, big_endian, bit_size, &bit_offset);
	}
	if (!res && (bit_offset > UINT32_MAX || bit_size > 255 ||
		     (bit_size && bit_offset > 0xffffff)))
		return damaged(why, "a member beyond 512 MiB, or a bitfield beyond 2 MiB");
	slot->bit_offset = (uint32_t)bit_offset;
	slot->bit_size = (uint32_t)bit_size;
	return res;
}

int dwarf_die__dimensions(const char **why, Dwarf_Die *die, uint32_t sizes[DWARF_DIMENSIONS_MAX],
			  unsigned int *count)
{
	Dwarf_Die child;
	int res = dwarf_die__first(why, die, &child);

	*count = 0;
	for (; res == 0; res = dwarf_die__next(why, &child)) {
		uint64_t last, size = 0;

		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (*count == DWARF_DIMENSIONS_MAX)
			return damaged(why, "an array of more than 16 dimensions");
		if (dwarf_die__number(&child, DW_AT_upper_bound, &last))
			size = last + 1;
		else
			dwarf_die__number(&child, DW_AT_count, &size);
		sizes[(*count)++] = (uint32_t)size;
	}
	return res < 0 ? res : 0;
}
