/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A number for each address: open addressing, and empty again at no cost. */
#ifndef BTFGEN_POINTER_TABLE_H
#define BTFGEN_POINTER_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct pointer_table {
	struct pointer_slot {
		const void *key;
		uint32_t value, generation;
	} *slots;
	size_t mask, used;
	uint32_t generation;
};

void pointer_table__free(struct pointer_table *table);
/* The key's number, which is 0 at first; good until the next call. NULL: no memory. */
uint32_t *pointer_table__at(struct pointer_table *table, const void *key);
void pointer_table__clear(struct pointer_table *table);

#endif
