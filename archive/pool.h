/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Types of several kernels, each content once: strings, names (kind, string and variant) and
 * records (record.h), by number. A struct of two kernels is one record as long as nothing of
 * its own changed, whatever becomes of the types it refers to.
 */
#ifndef ARCHIVE_POOL_H
#define ARCHIVE_POOL_H

#include "intern.h"
#include "numbers.h"
#include "record.h"

/* Contents by hash. What is only appended comes in when it is asked. */
struct pool_index {
	struct intern intern;
	uint32_t count; /* so many of what there is have come in */
};

struct pool {
	char *text;              /* strings, each with its NUL */
	size_t text_size, text_room;
	struct numbers strings;    /* where in it; 0 is "" */
	struct pool_index string_index;
	struct numbers names;      /* NAME_WORDS each */
	struct numbers name_links; /* NAME_LINKS of each name, see pool__add_name() */
	struct numbers first_names; /* by string: the first of its names plus 1, or 0 */
	struct numbers bodies;     /* of the records */
	struct numbers records;    /* where in it; 0 is none */
	struct pool_index record_index;
};

enum name_word { NAME_KIND, NAME_STRING, NAME_VARIANT, NAME_WORDS };
/* The first variant of another kind that has the string, and the next variant; plus 1, or 0. */
enum name_link { NAME_OTHER_KIND, NAME_NEXT_VARIANT, NAME_LINKS };

int pool__init(struct pool *pool);
void pool__free(struct pool *pool);
/* With the same numbers. -ENOMEM. */
int pool__copy(const struct pool *pool, struct pool *copy);

static inline const char *pool__string(const struct pool *pool, uint32_t string)
{
	return pool->text + pool->strings.items[string];
}

static inline uint32_t pool__string_length(const struct pool *pool, uint32_t string)
{
	const struct numbers *strings = &pool->strings;
	size_t end = string + 1 < strings->count ? strings->items[string + 1] : pool->text_size;

	return (uint32_t)(end - strings->items[string] - 1);
}

static inline const uint32_t *pool__name(const struct pool *pool, uint32_t name)
{
	return pool->names.items + NAME_WORDS * (size_t)name;
}

static inline uint32_t pool__name_count(const struct pool *pool)
{
	return pool->names.count / NAME_WORDS;
}

static inline const uint32_t *pool__record(const struct pool *pool, uint32_t record)
{
	return pool->bodies.items + pool->records.items[record];
}

/* Numbers of what has this content, which is added where there is none yet. -ENOMEM. */
int pool__add_string(struct pool *pool, const char *text, size_t length, uint32_t *string);
/* `before`: the name of the variant before this one, if this is not the first. */
int pool__add_name(struct pool *pool, uint32_t kind, uint32_t string, uint32_t variant,
		   uint32_t before, uint32_t *name);
int pool__add_record(struct pool *pool, const uint32_t *words, uint32_t length,
		     uint32_t *record);

/* Room for so many bytes more of strings. -ENOMEM. */
int pool__reserve_text(struct pool *pool, size_t size);

/*
 * The same for what is known to be new. A string may begin as another one does: so many of
 * that one's bytes.
 */
int pool__append_string(struct pool *pool, uint32_t other, uint32_t shared, const char *rest,
			size_t length, uint32_t *string);
int pool__append_name(struct pool *pool, uint32_t kind, uint32_t string, uint32_t variant,
		      uint32_t *name);

/*
 * A record that is made in its place. Begin it with its kind (and flag) and name; give it the
 * words behind those, before another one is begun; and end it
 * when all is known, and it is known to be new; else drop it. `at` is where in pool->bodies
 * it is, which may move when others are begun.
 */
int pool__begin_record(struct pool *pool, uint32_t kind, uint32_t name, uint32_t *at);
int pool__extend_record(struct pool *pool, uint32_t words);
int pool__end_record(struct pool *pool, uint32_t at, uint32_t *record);
void pool__drop_record(struct pool *pool, uint32_t at);

#endif
