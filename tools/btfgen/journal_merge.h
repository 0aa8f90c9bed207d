/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The journals of archives that were brought together, as one. */
#ifndef BTFGEN_JOURNAL_MERGE_H
#define BTFGEN_JOURNAL_MERGE_H

#include "base/error.h"

struct journal_merge;

/* NULL without memory. */
struct journal_merge *journal_merge__new(void);
void journal_merge__free(struct journal_merge *merge);
/* The lines of the file at `path`; one that is not there has none. */
int journal_merge__take(struct journal_merge *merge, const char *path, struct error *err);
/*
 * Replace the file at `path` by all lines taken, each once, in the order of their times:
 * whichever order they came in. Where nothing was taken there is nothing to write. What
 * another process appends to that file meanwhile is lost.
 */
int journal_merge__write(struct journal_merge *merge, const char *path, struct error *err);

#endif
