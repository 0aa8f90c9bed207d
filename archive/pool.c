/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "pool.h"

/* ---- indexes ----------------------------------------------------------------------------- */

/*
 * The slot of what has this content, or the empty one where it belongs. Room is made before.
 * Of those that are alike the last is found: it is the one that the last kernel has, if it
 * has any. A follower appends again what went and comes back, and a damaged stream may
 * repeat one content so often that no index should hold it more than once.
 */
#define FIND_SLOT(index, hash, slot, alike)                                      \
	do {                                                                     \
		uint32_t at_ = intern__begin(&(index)->intern, hash);            \
                                                                                 \
		do                                                               \
			slot = intern__next(&(index)->intern, hash, &at_);       \
		while (slot->number && !(alike));                                \
	} while (0)

static void free_index(struct pool_index *index)
{
	intern__free(&index->intern);
	index->count = 0;
}

/* ---- strings ------------------------------------------------------------------------------- */

int pool__reserve_text(struct pool *pool, size_t size)
{
	size_t room = pool->text_size + size;

	if (room <= pool->text_room)
		return 0;
	room += room / 4;
	char *grown = room > UINT32_MAX ? NULL : large__grow(pool->text, pool->text_size, room);

	if (!grown)
		return -ENOMEM;
	pool->text = grown;
	pool->text_room = room;
	return 0;
}

int pool__append_string(struct pool *pool, uint32_t other, uint32_t shared, const char *rest,
			size_t length, uint32_t *string)
{
	char *at;
	int err;

	if ((err = pool__reserve_text(pool, shared + length + 1)) ||
	    (err = numbers__add(&pool->strings, (uint32_t)pool->text_size)))
		return err;
	at = pool->text + pool->text_size;
	memcpy(at, pool__string(pool, other), shared);
	memcpy(at + shared, rest, length);
	at[shared + length] = '\0';
	pool->text_size += shared + length + 1;
	*string = pool->strings.count - 1;
	return 0;
}

static struct intern_slot *string_slot(const struct pool *pool, uint32_t hash, const char *text,
				       size_t length)
{
	const struct pool_index *index = &pool->string_index;
	struct intern_slot *slot;

	FIND_SLOT(index, hash, slot,
		  pool__string_length(pool, slot->number - 1) == length &&
		  memcmp(pool__string(pool, slot->number - 1), text, length) == 0);
	return slot;
}

int pool__add_string(struct pool *pool, const char *text, size_t length, uint32_t *string)
{
	struct pool_index *index = &pool->string_index;
	int err = intern__reserve(&index->intern, pool->strings.count - index->count + 1);
	struct intern_slot *slot;
	uint32_t hash;

	if (err)
		return err;
	for (; index->count < pool->strings.count; index->count++) {
		const char *other = pool__string(pool, index->count);
		uint32_t other_length = pool__string_length(pool, index->count);

		hash = intern__hash_text(&index->intern, other, other_length);
		intern__put(&index->intern, string_slot(pool, hash, other, other_length), hash,
			    index->count);
	}
	hash = intern__hash_text(&index->intern, text, length);
	slot = string_slot(pool, hash, text, length);
	if (slot->number) {
		*string = slot->number - 1;
		return 0;
	}
	err = pool__append_string(pool, 0, 0, text, length, string);
	if (!err) {
		intern__put(&index->intern, slot, hash, *string);
		index->count++;
	}
	return err;
}

/* ---- names ---------------------------------------------------------------------------------- */

int pool__append_name(struct pool *pool, uint32_t kind, uint32_t string, uint32_t variant,
		      uint32_t *name)
{
	const uint32_t words[NAME_WORDS] = { kind, string, variant };

	*name = pool__name_count(pool);
	return numbers__append(&pool->names, words, NAME_WORDS);
}

/* Where the number of this name stands, or 0 for the lack of it; all names before are linked. */
static uint32_t *name_link(struct pool *pool, uint32_t kind, uint32_t string, uint32_t variant,
			   uint32_t before)
{
	uint32_t *links = pool->name_links.items, *link = &pool->first_names.items[string];

	if (variant)
		return &links[NAME_LINKS * (size_t)before + NAME_NEXT_VARIANT];
	/* not more than there are kinds */
	while (*link && pool__name(pool, *link - 1)[NAME_KIND] != kind)
		link = &links[NAME_LINKS * (size_t)(*link - 1) + NAME_OTHER_KIND];
	return link;
}

/*
 * Links those that were only appended: a variant stands behind the one before it, as names
 * were appended in the order of a list. Of names that are alike the last counts.
 */
static int link_names(struct pool *pool)
{
	uint32_t linked = pool->name_links.count / NAME_LINKS, count = pool__name_count(pool);
	int err = numbers__extend(&pool->name_links, NAME_LINKS * count) ?:
		  numbers__extend(&pool->first_names, pool->strings.count);

	for (; !err && linked < count; linked++) {
		const uint32_t *words = pool__name(pool, linked);
		uint32_t *link = name_link(pool, words[NAME_KIND], words[NAME_STRING],
					   words[NAME_VARIANT], linked - 1);

		if (*link)
			pool->name_links.items[NAME_LINKS * (size_t)linked + NAME_OTHER_KIND] =
				pool->name_links.items[NAME_LINKS * (size_t)(*link - 1) +
						       NAME_OTHER_KIND];
		*link = linked + 1;
	}
	return err;
}

