/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where members stand when one comes or goes, in a record and in those that it is part of. */
#ifndef SIBLINGS_LAYOUT_H
#define SIBLINGS_LAYOUT_H

#include "kernel.h"

/* Which records are part of which others, as it was when a step began. */
struct embeddings {
	uint32_t *first, *next, *outer; /* lists by inner record */
	uint32_t count, type_count;
	uint32_t *reach;                /* 0: not known yet */
};

struct embeddings embeddings__of(const struct kernel *kernel);
void embeddings__free(struct embeddings *embeddings);
/*
 * How many records change if this one's size does, itself included; EMBEDDINGS_NONE if one of
 * them must not.
 */
#define EMBEDDINGS_NONE 1000
uint32_t embeddings__reach(struct embeddings *embeddings, uint32_t record);

static inline void embeddings__forbid(struct embeddings *embeddings, uint32_t record)
{
	embeddings->reach[record] = EMBEDDINGS_NONE;
}

/* As a compiler lays it out. */
void layout__natural(struct kernel *kernel, uint32_t record);
/* No bit fields, whose places are not known well enough. */
bool layout__can_move(const struct type *record);
void layout__insert(struct kernel *kernel, const struct embeddings *embeddings, uint32_t record,
		    uint32_t at, struct slot slot);
void layout__remove(struct kernel *kernel, const struct embeddings *embeddings, uint32_t record,
		    uint32_t at);

#endif
