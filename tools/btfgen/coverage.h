/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a known kernel stands: archived, failed (and waiting), or not tried. */
#ifndef BTFGEN_COVERAGE_H
#define BTFGEN_COVERAGE_H

#include <kbtf.h>

#include "base/kernel.h"
#include "circumstances.h"
#include "journal.h"

enum coverage {
	COVERAGE_MISSING, COVERAGE_ARCHIVED, COVERAGE_FAILED,
	COVERAGE_WAITING, /* failed, and `build` does not try it before *until */
	COVERAGES
};

const char *coverage__name(enum coverage coverage);

/* What was archived, and how the rest ended. */
struct ledger {
	struct kbtf_archive *archive; /* NULL: there is none yet */
	struct journal *journal;
	struct circumstances circumstances; /* which know no options of the work */
	int64_t now;
};

/* `archive_given` NULL: the default. False with the reason on stderr. */
bool ledger__open(const char *archive_given, struct ledger *ledger);
void ledger__close(struct ledger *ledger);

struct standing {
	enum coverage coverage;
	const json_t *failure;  /* FAILED, WAITING: the journal's last word, lent; else NULL */
	int64_t until;          /* WAITING: seconds since 1970 */
};

struct standing standing__of(const struct kernel *kernel, struct ledger *ledger);
/* The failure with "until" where it waits; a new reference, or NULL where there is none. */
json_t *standing__failure_json(const struct standing *standing);

#endif
