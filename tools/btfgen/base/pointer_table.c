/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/pointer_table.h"

#include <stdbool.h>
#include <stdlib.h>

void pointer_table__free(struct pointer_table *table)
{
	free(table->slots);
	*table = (struct pointer_table){};
}

void pointer_table__clear(struct pointer_table *table)
{
	table->used = 0;
	/* once in 4 billion times the old numbers would be valid again */
	if (++table->generation == 0)
		pointer_table__free(table);
}

/* The slot of the key, or the one where it would be put: stale ones are empty. */
static struct pointer_slot *find(const struct pointer_table *table, const void *key)
{
	size_t at = (size_t)(((uintptr_t)key * 0x9e3779b97f4a7c15u) >> 32) & table->mask;

	while (table->slots[at].key && table->slots[at].generation == table->generation &&
	       table->slots[at].key != key)
		at = (at + 1) & table->mask;
	return &table->slots[at];
}

static bool grow(struct pointer_table *table)
{
	struct pointer_table larger = {
		.mask = table->slots ? 2 * table->mask + 1 : 1023,
		.used = table->used,
		.generation = table->generation,
	};

	larger.slots = calloc(larger.mask + 1, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; table->slots && i <= table->mask; i++)
		if (table->slots[i].key && table->slots[i].generation == table->generation)
			*find(&larger, table->slots[i].key) = table->slots[i];
	free(table->slots);
	*table = larger;
	return true;
}

uint32_t *pointer_table__at(struct pointer_table *table, const void *key)
{
	struct pointer_slot *slot;

	if ((!table->slots || table->used > table->mask / 2) && !grow(table))
		return NULL;
	slot = find(table, key);
	if (slot->key != key || slot->generation != table->generation) {
		*slot = (struct pointer_slot){ key, 0, table->generation };
		table->used++;
	}
	return &slot->value;
}
