/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A record: a type as its own fields say it. Its words are those of the type in BTF, but for
 * strings, which are the pool's numbers, and references:
 *
 * 0 is void; with the top bit it is the number of a name (pool.h), else that of the record of
 * a type without one.
 */
#ifndef ARCHIVE_RECORD_H
#define ARCHIVE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "type_graph.h"

#define POOL_NAME_BIT 0x80000000u

/* Kinds have a size or a reference, and slots or something extra, never both. */
enum record_word {
	RECORD_KIND,                /* and flag */
	RECORD_NAME,
	RECORD_SIZE, RECORD_REF = RECORD_SIZE,
	RECORD_EXTRA, RECORD_COUNT = RECORD_EXTRA,
	RECORD_SLOTS
};
#define RECORD_FLAG 0x100u

/* What is in a slot, or behind the words of an array. */
enum member_word { MEMBER_NAME, MEMBER_TYPE, MEMBER_OFFSET };
enum enumerator_word { ENUMERATOR_NAME, ENUMERATOR_VALUE, ENUMERATOR_HIGH };
enum parameter_word { PARAMETER_NAME, PARAMETER_TYPE };
enum variable_word { VARIABLE_TYPE, VARIABLE_OFFSET, VARIABLE_SIZE };
enum array_word { ARRAY_ELEMENT, ARRAY_INDEX, ARRAY_LENGTH, ARRAY_WORDS };

static inline uint8_t record__kind(const uint32_t *record)
{
	return record[RECORD_KIND] & 0xff;
}

/* All of its words. */
static inline uint32_t record__length(const uint32_t *record)
{
	uint8_t kind = record__kind(record);

	if (kind == TYPE_ARRAY)
		return RECORD_SLOTS + ARRAY_WORDS;
	return RECORD_SLOTS + type_kind__slot_words(kind) * record[RECORD_COUNT];
}

/* Whether a type of this kind is in a set's list of functions. */
static inline bool record_kind__is_function(uint8_t kind)
{
	return kind == TYPE_FUNC || kind == TYPE_DECL_TAG;
}

#endif
