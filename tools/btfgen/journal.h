/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How each kernel's work ended, kept beside the archive as ARCHIVE.journal: one JSON
 * object a line, the last one of a kernel counts. A line is written by a single
 * write(2) in append mode, so two processes do not mix theirs, and one that a crash cut
 * short is passed over.
 */
#ifndef BTFGEN_JOURNAL_H
#define BTFGEN_JOURNAL_H

#include <jansson.h>

#include "base/error.h"
#include "base/kernel.h"

struct journal;

/* A file that is not there is an empty journal. */
struct journal *journal__open(const char *archive_path, struct error *err);
void journal__close(struct journal *journal);

/*
 * Add a record: "status" ("done" or "failed"), and for failures "stage" and "reason".
 * The kernel's names, the time and the number of attempts in a row that failed are
 * added here. Takes over `record`.
 */
int journal__add(struct journal *journal, const struct kernel *kernel, json_t *record,
		 struct error *err);
/* The last record of a kernel, lent until the next add, or NULL. */
const json_t *journal__find(const struct journal *journal, const struct kernel *kernel);
/*
 * When a kernel is due again; 0: it is due. One that failed three times in a row waits for
 * an hour, and twice as long after each further failure, a week at most. What failed on
 * another URL than those it has now is due at once: somebody chose another mirror.
 */
int64_t journal__waits_until(const struct journal *journal, const struct kernel *kernel,
			     int64_t now);

#endif
