/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A BTF type where another mentions it, as C writes it: "const char *", "int (*)(struct a *)". */
#ifndef BTFGEN_TYPE_TEXT_H
#define BTFGEN_TYPE_TEXT_H

#include <bpf/btf.h>
#include <stdbool.h>

#include "base/buf.h"

enum type_text {
	/* Unnamed structs, unions and enums with all that is in them, else "struct { ... }". */
	TYPE_TEXT_BODIES = 1,
	/* Typedefs as what they stand for, and no type tags: what can't be told apart by its use. */
	TYPE_TEXT_RESOLVED = 2,
	/* Parameters of functions with their names, which are no part of a type. */
	TYPE_TEXT_PARAM_NAMES = 4,
};

/*
 * Append the declaration of `name` ("": none) as of type `id`. A definition and a forward
 * declaration of one name read the same. Of BTF that contradicts itself the text is cut.
 */
void type_text__add(struct buf *out, const struct btf *btf, __u32 id, const char *name, int how);
/* What a type is called, "" without a name. */
const char *type_text__name(const struct btf *btf, const struct btf_type *type);
/* The type behind const, volatile, restrict and type tags; NULL: void, or a chain without end. */
const struct btf_type *type_text__unqualified(const struct btf *btf, __u32 id);

#endif
