/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A growing array of words. */
#ifndef ARCHIVE_NUMBERS_H
#define ARCHIVE_NUMBERS_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/large.h"

struct numbers {
	uint32_t *items;
	uint32_t count, room;
};

static inline void numbers__free(struct numbers *words)
{
	free(words->items);
	*words = (struct numbers){};
}

/* Room for so many more, and some, so that few calls find none. -ENOMEM. */
static inline int numbers__reserve(struct numbers *words, uint64_t more)
{
	uint64_t needed = words->count + more, room = needed + needed / 2 + 64;
	uint32_t *grown;

	if (more <= words->room - words->count)
		return 0;
	grown = room > UINT32_MAX ? NULL :
		large__grow(words->items, words->count * sizeof(*grown), room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	words->items = grown;
	words->room = (uint32_t)room;
	return 0;
}

static inline int numbers__add(struct numbers *words, uint32_t word)
{
	int err = words->count == words->room ? numbers__reserve(words, 1) : 0;

	if (!err)
		words->items[words->count++] = word;
	return err;
}

static inline int numbers__append(struct numbers *words, const uint32_t *items, uint32_t count)
{
	int err = numbers__reserve(words, count);

	if (!err && count) {
		memcpy(words->items + words->count, items, (size_t)count * sizeof(*items));
		words->count += count;
	}
	return err;
}

/* So many of another array, from a place on. */
static inline int numbers__copy(struct numbers *words, const struct numbers *from, uint32_t at,
				uint32_t count)
{
	return count ? numbers__append(words, from->items + at, count) : 0;
}

/* Zeros behind what is in it, until there are so many. */
static inline int numbers__extend(struct numbers *words, uint32_t count)
{
	uint32_t more = count > words->count ? count - words->count : 0;
	int err = numbers__reserve(words, more);

	if (!err && more) {
		memset(words->items + words->count, 0, (size_t)more * sizeof(*words->items));
		words->count = count;
	}
	return err;
}

/* So many zeros are all that is in it. */
static inline int numbers__clear(struct numbers *words, uint32_t count)
{
	words->count = 0;
	return numbers__extend(words, count);
}

#endif
