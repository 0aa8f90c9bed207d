/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What differs between the types of two BTF blobs, A and B, whatever their type IDs.
 *
 * Types are known by kind and name, and compared by what they say of themselves (type_shape.h);
 * what they refer to counts by its name, so a change inside of it is its own and nobody else's.
 * Copies are one. Where a kind and name has several different types, those that are in both go
 * first, and the others are paired by the members they share.
 *
 * Not compared: declaration tags, and where variables lie in their sections, which changes with
 * every build. A forward declaration beside a definition says nothing more.
 */
#ifndef BTFGEN_DIFFERENCE_H
#define BTFGEN_DIFFERENCE_H

#include "base/error.h"
#include "type_shape.h"
#include "wanted_type.h"

enum change_how {
	CHANGE_ADDED,
	CHANGE_REMOVED,
	CHANGE_DEFINED,    /* only declared in A */
	CHANGE_DECLARED,   /* only declared in B */
	CHANGE_CHANGED,
	CHANGE_RESPELLED,  /* by other typedefs, type tags or signedness of an enum; no more */
};

enum change_class {
	CLASS_STRUCT, CLASS_UNION, CLASS_ENUM, CLASS_TYPEDEF, CLASS_INT, CLASS_FLOAT,
	CLASS_VAR, CLASS_FUNC, CLASS_COUNT
};

/* "struct", ..., as a user names kinds. Static. */
const char *change_class__keyword(enum change_class class);
/* "added", ...: static. */
const char *change_how__name(enum change_how how);

/* Of a member; a or b NULL: not there. They have the same path, unless it was renamed. */
struct member_change {
	const struct shape_member *a, *b;
	bool moved;      /* other offset, or other bits of a bit field */
	bool retyped;
	bool respelled;  /* the same type in other words */
	bool renamed;    /* the same type at the same place under another name */
};

struct enumerator_change {
	const struct shape_enumerator *a, *b; /* NULL: not there; else other values */
};

struct type_change {
	enum change_how how;
	enum change_class class;
	const char *name;           /* "": an unnamed enum or struct that nothing refers to */
	struct type_shape a, b;     /* .text NULL: not there, or only declared */
	size_t a_count, b_count;    /* so many different types of this name there are */
	bool retyped;               /* typedefs, functions, variables, ints: what they are of */
	struct member_change *members;
	struct enumerator_change *enumerators;
	size_t member_count, enumerator_count;
};

struct difference {
	struct type_change *changes; /* by class, then by name */
	size_t count;
	size_t counts[CLASS_COUNT][CHANGE_RESPELLED + 1];
	size_t same[CLASS_COUNT];    /* names that have nothing changed */
	bool *found;                 /* of each wanted type: it is in A or B */
};

/* Of the `wanted_count` wanted types, or of all (0). -EBADMSG (BTF that contradicts itself), -ENOMEM. */
int difference__find(const struct btf *a, const struct btf *b, const struct wanted_type *wanted,
		     size_t wanted_count, struct difference *difference, struct error *err);
void difference__free(struct difference *difference);

/* Fill in what differs between change->a and change->b, both there, and `how`; -ENOMEM. */
int type_change__compare(struct type_change *change);
void type_change__free(struct type_change *change);

#endif
