/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One kernel's types, to be changed and written again as BTF. Little endian alone, and no
 * checks to speak of: what is read was made by an encoder.
 *
 * A type that went stays in its place, marked: IDs hold while types are changed, and are given
 * anew in what is written. Strings only ever come.
 */
#ifndef SIBLINGS_KERNEL_H
#define SIBLINGS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
	KIND_INT = 1, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM, KIND_FWD,
	KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_FUNC, KIND_FUNC_PROTO,
	KIND_VAR, KIND_DATASEC, KIND_FLOAT, KIND_DECL_TAG, KIND_TYPE_TAG, KIND_ENUM64
};

struct slot {
	uint32_t name, type; /* of an enumerator: low or only half, high half */
	uint32_t value;      /* offset; of an array: its length */
};

struct type {
	uint32_t name;
	uint32_t size; /* or the type that it refers to */
	uint32_t extra;
	struct slot *slots;
	uint32_t count; /* of slots; of a function: its linkage */
	uint8_t kind;
	bool flag, gone;
	bool kept; /* nothing refers to it, from the beginning */
};

struct kernel {
	struct type *types; /* 0: void */
	uint32_t count, room;
	char *text;
	uint32_t text_size, text_room;
	uint32_t *known; /* a hash table of strings, by where they begin in text */
	uint32_t known_room, known_count;
};

void kernel__read(struct kernel *kernel, const char *path);
void kernel__free(struct kernel *kernel);
/* Types without a name that nothing refers to any more are left out. */
void kernel__write(const struct kernel *kernel, const char *path);

const char *kernel__text(const struct kernel *kernel, uint32_t name);
/* Adds it where it is none yet. */
uint32_t kernel__string(struct kernel *kernel, const char *text);
bool kernel__knows(const struct kernel *kernel, const char *text);

/* A type of `count` slots, or with what only its kind gives a meaning; its number. */
uint32_t kernel__add(struct kernel *kernel, struct type type);
/* For as many slots, those that are not there yet being zero. */
void type__make_room(struct type *type, uint32_t slots);
struct slot *slots__copy(const struct slot *slots, uint32_t count, uint32_t room);

/* By what a member of it takes; through typedefs and the like. */
uint32_t kernel__size_of(const struct kernel *kernel, uint32_t type);
uint32_t kernel__align_of(const struct kernel *kernel, uint32_t type);
/* What a type is once typedefs, qualifiers and arrays are taken off. */
uint32_t kernel__stripped(const struct kernel *kernel, uint32_t type);

/* By type: how many refer to it. */
uint32_t *kernel__count_uses(const struct kernel *kernel);

static inline bool type__is_record(const struct type *type)
{
	return type->kind == KIND_STRUCT || type->kind == KIND_UNION;
}

#endif
