/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The values of a stream (lineage.h), in columns: told and followed by the same code. */
#ifndef ARCHIVE_CODER_H
#define ARCHIVE_CODER_H

#include <errno.h>

#include "columns.h"
#include "dictionary.h"
#include "lineage.h"

#define NESTING_MAX 200
/* Records that are under way at once: what a member needs, and what is nested in that. */
#define BODIES_MAX 512

/*
 * Types with a name that come, in the order of their places. `records` are 0 until they are
 * told, and ARRIVAL_UNDER_WAY while they are.
 */
struct arrivals {
	struct numbers records;
	struct numbers heads;       /* kind (and flag) and string of each */
	struct numbers names;
	const uint32_t *own;        /* while telling: what the records are */
};
#define ARRIVAL_UNDER_WAY UINT32_MAX

/* Who refers to a type, or bears a name: each kind has its own numbers for what it has had. */
enum ref_class {
	REF_MEMBER, REF_PARAMETER, REF_RETURN, REF_ELEMENT, REF_INDEX, REF_POINTER, REF_MODIFIER,
	REF_TYPEDEF, REF_FUNCTION, REF_OTHER, REF_CLASSES
};
enum name_class { NAME_MEMBER, NAME_ENUMERATOR, NAME_PARAMETER, NAME_TYPE, NAME_CLASSES };

/* What stays, and what comes. */
enum plan_column {
	PLAN_STAY, PLAN_GO, PLAN_COME, PLAN_SAME, PLAN_KIND, PLAN_TOKEN, PLAN_SHARED = PLAN_TOKEN + 3,
	PLAN_REST, PLAN_KNOWN, PLAN_ALSO = PLAN_KNOWN + 4, PLAN_ROOT_STAY, PLAN_ROOT_GO, PLAN_ROOT_COME,
	PLAN_COLUMNS
};
enum body_column {
	BODY_ROOT_KIND, BODY_SIZE, BODY_STRUCT_SIZE, BODY_EXTRA, BODY_MEMBERS, BODY_PARAMETERS,
	BODY_ENUMERATORS, BODY_VARIABLES, BODY_PLACE, BODY_OFFSET, BODY_BITS, BODY_LENGTH,
	BODY_VALUE, BODY_VARIABLE_OFFSET, BODY_VARIABLE_SIZE,
	BODY_SPELLING, BODY_NAMED,
	BODY_TOLD = BODY_NAMED + 3,
	BODY_SAME = BODY_TOLD + 4, BODY_ALSO,
	BODY_KNOWN,
	BODY_PAIR = BODY_KNOWN + 4,
	BODY_REFS = BODY_PAIR + 3,
	BODY_NAMES = BODY_REFS + 3 * REF_CLASSES,
	BODY_COLUMNS = BODY_NAMES + 5 * NAME_CLASSES
};

/* How a member's offset is told. */
enum place { PLACE_EXPECTED, PLACE_OTHER, PLACE_BITS };
/*
 * How a reference is spelled out: 0 void, 1 a type with a name, the kind (and flag) of one
 * without, or that it was told already.
 */
#define SPELL_NAMED 1
#define SPELL_TOLD 0x7f
#define SPELL_FLAG 0x80u
#define SPELL_KIND 2 /* added to the kind */
/* Tokens of what was not there before. */
#define TOKEN_NEW 0
#define TOKEN_KNOWN 1
#define TOKEN_FIRST 2
/* In columns of what goes: a name that the kernel has not any more. */
#define NOT_NAMED 0xffffffu

/*
 * One walk both tells and follows: each function takes the value that is told, and gives
 * the value that it was or is. So the two can't disagree about the format.
 */
