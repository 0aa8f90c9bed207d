/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One question about many kernels of an archive, on several threads. It is asked of the first,
 * and again of those in which something is different that an answer depends on (answers.h).
 */
#ifndef ARCHIVE_SURVEY_H
#define ARCHIVE_SURVEY_H

#include <kbtf.h>

#include "core_target.h"
#include "lineage.h"

/* Of words about what went wrong. */
#define SURVEY_WORDS 400

struct survey {
	bool functions;       /* the question is about those, too */
	unsigned int threads; /* 0 is 1 */
	/*
	 * The answer about one kernel, or an error and words. Many threads ask at once; `target`
	 * notes what is looked at (core_looks.h), and `lineage` has the kernel's functions.
	 */
	int (*ask)(void *ctx, const struct core_target *target, const struct lineage *lineage,
		   void **answer, char why[SURVEY_WORDS]);
	/* As soon as it can't hold for another kernel any more, on any thread. */
	void (*free_answer)(void *answer);
	/*
	 * What came of an entry, by its number; one call at a time. The answer is lent; errors
	 * are those of ask(), -EBADMSG (it is damaged), -ENOENT (it has minimized BTF alone).
	 * What is not 0 ends the survey, which returns it.
	 */
	int (*tell)(void *ctx, size_t number, int err, const void *answer, const char *why);
	void *ctx;
};

/* Entries of one archive. -ENOMEM. */
int survey__run(const struct survey *survey, const struct kbtf_entry *const *entries,
		size_t count);

#endif
