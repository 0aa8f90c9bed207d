/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a known kernel stands: archived, failed, or not tried. */
#ifndef BTFGEN_COVERAGE_H
#define BTFGEN_COVERAGE_H

#include <kbtf.h>

#include "base/kernel.h"
#include "journal.h"

enum coverage { COVERAGE_MISSING, COVERAGE_ARCHIVED, COVERAGE_FAILED };

const char *coverage__name(enum coverage coverage);

/* What was archived, and how the rest ended. */
struct ledger {
	struct kbtf_archive *archive; /* NULL: there is none yet */
	struct journal *journal;
};

/* `archive_given` NULL: the default. False with the reason on stderr. */
bool ledger__open(const char *archive_given, struct ledger *ledger);
void ledger__close(struct ledger *ledger);

/* *record is the journal's last word on a failed one, lent. */
enum coverage coverage__of(const struct kernel *kernel, const struct ledger *ledger,
			   const json_t **record);

#endif
