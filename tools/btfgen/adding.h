/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Local files into the archive, one after the other: what add and import share. */
#ifndef BTFGEN_ADDING_H
#define BTFGEN_ADDING_H

#include "factory.h"
#include "base/options.h"
#include "profile.h"

struct adding {
	/* from the command line */
	struct profile_choice profile;
	const char *archive_given, *keyring, *work_path;
	bool normalize, keep, json;
	/* the run */
	char *archive_path;
	struct workdir *work;
	struct job_opts job;
	struct task_outcome *outcomes;
	char **names;           /* of the outcomes, for people: paths, URLs */
	size_t count;
};

/* One file on its way in; strings are lent. */
struct added_file {
	const char *path;
	const struct kbtf_ident *known; /* comes before what the file says */
	const char *package;    /* for provenance; NULL: the last part of the path */
	const char *sha256;     /* NULL: not computed yet */
	const char *notes;      /* for provenance; or NULL */
	bool must_agree;        /* `known` is what the file must say, too */
	bool may_be_another;    /* a file without a kernel, or BTF, in it is passed over */
};

#define ADDING_OPTIONS(a)                                                                   \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "What to make" },                            \
	{ OPTION_TEXT, "archive", 'a', "FILE", &(a).archive_given,                          \
	  "the archive to add to (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },          \
	PROFILE_OPTIONS((a).profile),                                                       \
	{ OPTION_FLAG, "normalize", 0, NULL, &(a).normalize,                                \
	  "merge types that CO-RE can't tell apart" },                                      \
	{ OPTION_TEXT, "keyring", 0, "PATH", &(a).keyring,                                  \
	  "RPM packages must be signed by one of its\nkeys" },                              \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "How" },                                     \
	{ OPTION_TEXT, "work", 'w', "DIR", &(a).work_path,                                  \
	  "cache and scratch (default:\n$XDG_CACHE_HOME/btfgen)" },                         \
	{ OPTION_FLAG, "keep", 0, NULL, &(a).keep, "leave scratch files for a look" },      \
	{ OPTION_FLAG, "json", 0, NULL, &(a).json, "print the results as JSON" }

/* EXIT_OK, or an exit code with the reason on stderr. */
int adding__begin(struct adding *adding);
/* A failure is logged and remembered, and does not stop others. */
void adding__file(struct adding *adding, const struct added_file *file);
/* The same of a plain path. */
void adding__one(struct adding *adding, const char *path, const struct kbtf_ident *known);
/*
 * In two steps, for what comes from elsewhere: an outcome under way, the caller's until
 * adding__close() takes the result: 0 or an error with *outcome's text.
 */
struct task_outcome *adding__open(struct adding *adding, const char *name);
int adding__run(struct adding *adding, const struct added_file *file,
		struct task_outcome *outcome);
void adding__close(struct task_outcome *outcome, int res, const char *name);
/* Print what came of all; the exit code. */
int adding__end(struct adding *adding);
void adding__free(struct adding *adding);

#endif