int pool__add_name(struct pool *pool, uint32_t kind, uint32_t string, uint32_t variant,
		   uint32_t before, uint32_t *name)
{
	int err = link_names(pool);
	uint32_t *link;

	if (err)
		return err;
	link = name_link(pool, kind, string, variant, before);
	if (*link) {
		*name = *link - 1;
		return 0;
	}
	*link = pool__name_count(pool) + 1;
	return pool__append_name(pool, kind, string, variant, name) ?:
	       numbers__extend(&pool->name_links, NAME_LINKS * pool__name_count(pool));
}

/* ---- records --------------------------------------------------------------------------------- */

static struct intern_slot *record_slot(const struct pool *pool, uint32_t hash,
				       const uint32_t *words, uint32_t length)
{
	const struct pool_index *index = &pool->record_index;
	const uint32_t *other;
	struct intern_slot *slot;

	FIND_SLOT(index, hash, slot,
		  (other = pool__record(pool, slot->number - 1), record__length(other) == length) &&
		  memcmp(other, words, (size_t)length * 4) == 0);
	return slot;
}

static int bring_in_records(struct pool *pool)
{
	struct pool_index *index = &pool->record_index;
	int err = intern__reserve(&index->intern, pool->records.count - index->count + 1);

	for (; !err && index->count < pool->records.count; index->count++) {
		const uint32_t *words = pool__record(pool, index->count);
		uint32_t length = record__length(words);
		uint32_t hash = intern__hash_words(&index->intern, words, length);

		intern__put(&index->intern, record_slot(pool, hash, words, length), hash,
			    index->count);
	}
	return err;
}

int pool__add_record(struct pool *pool, const uint32_t *words, uint32_t length, uint32_t *record)
{
	uint32_t hash, at = pool->bodies.count;
	struct intern_slot *slot;
	int err = bring_in_records(pool);

	if (err)
		return err;
	hash = intern__hash_words(&pool->record_index.intern, words, length);
	slot = record_slot(pool, hash, words, length);
	if (slot->number) {
		*record = slot->number - 1;
		return 0;
	}
	err = numbers__append(&pool->bodies, words, length) ?: pool__end_record(pool, at, record);
	if (!err) {
		intern__put(&pool->record_index.intern, slot, hash, *record);
		pool->record_index.count++;
	}
	return err;
}

int pool__begin_record(struct pool *pool, uint32_t kind, uint32_t name, uint32_t *at)
{
	const uint32_t words[RECORD_SLOTS] = { [RECORD_KIND] = kind, [RECORD_NAME] = name };

	*at = pool->bodies.count;
	return numbers__append(&pool->bodies, words, RECORD_SLOTS);
}

int pool__extend_record(struct pool *pool, uint32_t words)
{
	int err = numbers__reserve(&pool->bodies, words);

	if (!err && words) {
		memset(pool->bodies.items + pool->bodies.count, 0, (size_t)words * 4);
		pool->bodies.count += words;
	}
	return err;
}

int pool__end_record(struct pool *pool, uint32_t at, uint32_t *record)
{
	*record = pool->records.count;
	return numbers__add(&pool->records, at);
}

void pool__drop_record(struct pool *pool, uint32_t at)
{
	/* if something else is behind it, its place stays empty */
	if (at + record__length(pool->bodies.items + at) == pool->bodies.count)
		pool->bodies.count = at;
}

/* ---- the pool ---------------------------------------------------------------------------------- */

int pool__init(struct pool *pool)
{
	const uint32_t none[RECORD_SLOTS] = {};
	uint32_t zero;
	int err;

	*pool = (struct pool){};
	intern__init(&pool->string_index.intern);
	intern__init(&pool->record_index.intern);
	if ((err = pool__add_string(pool, "", 0, &zero)) ||
	    (err = pool__add_record(pool, none, RECORD_SLOTS, &zero)))
		pool__free(pool);
	return err;
}

static int copy_text(const struct pool *pool, struct pool *copy)
{
	int err = pool__reserve_text(copy, pool->text_size);

	if (err)
		return err;
	memcpy(copy->text, pool->text, pool->text_size);
	copy->text_size = pool->text_size;
	return 0;
}

static int copy_numbers(const struct numbers *from, struct numbers *to)
{
	return numbers__copy(to, from, 0, from->count);
}

int pool__copy(const struct pool *pool, struct pool *copy)
{
	int err;

	*copy = (struct pool){};
	/* all comes in when it is asked */
	intern__init(&copy->string_index.intern);
	intern__init(&copy->record_index.intern);
	err = copy_text(pool, copy) ?:
	      copy_numbers(&pool->strings, &copy->strings) ?:
	      copy_numbers(&pool->names, &copy->names) ?:
	      copy_numbers(&pool->name_links, &copy->name_links) ?:
	      copy_numbers(&pool->first_names, &copy->first_names) ?:
	      copy_numbers(&pool->bodies, &copy->bodies) ?:
	      copy_numbers(&pool->records, &copy->records);
	if (err)
		pool__free(copy);
	return err;
}

void pool__free(struct pool *pool)
{
	free(pool->text);
	numbers__free(&pool->strings);
	numbers__free(&pool->names);
	numbers__free(&pool->bodies);
	numbers__free(&pool->records);
	free_index(&pool->string_index);
	numbers__free(&pool->name_links);
	numbers__free(&pool->first_names);
	free_index(&pool->record_index);
	*pool = (struct pool){};
}
