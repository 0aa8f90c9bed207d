/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The texts of an archive's index, each once and in order of their bytes, so that a number
 * stands for each. Stored in two columns: how many bytes a text shares with the one before
 * it, and its rest with a NUL. "" is number 0 and not stored.
 */
#ifndef ARCHIVE_TEXTS_H
#define ARCHIVE_TEXTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"

struct texts {
	const char **items;
	uint32_t count, room;
	char *bytes;            /* what the items point to, where they were read; else lent */
	bool *has_newline;      /* by number, where they were read */
};

void texts__free(struct texts *texts);

/* Takes note of a text, which is lent, to be sorted before it has a number. -ENOMEM. */
int texts__add(struct texts *texts, const char *text);
/* -E2BIG: they are longer than any archive's, and none would read them. */
int texts__sort(struct texts *texts);
/* The number of one that was added. */
uint32_t texts__number(const struct texts *texts, const char *text);

void texts__write(const struct texts *texts, struct buf *shared, struct buf *rest);
/*
 * -EBADMSG: they are out of order, longer than any archive's, or have control characters
 * other than newlines; -ENOMEM.
 */
int texts__read(struct texts *texts, uint32_t count, struct cursor *shared, struct cursor *rest);

#endif
