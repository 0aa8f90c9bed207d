/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The values of a stream (lineage.h), in columns: told and followed by the same code. */
#ifndef ARCHIVE_CODER_H
#define ARCHIVE_CODER_H

#include "columns.h"
#include "dictionary.h"
#include "lineage.h"

#define NESTING_MAX 200
/* Records that are under way at once: what a member needs, and what is nested in that. */
#define BODIES_MAX 512

/* Who refers to a type, or bears a name: each kind has its own numbers for what it has had. */
enum ref_class {
	REF_MEMBER, REF_PARAMETER, REF_RETURN, REF_ELEMENT, REF_INDEX, REF_POINTER, REF_MODIFIER,
	REF_TYPEDEF, REF_FUNCTION, REF_OTHER, REF_CLASSES
};
enum name_class { NAME_MEMBER, NAME_ENUMERATOR, NAME_PARAMETER, NAME_TYPE, NAME_CLASSES };

/* What stays, and what comes. */
enum plan_column {
	PLAN_STAY, PLAN_GO, PLAN_COME, PLAN_SAME, PLAN_KIND, PLAN_TOKEN, PLAN_SHARED = PLAN_TOKEN + 3,
	PLAN_REST, PLAN_KNOWN, PLAN_ROOT_STAY = PLAN_KNOWN + 4, PLAN_ROOT_GO, PLAN_ROOT_COME,
	PLAN_COLUMNS
};
enum body_column {
	BODY_ROOT_KIND, BODY_SIZE, BODY_STRUCT_SIZE, BODY_EXTRA, BODY_MEMBERS, BODY_PARAMETERS,
	BODY_ENUMERATORS, BODY_VARIABLES, BODY_PLACE, BODY_OFFSET, BODY_BITS, BODY_LENGTH,
	BODY_VALUE, BODY_VARIABLE_OFFSET, BODY_VARIABLE_SIZE,
	BODY_SPELLING, BODY_NAMED,
	BODY_KNOWN = BODY_NAMED + 3,
	BODY_PAIR = BODY_KNOWN + 4,
	BODY_REFS = BODY_PAIR + 3,
	BODY_NAMES = BODY_REFS + 3 * REF_CLASSES,
	BODY_COLUMNS = BODY_NAMES + 5 * NAME_CLASSES
};

/* How a member's offset is told. */
enum place { PLACE_EXPECTED, PLACE_OTHER, PLACE_BITS };
/* How a reference is spelled out: 0 void, 1 a type with a name, else the kind (and flag). */
#define SPELL_NAMED 1
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
	/* the kernel that references mean, and the one that has the sizes: of what goes, the old */
	const struct numbers *named;  /* names by place: data types, then functions */
	const uint32_t *place;      /* by name: place plus 1, or 0 */
	const struct numbers *records; /* by place; 0: not told yet */
	const uint32_t *record_place; /* as `place`, in `records` */
	uint32_t place_count;       /* of both */
	/* what comes, and is told when it is needed */
	struct numbers *coming;       /* records by place, where it is */
	const uint32_t *own;        /* while telling: records by place */
	const uint32_t *heads;      /* while following: kind and name of each, by place */
	uint32_t heads_first;       /* the place of the first of them */
	bool *under_way;
	struct numbers bodies[BODIES_MAX]; /* of the records that are under way */
	int body_count;
	struct buf aligns;          /* by record; 0: not asked for yet */
};

struct name_columns {
	unsigned int token, shared, rest, known;
};

void coder__free(struct coder *coder);
void coder__fail(struct coder *coder, int err);
void coder__add_word(struct coder *coder, struct numbers *words, uint32_t word);

uint32_t coder__byte(struct coder *coder, unsigned int column, uint32_t value);
uint64_t coder__varint(struct coder *coder, unsigned int column, uint64_t value);
uint32_t coder__u32(struct coder *coder, unsigned int column, uint32_t value);
/* One that is as often below zero. */
uint32_t coder__difference(struct coder *coder, unsigned int column, uint32_t value);
/* Bytes of one weight stand together, in columns of their own. -E2BIG: it has more. */
uint32_t coder__wide(struct coder *coder, unsigned int column, unsigned int bytes,
		     uint32_t value);
/* A string, as the pool numbers it. */
uint32_t coder__name(struct coder *coder, enum name_class class, uint32_t string);
uint32_t coder__name_in(struct coder *coder, enum name_class class,
			const struct name_columns *columns, uint32_t string);
/* The token of what was there before, or TOKEN_NEW. While following, the latter. */
uint32_t coder__token(struct coder *coder, struct dictionary *dictionary, uint64_t item);

/*
 * What is in a record (coder_record.c). Kind, flag and, for what has one, name are there
 * already; tags without a record of their own bring theirs.
 */
void coder__body(struct coder *coder, struct numbers *body, int depth);
/* A type without a name: all of it but its spelling. Its record. */
uint32_t coder__nested(struct coder *coder, uint32_t ref, uint32_t spelling, int depth);
/* The record that comes at a place: its kind, flag and name are known, its body is told now. */
void coder__coming(struct coder *coder, uint32_t place);

#endif
