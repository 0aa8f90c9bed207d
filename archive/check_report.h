/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a check has found, object by object. Most kernels of an archive give the same, so each
 * report is kept once, and whoever has two can tell by their addresses whether they are equal.
 */
#ifndef ARCHIVE_CHECK_REPORT_H
#define ARCHIVE_CHECK_REPORT_H

#include <kbtf_core.h>
#include <pthread.h>

#include "base/buf.h"

/* A report in the making: its findings' numbers and strings, one after the other. */
struct report_draft {
	struct buf bytes;
	enum kbtf_verdict verdict; /* the worst */
	size_t count;
	size_t programs, loaded;   /* as in a report */
};

#define _cleanup_report_draft_ __attribute__((__cleanup__(report_draft__free)))
void report_draft__free(struct report_draft *draft);
/* NULL strings count as "". What is in it already is not added again. */
void report_draft__add(struct report_draft *draft, const struct kbtf_finding *finding);
/* All that is in another one, which makes this one's verdict no worse than `at_most`. */
void report_draft__append(struct report_draft *draft, const struct report_draft *other,
			  enum kbtf_verdict at_most);

struct report_pool {
	pthread_mutex_t lock;
	struct kept_report **kept; /* by hash; a power of two of places */
	size_t count, room;
};

int report_pool__init(struct report_pool *pool);
void report_pool__free(struct report_pool *pool);
/* The one report of what the draft has, lent; NULL without memory. */
const struct kbtf_report *report_pool__keep(struct report_pool *pool, struct report_draft *draft);

#endif
