/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A plan carried out: several kernels at once, each ending with a record. */
#ifndef BTFGEN_FACTORY_H
#define BTFGEN_FACTORY_H

#include "base/transfer.h"
#include "circumstances.h"
#include "job.h"
#include "journal.h"
#include "second_look.h"

/*
 * What kind of failure it was, in a word or two, for counts: "not found", "unreachable".
 * The reason in full is the error's text.
 */
const char *failure__cause(int code);

enum outcome {
	OUTCOME_DONE, OUTCOME_SKIPPED, OUTCOME_FAILED, OUTCOME_INTERRUPTED,
	OUTCOME_WAITING, /* failed before, and is not due yet */
};
const char *outcome__name(enum outcome outcome);

struct factory_opts {
	const struct job_opts *job;
	struct transfers *transfers;
	struct journal *journal;
	struct circumstances *circumstances; /* of failures */
	unsigned int jobs;      /* kernels in the stages that take a core and memory */
	uint64_t cache_limit;   /* bytes of kept packages */
	bool full_verify;       /* packages are read whole, and checked, where parts would do */
	struct second_look *second_look; /* or NULL */
};

struct task_outcome {
	enum outcome outcome;
	struct job_result result;
	int code;               /* of a failure: -errno */
	const struct kernel *kernel; /* as it was in the end: a second look may find another package */
	char *url;              /* of the package that was tried last, or NULL */
	struct error err;       /* why it failed, was skipped or waits */
};

/*
 * Carry out all tasks; outcomes[i] is that of tasks[i]. Failures don't stop the others.
 * The journal's own failure is a failure of the kernel it could not record.
 */
void factory__run(const struct factory_opts *opts, const struct plan *plan,
		  struct task_outcome *outcomes);
void task_outcome__free(struct task_outcome *outcome);

#endif