struct coder {
	struct lineage *lineage;
	struct pool *pool;
	int stream;                 /* 0: data, 1: functions */
	bool following;
	bool first;                 /* no kernel was told before: what is spelled out is new */
	int err;
	struct columns *out;        /* while telling */
	struct cursor in[COLUMNS_MAX]; /* while following */
	struct dictionary refs[REF_CLASSES], names[NAME_CLASSES], pairs;
	uint32_t last[NAME_CLASSES]; /* the last string spelled out, of each class */
	/* the kernel that references mean: its types with a name, by place; data, then functions */
	const struct record_set *kernel;
	uint32_t place_count;
	const uint32_t *places;     /* by name: place plus 1, or 0; while telling */
	struct arrivals *arrivals;  /* what comes, and is told when it is needed; NULL: nothing does */
	int body_count;             /* records that are under way */
	uint32_t arrived;           /* so many have come */
	struct buf aligns;          /* by record; 0: not asked for yet */
};

struct name_columns {
	unsigned int token, shared, rest, known, also;
};

void coder__free(struct coder *coder);
void coder__fail(struct coder *coder, int err);
void coder__add_word(struct coder *coder, struct numbers *words, uint32_t word);

/* One that is as often below zero. */
uint32_t coder__difference(struct coder *coder, unsigned int column, uint32_t value);
/* While telling: see told__find(); but 0 where this stream may not know of it. */
uint32_t coder__find_told(struct coder *coder, struct told *told, uint32_t item, uint32_t count);
/* What was told before, of which this is the value less 1; in four columns. */
uint32_t coder__told(struct coder *coder, const struct told *told, unsigned int column,
		     uint32_t value);
/*
 * Data streams do not know what function streams have told, as not everybody follows those.
 * Who does is told so, as is who might tell something twice without knowing: the value, or 0.
 * False where it is none that this follower has.
 */
bool coder__also(struct coder *coder, struct told *told, unsigned int column, uint32_t count,
		 uint32_t *value, uint32_t *item);
/* A string, as the pool numbers it. */
uint32_t coder__name(struct coder *coder, enum name_class class, uint32_t string);
uint32_t coder__name_in(struct coder *coder, enum name_class class,
			const struct name_columns *columns, uint32_t string);
/* The token of what was there before, or TOKEN_NEW. While following, the latter. */
uint32_t coder__token(struct coder *coder, struct dictionary *dictionary, uint64_t item);

/*
 * What is in a record (coder_record.c), which begins at this place of the pool's bodies. Kind,
 * flag and, for what has one, name are there already; tags without a record of their own
 * bring theirs. While telling, all is there, and stays what it is.
 */
void coder__body(struct coder *coder, uint32_t at, int depth);
/* A type without a name that no other refers to: all of it but its spelling. Its record. */
uint32_t coder__root(struct coder *coder, uint32_t ref, uint32_t spelling);
/* One that comes, by its number: its kind, flag and name are known, its body is told now. */
void coder__arrival(struct coder *coder, uint32_t number);

/* ---- by far the most that is done ------------------------------------------------------ */

void coder__put_byte(struct coder *coder, unsigned int column, uint32_t value);
void coder__put_wide(struct coder *coder, unsigned int column, unsigned int bytes,
		     uint32_t value);

static inline uint32_t coder__byte(struct coder *coder, unsigned int column, uint32_t value)
{
	struct cursor *in = &coder->in[column];

	if (!coder->following) {
		coder__put_byte(coder, column, value);
		return value;
	}
	if (in->pos < in->len)
		return in->data[in->pos++];
	coder__fail(coder, -EBADMSG);
	return 0;
}

/* Bytes of one weight stand together, in columns of their own. -E2BIG: it has more. */
static inline uint32_t coder__wide(struct coder *coder, unsigned int column, unsigned int bytes,
				   uint32_t value)
{
	uint32_t told = 0;

	if (!coder->following) {
		coder__put_wide(coder, column, bytes, value);
		return value;
	}
	for (unsigned int i = 0; i < bytes; i++)
		told |= coder__byte(coder, column + i, 0) << 8 * i;
	return told;
}

/* A varint of 32 bits: most have one byte. */
uint32_t coder__long_u32(struct coder *coder, unsigned int column, uint32_t value);

static inline uint32_t coder__u32(struct coder *coder, unsigned int column, uint32_t value)
{
	struct cursor *in = &coder->in[column];

	if (coder->following && in->pos < in->len && in->data[in->pos] < 0x80)
		return in->data[in->pos++];
	return coder__long_u32(coder, column, value);
}

#endif
