/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a type says of itself, laid out for comparison: the members of a struct or union with
 * those of unnamed structs and unions inside them, each by its path, without the counters of
 * generated names (__UNIQUE_ID_hide12), and its offset in the whole; the enumerators of an enum;
 * else the text of its declaration. A typedef of something unnamed has that thing's members.
 */
#ifndef BTFGEN_TYPE_SHAPE_H
#define BTFGEN_TYPE_SHAPE_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct shape_member {
	char *path;      /* "sk.flags"; "slots[].key" in an array; "" of an unnamed bit field */
	uint64_t offset; /* in bits */
	uint32_t bits;   /* of a bit field, else 0 */
	__u32 type;
	bool is_body;    /* its type is unnamed, and its members follow */
};

struct shape_enumerator {
	const char *name; /* lent from the BTF */
	int64_t value;
};

struct type_shape {
	const struct btf *btf;
	const struct btf_type *type; /* as it was asked for */
	const struct btf_type *body; /* what a typedef of something unnamed is of; else `type` */
	__u32 id;
	struct shape_member *members;
	struct shape_enumerator *enumerators;
	size_t member_count, enumerator_count;
	char *text; /* all of it in one line: equal text, equal shape */
};

/* -E2BIG: unnamed types that contain themselves; -ENOMEM. End with type_shape__free(). */
int type_shape__read(const struct btf *btf, __u32 id, struct type_shape *shape);
void type_shape__free(struct type_shape *shape);

/* Whether it has a size of its own: structs, unions, enums, ints, floats. */
bool type_shape__has_size(const struct type_shape *shape);
/* What it declares, in C, without members: "struct a", "typedef int b", "int f(void)". */
void type_shape__declare(const struct type_shape *shape, struct buf *out);
/* The text of what it is made of besides members and enumerators, in `how` (type_text.h). */
void type_shape__target(const struct type_shape *shape, int how, struct buf *out);
/* The text of a member's type, in `how`; of one whose members follow it has no more than its kind. */
void shape_member__type(const struct type_shape *shape, const struct shape_member *member, int how,
			struct buf *out);

#endif
