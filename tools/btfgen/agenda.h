/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is to be done, from the command line to the plan: what `build` does, and what `plan`
 * and `build --dry-run` say that it would do, is decided here once.
 */
#ifndef BTFGEN_AGENDA_H
#define BTFGEN_AGENDA_H

#include "base/shard.h"
#include "circumstances.h"
#include "journal.h"
#include "known.h"
#include "profile.h"
#include "stage/plan.h"

struct agenda {
	/* from the command line */
	struct known known;
	struct profile_choice profile;
	struct text_list ids;
	const char *archive_given, *shard_text;
	unsigned int newest;
	bool retry, cached, full_verify;
	struct circumstances circumstances; /* its limits are set before agenda__make, or unknown */
	/* made by agenda__make; `shard` may be set before, with index 0 */
	struct shard shard;
	char *archive_path;
	struct kbtf_archive *archive;
	struct journal *journal;
	struct plan plan;
	int64_t now;
	struct {
		char series[16];
		char *version, *flags;
	} pahole[32];
	size_t pahole_count;
};

/* Entries for a command's option table, with a struct agenda a. */
#define AGENDA_FILTER_OPTIONS(a)                                                            \
	KNOWN_FILTER_OPTIONS((a).known),                                                    \
	{ OPTION_NUMBER, "newest", 'n', "N", &(a).newest,                                   \
	  "only the N newest of each flavour" },                                            \
	{ OPTION_LIST, "id", 0, "ID", &(a).ids,                                             \
	  "only the kernel of this ID, as `btfgen plan`\nhas it; may be repeated" },        \
	{ OPTION_FLAG, "retry", 0, NULL, &(a).retry,                                        \
	  "also what failed before and waits" }

/*
 * Load what is known and plan. Returns EXIT_OK, where the plan may be empty if others have
 * all of the work; or how the command ends, explained on stderr.
 */
int agenda__make(struct agenda *agenda);
void agenda__free(struct agenda *agenda);

bool task__is_due(const struct task *task);
/* A new reference. */
json_t *task__json(const struct task *task);
/* For people, on stdout; `due_only`: a row for what is to be done alone. */
void agenda__print(const struct agenda *agenda, bool due_only);

#endif
