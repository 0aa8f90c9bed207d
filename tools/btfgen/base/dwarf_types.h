/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The types that BPF objects may ask for, straight from DWARF 2 to 5: each definition of a wanted
 * name in each unit, with the members that may be asked for, and nothing behind pointers unless
 * an object asks what they lead to. Relocating against it gives what relocating against all of
 * the kernel's types gives.
 *
 * Where DWARF leaves a choice it is made as pahole makes it; the source says where.
 * Not supported: types that are defined inside of functions, namespaces or other types (C has
 * but the first, and no kernel's are asked for); split DWARF; Rust's units are passed over.
 */
#ifndef BTFGEN_DWARF_TYPES_H
#define BTFGEN_DWARF_TYPES_H

#include <kbtf_core.h>
#include <stdbool.h>

#include "base/error.h"

struct dwarf_types_opts {
	const struct kbtf_minimizer *wanted;
	const char *also;     /* a struct that is wanted, too, if only by name; or NULL */
	bool enum64;          /* enumerations of more than 4 bytes as such, else cut to 4 */
	bool nested_arrays;   /* several dimensions as arrays of arrays, else multiplied */
	unsigned int threads; /* 0: 1 */
};

/*
 * Raw BTF, malloc'ed, in the machine's byte order whose file it is. `fd` is an ELF file, `name`
 * its name for messages. Errors: -ENODATA (no DWARF), -ENOENT (dwz moved a part of it to a file
 * that is not there), -ENOTSUP (split: it is in other files), -EBADMSG (no ELF file, or damaged),
 * -E2BIG, -ECANCELED, -ENOMEM.
 */
int dwarf_types__read(int fd, const char *name, const struct dwarf_types_opts *opts, void **btf,
		      size_t *size, struct error *err);

#endif
