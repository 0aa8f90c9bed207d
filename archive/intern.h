/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Numbers found by the hash of what they are of: open addressing, with the hashes kept, so
 * that contents are compared where hashes agree, and a larger table asks for none. Hashes
 * have a secret of the process, or foreign bytes could be made to have all the same.
 */
#ifndef ARCHIVE_INTERN_H
#define ARCHIVE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern {
	struct intern_slot {
		uint32_t hash, number; /* the number plus 1; 0: none */
	} *slots;
	uint32_t mask, used;
	uint64_t seed, factor;
};

/* Empty. */
void intern__init(struct intern *index);
void intern__free(struct intern *index);
/* So that `more` can be put in. -ENOMEM. */
int intern__reserve(struct intern *index, uint32_t more);

uint32_t intern__hash_words(const struct intern *index, const uint32_t *words, uint32_t count);
uint32_t intern__hash_text(const struct intern *index, const char *text, size_t length);

/*
 * Where a search begins, and the next slot from `at` on that has this hash, or the empty one
 * where it would be put. There is room for one at least.
 */
static inline uint32_t intern__begin(const struct intern *index, uint32_t hash)
{
	return hash & index->mask;
}

static inline struct intern_slot *intern__next(const struct intern *index, uint32_t hash,
					       uint32_t *at)
{
	struct intern_slot *slot;

	do {
		slot = &index->slots[*at];
		*at = (*at + 1) & index->mask;
	} while (slot->number && slot->hash != hash);
	return slot;
}

/* Into an empty slot, or in another's place. */
static inline void intern__put(struct intern *index, struct intern_slot *slot, uint32_t hash,
			       uint32_t number)
{
	index->used += !slot->number;
	*slot = (struct intern_slot){ hash, number + 1 };
}

#endif
