/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "dictionary.h"

#include <errno.h>
#include <stdlib.h>

void dictionary__free(struct dictionary *dictionary)
{
	free(dictionary->items);
	free(dictionary->slots);
	*dictionary = (struct dictionary){};
}

int dictionary__grow(struct dictionary *dictionary)
{
	uint32_t room = dictionary->room ? 2 * dictionary->room : 256;
	uint64_t *items = realloc(dictionary->items, room * sizeof(*items));

	if (!items)
		return -ENOMEM;
	dictionary->items = items;
	dictionary->room = room;
	return 0;
}

static uint32_t *slot_of(const struct dictionary *dictionary, uint64_t item)
{
	uint32_t at = (uint32_t)(item * UINT64_C(0x9e3779b97f4a7c15) >> 32) & dictionary->mask;

	while (dictionary->slots[at] && dictionary->items[dictionary->slots[at] - 1] != item)
		at = (at + 1) & dictionary->mask;
	return &dictionary->slots[at];
}

/* At least twice as many slots as items. */
static int index_items(struct dictionary *dictionary)
{
	if (dictionary->mask + 1 < 2 * dictionary->room) {
		uint32_t *slots = calloc(2 * (size_t)dictionary->room, sizeof(*slots));

		if (!slots)
			return -ENOMEM;
		free(dictionary->slots);
		dictionary->slots = slots;
		dictionary->mask = 2 * dictionary->room - 1;
		dictionary->indexed = 0;
	}
	for (; dictionary->indexed < dictionary->count; dictionary->indexed++)
		*slot_of(dictionary, dictionary->items[dictionary->indexed]) =
			dictionary->indexed + 1;
	return 0;
}

int dictionary__find(struct dictionary *dictionary, uint64_t item, uint32_t *number)
{
	int err = dictionary->count ? index_items(dictionary) : 0;

	if (!err)
		*number = dictionary->count ? *slot_of(dictionary, item) : 0;
	return err;
}
