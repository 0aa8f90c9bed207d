/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The types of one kernel, read from BTF (Documentation/bpf/btf.rst) of either byte order,
 * and written as BTF in little endian.
 *
 * Kinds INT to ENUM64 are known, others are refused by number. Not supported: split BTF,
 * whose type IDs begin behind its base's.
 */
#ifndef ARCHIVE_TYPE_GRAPH_H
#define ARCHIVE_TYPE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Those that linux/btf.h of an older kernel may lack. */
enum type_kind {
	TYPE_INT = 1, TYPE_PTR, TYPE_ARRAY, TYPE_STRUCT, TYPE_UNION, TYPE_ENUM, TYPE_FWD,
	TYPE_TYPEDEF, TYPE_VOLATILE, TYPE_CONST, TYPE_RESTRICT, TYPE_FUNC, TYPE_FUNC_PROTO,
	TYPE_VAR, TYPE_DATASEC, TYPE_FLOAT, TYPE_DECL_TAG, TYPE_TAG, TYPE_ENUM64,
	TYPE_KIND_END
};

/* A member, parameter, enumerator, variable of a section, or what an array is made of. */
struct graph_slot {
	uint32_t name;
	uint32_t type;  /* 0 where it has none, or void */
	uint32_t value; /* the member's offset, enumerator's value, variable's offset, length */
	uint32_t high;  /* upper half of a 64-bit value, variable's size */
};

struct graph_type {
	uint32_t name;
	uint8_t kind;
	bool flag;
	uint32_t size;  /* in bytes, where `ref` is none */
	uint32_t ref;   /* the type it refers to besides its slots */
	uint32_t extra; /* INT: encoding; FUNC, VAR: linkage; DECL_TAG: component */
	uint32_t first, count; /* slots */
};

/*
 * Type 0 is void. Strings are by ascending bytes, each once; 0 is "". An array's index type
 * is the second of its two slots.
 */
struct type_graph {
	struct graph_type *types;
	uint32_t type_count;
	struct graph_slot *slots;
	size_t slot_count;
	char *text;             /* of the strings, each with its NUL */
	uint32_t *strings;      /* where in it */
	uint32_t string_count;
};

/*
 * A name's bytes at most, with its NUL (the kernel allows 512, but to tags any), and those of
 * all names. Names may overlap in BTF, so that few bytes may hold very many.
 */
#define GRAPH_NAME_MAX 4096
#define GRAPH_TEXT_MAX (256u << 20)

/* What the parser did not like, in words; lent for ever. */
struct type_graph_error {
	const char *what;
	uint32_t type; /* the type at fault, or 0 */
	uint32_t kind; /* the one that is unknown, or 0 */
};

/* -EBADMSG with *error: no BTF, or what contradicts itself; -ENOTSUP: an unknown kind; -ENOMEM. */
int type_graph__parse(const void *data, size_t size, struct type_graph *graph,
		      struct type_graph_error *error);
void type_graph__free(struct type_graph *graph);
/* Of BTF that could be parsed: the byte order of its bytes. */
bool type_graph__is_big_endian(const void *data);

static inline const char *type_graph__string(const struct type_graph *graph, uint32_t string)
{
	return graph->text + graph->strings[string];
}

/* Whether the kind refers to a type besides its slots. */
static inline bool type_kind__has_ref(uint8_t kind)
{
	const uint32_t kinds = 1u << TYPE_PTR | 1u << TYPE_TYPEDEF | 1u << TYPE_VOLATILE |
			       1u << TYPE_CONST | 1u << TYPE_RESTRICT | 1u << TYPE_FUNC |
			       1u << TYPE_FUNC_PROTO | 1u << TYPE_VAR | 1u << TYPE_DECL_TAG |
			       1u << TYPE_TAG;

	return kinds >> kind & 1;
}

/* BTF's words of each slot; 0: the kind has none. What an array is made of is no slot there. */
static inline uint32_t type_kind__slot_words(uint8_t kind)
{
	switch (kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
	case TYPE_DATASEC:
	case TYPE_ENUM64:
		return 3;
	case TYPE_ENUM:
	case TYPE_FUNC_PROTO:
		return 2;
	default:
		return 0;
	}
}

/* Whether what it refers to is not part of it, so that no member's path leads there. */
static inline bool type_kind__is_indirect(uint8_t kind)
{
	return kind == TYPE_PTR || kind == TYPE_FUNC || kind == TYPE_FUNC_PROTO;
}

/* Whether it is a type of its own: others are part of those that refer to them. */
static inline bool graph_type__is_named(const struct graph_type *type)
{
	return type->name && type->kind != TYPE_TAG;
}

/* BTF in little endian, strings in the order of their first use. malloc'ed. -ENOMEM, -E2BIG. */
int type_graph__write(const struct type_graph *graph, void **data, size_t *size);

#endif
