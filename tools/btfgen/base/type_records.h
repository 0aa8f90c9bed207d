/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Types in the making, each distinct one once: what a reader of DWARF finds in thousands of
 * units becomes the few types that BTF has. A record's number stands for it in others; 0 is void.
 *
 * A record refers to others by their numbers, so what it is made of comes before it; then equal
 * records are equal types. Only those that are in a circle are reserved first and filled in
 * later, and stay apart from each other.
 */
#ifndef BTFGEN_TYPE_RECORDS_H
#define BTFGEN_TYPE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member, an element, an enumerator or a parameter. */
struct type_slot {
	uint32_t name;       /* a string's number; 0: none */
	uint32_t type;       /* of all but enumerators */
	uint32_t bit_offset; /* member. Array: number of the index's type */
	uint32_t bit_size;   /* member: of a bitfield, or 0. Array: number of elements */
	int64_t value;       /* enumerator */
};

struct type_record {
	uint32_t kind;       /* BTF_KIND_... */
	uint32_t name;       /* a string's number; 0: none */
	uint32_t size;       /* in bytes */
	uint32_t type;       /* that it refers to */
	uint32_t flags;      /* INT: encoding; ENUM64: 1 if signed; FWD: 1 if of a union */
	uint32_t count;      /* slots */
};

struct type_records;

struct type_records *type_records__new(void);
void type_records__free(struct type_records *records);

/* A string's number; that of "" is 0. -ENOMEM. */
int type_records__string(struct type_records *records, const char *text, uint32_t *number);
/* The number of an equal record, or of this as a new one. -ENOMEM, -E2BIG. */
int type_records__add(struct type_records *records, const struct type_record *record,
		      const struct type_slot *slots, uint32_t *number);
/* A number for a record that type_records__fill() brings. -ENOMEM, -E2BIG. */
int type_records__reserve(struct type_records *records, uint32_t *number);
/* -ENOMEM. */
int type_records__fill(struct type_records *records, uint32_t number,
		       const struct type_record *record, const struct type_slot *slots);

/* Those of `more` that are not there yet, behind what is there. -ENOMEM, -E2BIG. */
int type_records__append(struct type_records *records, const struct type_records *more);

/*
 * As raw BTF, malloc'ed, in canonical order, with equal types made one: whatever the order in
 * which they were added, the bytes are the same. All that was reserved is filled in. A declaration
 * (FWD, or an enumeration without values) becomes what defines it, unless definitions of its name
 * differ. -ENOMEM, -E2BIG, -EINVAL: types without a name nest too deep.
 */
int type_records__write(const struct type_records *records, bool big_endian, void **btf,
			size_t *size);

#endif
