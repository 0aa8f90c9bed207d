/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What one CO-RE relocation asks for, in terms of the object's own types: a kind, a type,
 * and an access string such as "0:1:2", which is a path into it.
 */
#ifndef ARCHIVE_CORE_SPEC_H
#define ARCHIVE_CORE_SPEC_H

#include "core_types.h"

/* As in .BTF.ext; a kernel's header may have fewer. */
enum core_kind {
	CORE_FIELD_OFFSET, CORE_FIELD_SIZE, CORE_FIELD_EXISTS, CORE_FIELD_SIGNED,
	CORE_FIELD_LSHIFT, CORE_FIELD_RSHIFT, CORE_TYPE_ID_LOCAL, CORE_TYPE_ID_TARGET,
	CORE_TYPE_EXISTS, CORE_TYPE_SIZE, CORE_ENUM_EXISTS, CORE_ENUM_VALUE, CORE_TYPE_MATCHES,
	CORE_KIND_END
};

/* "field_exists"; "?" for what is none. Static. */
const char *core_kind__name(enum core_kind kind);
bool core_kind__is_field(enum core_kind kind);
bool core_kind__is_type(enum core_kind kind);
/* Whether it asks if something is there, so that "no" is an answer. */
bool core_kind__is_question(enum core_kind kind);

/* Steps of a path, at most. */
#define CORE_PATH_MAX 64

/* One step that has a meaning: a member with a name, an element of an array, an enumerator. */
struct core_step {
	uint32_t type;    /* what has the member; the element's own type */
	uint32_t index;
	const char *name; /* lent; NULL: an element */
};

/* A place in a type. */
struct core_place {
	uint32_t root;
	uint64_t bit_offset;
	struct core_step steps[CORE_PATH_MAX];
	uint32_t step_count;
	uint32_t path[CORE_PATH_MAX]; /* with members that have no name */
	uint32_t path_count;
};

/* What a relocation comes to on one side. */
struct core_value {
	uint64_t number;
	uint32_t size;    /* offset of what one load reads: its bytes, or 0 */
	uint32_t type;    /* and its type */
	bool ambiguous;   /* compilers differ about it: bitfields */
};

struct core_spec {
	enum core_kind kind;
	const char *access;       /* the access string, lent from the object */
	struct core_place local;
	struct core_value value;  /* there */
	const char *refusal;      /* why no kernel can satisfy it, or NULL. Static. */
};

/*
 * Fills in `local` and `value`, or `refusal`. -EBADMSG: the type has no such place, or the
 * access string is none; *why says what is wrong then.
 */
int core_spec__parse(const struct core_types *types, enum core_kind kind, uint32_t type,
		     const char *access, struct core_spec *spec, const char **why);

/* Whether an array at the end of the steps may have more elements than it tells. */
bool core_place__is_open(const struct core_types *types, const struct core_place *place,
			 const struct graph_slot *array);

#endif
