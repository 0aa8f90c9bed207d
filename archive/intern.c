/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* What the kernel gives each process: it never waits for randomness, as getrandom() may. */
void intern__init(struct intern *index)
{
	const char *random = (const char *)getauxval(AT_RANDOM);

	*index = (struct intern){ .seed = UINT64_C(0x9e3779b97f4a7c15),
				  .factor = UINT64_C(0xd6e8feb86659fd93) };
	if (!random)
		return;
	memcpy(&index->seed, random, sizeof(index->seed));
	memcpy(&index->factor, random + sizeof(index->seed), sizeof(index->factor));
	index->factor |= 1;
}

void intern__free(struct intern *index)
{
	free(index->slots);
	index->slots = NULL;
	index->mask = index->used = 0;
}

int intern__reserve(struct intern *index, uint32_t more)
{
	uint64_t needed = (uint64_t)index->used + more + 1, count = 1024;
	struct intern_slot *old = index->slots;
	uint64_t old_count = old ? (uint64_t)index->mask + 1 : 0;

	/* never more than half full */
	if (old && 2 * needed <= old_count)
		return 0;
	while (count < 2 * needed)
		count *= 2;
	if (count > UINT32_MAX)
		return -ENOMEM;
	index->slots = calloc(count, sizeof(*index->slots));
	if (!index->slots) {
		index->slots = old;
		return -ENOMEM;
	}
	index->mask = (uint32_t)count - 1;
	for (uint64_t i = 0; i < old_count; i++) {
		uint32_t at = old[i].hash & index->mask;

		if (!old[i].number)
			continue;
		while (index->slots[at].number)
			at = (at + 1) & index->mask;
		index->slots[at] = old[i];
	}
	free(old);
	return 0;
}

/*
 * 32 bits at a time, so that what is mixed in never reaches the top bit, whose difference no
 * factor would hide.
 */
static uint64_t mix(const struct intern *index, uint64_t hash, uint32_t value)
{
	hash = (hash ^ value) * index->factor;
	return hash ^ hash >> 32;
}

static uint32_t finish(const struct intern *index, uint64_t hash)
{
	hash *= index->factor;
	return (uint32_t)(hash >> 32);
}

uint32_t intern__hash_words(const struct intern *index, const uint32_t *words, uint32_t count)
{
	uint64_t hash = index->seed + count;

	for (uint32_t i = 0; i < count; i++)
		hash = mix(index, hash, words[i]);
	return finish(index, hash);
}

uint32_t intern__hash_text(const struct intern *index, const char *text, size_t length)
{
	uint64_t hash = index->seed + length;
	uint32_t value;

	for (; length >= sizeof(value); text += sizeof(value), length -= sizeof(value)) {
		memcpy(&value, text, sizeof(value));
		hash = mix(index, hash, value);
	}
	value = 0;
	memcpy(&value, text, length);
	return finish(index, mix(index, hash, value));
}
