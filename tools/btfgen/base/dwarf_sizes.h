/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sizes of structs as DWARF defines them, by one pass over the units' top-level DIEs:
 * what an encoder's output is checked against, by another reader than the encoder's.
 * Not supported: structs inside of functions, namespaces or other structs.
 */
#ifndef BTFGEN_DWARF_SIZES_H
#define BTFGEN_DWARF_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One name may have several sizes: units are free to define it differently. */
#define DWARF_SIZES_MAX 8

struct dwarf_size {
	const char *name;                 /* in: the struct's name, without "struct" */
	uint64_t sizes[DWARF_SIZES_MAX];  /* out: distinct, in order of appearance */
	size_t count;                     /* out: 0 if no unit defines it */
	bool more;                        /* out: there are others, which had no room */
};

/*
 * Fill in `structs` from an ELF file. *is_packed: dwz moved types that units have in common to
 * partial units, which not every reader looks at. Errors: -ENODATA (no DWARF, or no unit in it),
 * -ENOTSUP (split: it is in other files), -EBADMSG (no ELF file, or damaged), -ECANCELED, those
 * of open(2).
 */
int dwarf_sizes__read(const char *path, struct dwarf_size *structs, size_t count,
		      bool *is_packed, struct error *err);

#endif
