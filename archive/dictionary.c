/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "dictionary.h"

#include <errno.h>
#include <stdlib.h>

void dictionary__free(struct dictionary *dictionary)
{
	free(dictionary->items);
	free(dictionary->slots);
}

static uint32_t *dictionary__slot(const struct dictionary *dictionary, uint64_t item)
{
	uint32_t at = (uint32_t)(item * UINT64_C(0x9e3779b97f4a7c15) >> 32) & dictionary->mask;

	while (dictionary->slots[at] && dictionary->items[dictionary->slots[at] - 1] != item)
		at = (at + 1) & dictionary->mask;
	return &dictionary->slots[at];
}

static int dictionary__grow(struct dictionary *dictionary)
{
	uint32_t room = dictionary->room ? 2 * dictionary->room : 256;
	uint64_t *items = realloc(dictionary->items, room * sizeof(*items));
	uint32_t *slots = calloc(2 * (size_t)room, sizeof(*slots));

	if (items)
		dictionary->items = items;
	if (!items || !slots) {
		free(slots);
		return -ENOMEM;
	}
	free(dictionary->slots);
	dictionary->slots = slots;
	dictionary->mask = 2 * room - 1;
	dictionary->room = room;
	for (uint32_t i = 0; i < dictionary->count; i++)
		*dictionary__slot(dictionary, items[i]) = i + 1;
	return 0;
}

int dictionary__add(struct dictionary *dictionary, uint64_t item)
{
	int err = dictionary->count == dictionary->room ? dictionary__grow(dictionary) : 0;

	if (err)
		return err;
	dictionary->items[dictionary->count++] = item;
	*dictionary__slot(dictionary, item) = dictionary->count;
	return 0;
}

uint32_t dictionary__find(const struct dictionary *dictionary, uint64_t item)
{
	return dictionary->slots ? *dictionary__slot(dictionary, item) : 0;
}
