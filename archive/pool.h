/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Types of several kernels, each content once. A *record* is a type as its own fields say
 * it: strings by number, types with a name by kind, name and variant, types without one by
 * their own record. So a struct of two kernels is one record as long as nothing of its own
 * changed, whatever becomes of the types it refers to.
 *
 * A *set* is one kernel's types: records in canonical order (canonical.h).
 */
#ifndef ARCHIVE_POOL_H
#define ARCHIVE_POOL_H

#include "type_graph.h"

/* A growing array of words. */
struct numbers {
	uint32_t *items;
	uint32_t count, room;
};

/* Open addressing, by content; numbers are those of what is in it, plus one. */
struct intern {
	uint32_t *slots;
	uint32_t mask;
	uint32_t count; /* so many of what there is: what is only appended comes in when it is asked */
};

struct pool {
	char *text;              /* strings, each with its NUL */
	size_t text_size, text_room;
	struct numbers strings;    /* where in it; 0 is "" */
	struct intern string_index;
	struct numbers names;      /* three words each: kind, string, variant */
	struct intern name_index;
	struct numbers bodies;     /* of the records, see below */
	struct numbers records;    /* where in it; 0 is none */
	struct intern record_index;
	bool index_named;        /* in it are also those of types with a name, which only a teller asks for */
};

/*
 * How a record refers to a type: 0 is void; with the top bit the number of a name, else that
 * of the record of a type without one.
 */
#define POOL_NAME_BIT 0x80000000u

/*
 * A record's words: kind and flag, string, size, reference, extra, count of slots; then of
 * each slot string, reference, value, high (where its kind has them, else 0).
 */
enum record_word {
	RECORD_KIND, RECORD_NAME, RECORD_SIZE, RECORD_REF, RECORD_EXTRA, RECORD_COUNT,
	RECORD_SLOTS
};
#define RECORD_FLAG 0x100u
enum slot_word { SLOT_NAME, SLOT_TYPE, SLOT_VALUE, SLOT_HIGH, SLOT_WORDS };

/* Types with a name, in canonical order. */
struct record_list {
	struct numbers records;
	struct numbers names;     /* the number of each one's name */
};

struct record_set {
	struct record_list data;
	struct record_list functions; /* FUNC, and DECL_TAG, which tells of them for the most part */
	struct numbers roots;           /* types without a name that no other refers to */
};

int pool__init(struct pool *pool);
void pool__free(struct pool *pool);

static inline const char *pool__string(const struct pool *pool, uint32_t string)
{
	return pool->text + pool->strings.items[string];
}

static inline const uint32_t *pool__record(const struct pool *pool, uint32_t record)
{
	return pool->bodies.items + pool->records.items[record];
}

/* Numbers of what has this content, which is added where there is none yet. -ENOMEM. */
int pool__add_string(struct pool *pool, const char *text, size_t length, uint32_t *string);
int pool__add_name(struct pool *pool, uint8_t kind, uint32_t string, uint32_t variant,
		   uint32_t *name);
int pool__add_record(struct pool *pool, const uint32_t *words, uint32_t count, uint32_t *record);
/* From now on pool__add_record() finds the records of types with a name, too. */
void pool__index_named(struct pool *pool);
/* The same for what is known to be new. */
int pool__append_string(struct pool *pool, const char *text, size_t length, uint32_t *string);
int pool__append_name(struct pool *pool, uint8_t kind, uint32_t string, uint32_t variant,
		      uint32_t *name);
int pool__append_record(struct pool *pool, const uint32_t *words, uint32_t count,
			uint32_t *record);

/* Adds a record of a named type; its name's variant follows from what is before it. */
int record_list__add(struct record_list *list, struct pool *pool, uint32_t record);
/*
 * The same for one whose record is not known yet, which is 0 until then. `fresh`: the pool
 * has had no names before those of this list and its like.
 */
int record_list__add_name(struct record_list *list, struct pool *pool, uint32_t kind,
			  uint32_t string, bool fresh);
/* One of another list of the same pool, which most often keeps its variant. */
int record_list__keep(struct record_list *list, struct pool *pool, const struct record_list *old,
		      uint32_t place);
void record_list__free(struct record_list *list);

/* The records of a graph in canonical order. */
int record_set__from_graph(struct pool *pool, const struct type_graph *graph,
			   struct record_set *set);
void record_set__free(struct record_set *set);

/* Whether a type of this kind is in a set's list of functions. */
bool record_kind__is_function(uint8_t kind);

/*
 * As canonical BTF, with functions or without. Without, what only functions lead to is not
 * there either, types with a name are in the same order as with them (so among several of
 * one name functions count as referring), and others as they are met. -EBADMSG: a record
 * refers to what the set has not, nests deeper than canonical types do, or has more than BTF
 * can count.
 */
int record_set__write(const struct pool *pool, const struct record_set *set, bool functions,
		      void **data, size_t *size);

int numbers__add(struct numbers *words, uint32_t word);
int numbers__append(struct numbers *words, const uint32_t *items, uint32_t count);
void numbers__free(struct numbers *words);

#endif
