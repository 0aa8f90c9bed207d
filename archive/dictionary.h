/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Items numbered in the order in which they came, found by number and by item. */
#ifndef ARCHIVE_DICTIONARY_H
#define ARCHIVE_DICTIONARY_H

#include <stdint.h>

struct dictionary {
	uint64_t *items;
	uint32_t count, room;
	uint32_t *slots; /* open addressing: number plus 1, or 0 */
	uint32_t mask, indexed; /* so many items are in it: who only goes by number needs it not */
};

void dictionary__free(struct dictionary *dictionary);
/* Room for one more, and some. -ENOMEM. */
int dictionary__grow(struct dictionary *dictionary);
/* Its number plus one, or 0. -ENOMEM leaves *number alone. */
int dictionary__find(struct dictionary *dictionary, uint64_t item, uint32_t *number);

/* One that is not there yet. -ENOMEM. */
static inline int dictionary__add(struct dictionary *dictionary, uint64_t item)
{
	int err = dictionary->count == dictionary->room ? dictionary__grow(dictionary) : 0;

	if (!err)
		dictionary->items[dictionary->count++] = item;
	return err;
}

#endif
