/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one DIE says of itself. Where -EBADMSG is returned the unit is damaged, and *why has words
 * that are static, or libdw's.
 */
#ifndef BTFGEN_DWARF_DIE_H
#define BTFGEN_DWARF_DIE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/type_records.h"

/* Whether it has such an attribute, and that is a number. */
bool dwarf_die__number(Dwarf_Die *die, unsigned int name, uint64_t *number);
uint64_t dwarf_die__number_or_0(Dwarf_Die *die, unsigned int name);
/* A flag, which is no number to libdw. */
bool dwarf_die__is_declaration(Dwarf_Die *die);
/* NULL: it has none. */
const char *dwarf_die__name(Dwarf_Die *die);
/*
 * 1: it refers to a type; 0: to none, which is void. Whether that is _Atomic does not count, and
 * of a declaration that names a type unit it is what that defines.
 */
int dwarf_die__type(const char **why, Dwarf_Die *die, Dwarf_Die *type);

/* To the first child, or from one to the next; 1: there is none. Never back: DW_AT_sibling may lie. */
int dwarf_die__first(const char **why, Dwarf_Die *die, Dwarf_Die *child);
int dwarf_die__next(const char **why, Dwarf_Die *die);

/*
 * Elements in each dimension of an array, from the outermost; without a bound 0. -EBADMSG too
 * where there are more than DWARF_DIMENSIONS_MAX.
 */
#define DWARF_DIMENSIONS_MAX 16
int dwarf_die__dimensions(const char **why, Dwarf_Die *die, uint32_t sizes[DWARF_DIMENSIONS_MAX],
			  unsigned int *count);

/* -ENOTSUP, and words for it: a unit's types are in another file (DW_UT_skeleton). */
int dwarf_die__explain_split(const char *name, struct error *err);

/* Where a member is, and its bits if it is a bitfield, into `slot`; 1: nowhere, as a static one. */
int dwarf_die__place(const char **why, Dwarf_Die *die, bool in_union, bool big_endian,
		     struct type_slot *slot);

#endif
