/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The wanted types of one unit after the other, as records. See dwarf_types.h. */
#ifndef BTFGEN_DWARF_UNIT_H
#define BTFGEN_DWARF_UNIT_H

#include <elfutils/libdw.h>
#include <kbtf_core.h>

#include "base/type_records.h"

struct dwarf_unit_opts {
	const struct kbtf_minimizer *wanted;
	const char *also; /* as in dwarf_types.h */
	bool enum64, nested_arrays, big_endian;
};

struct dwarf_unit_reader;

/* NULL: no memory. `records` is the caller's. */
struct dwarf_unit_reader *dwarf_unit_reader__new(const struct dwarf_unit_opts *opts,
						 struct type_records *records);
void dwarf_unit_reader__free(struct dwarf_unit_reader *reader);

/*
 * Add a unit's. Units of one reader are of one libdw handle and its alternate file. -EBADMSG
 * (damaged; dwarf_unit_reader__why() says how), -E2BIG, -ENOMEM.
 */
int dwarf_unit_reader__read(struct dwarf_unit_reader *reader, Dwarf_Die *unit);
/* Static, or libdw's. */
const char *dwarf_unit_reader__why(const struct dwarf_unit_reader *reader);

#endif
