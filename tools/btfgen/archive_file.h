/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The archive that a command works on, and how its entries are printed. */
#ifndef BTFGEN_ARCHIVE_FILE_H
#define BTFGEN_ARCHIVE_FILE_H

#include <jansson.h>
#include <kbtf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "source/pattern.h"

DEFINE_CLEANUP(archive_closep, struct kbtf_archive, kbtf_archive__close)
#define _cleanup_kbtf_archive_ cleanup(archive_closep)

/* `given`, or the default archive's path. malloc'ed; NULL without memory. */
char *archive_file__path(const char *given);
/* As kbtf_archive__open, with the reason in words: what to do about it is in the text. */
struct kbtf_archive *archive_file__open(const char *path, struct error *err);
/* The same, but a file that is not there gives NULL and no error (*res 0). */
struct kbtf_archive *archive_file__open_if_any(const char *path, int *res, struct error *err);

/*
 * Whether an archive can be written there, before hours of work show it. The directory must
 * exist: a slip in its name should not make another.
 */
int archive_file__check_place(const char *path, struct error *err);

/* For commands that change an archive which must be there; false with *err. */
bool archive_file__exists(const char *path, struct error *err);
/* Its bytes; 0 where that can't be told. */
uint64_t archive_file__size(const char *path);

/* Who an entry is of and where it comes from; a new reference. */
json_t *entry__json(const struct kbtf_entry *entry);
/* Print to stdout and release. */
void json__print(json_t *object);

/* Which entries of an archive are meant. */
struct entry_filter {
	const char *pattern_text, *build_id, *distro, *release, *arch; /* NULL: any */
	struct pattern *pattern;
};

#define ENTRY_FILTER_OPTIONS(f)                                                             \
	{ OPTION_HEADING, NULL, 0, NULL, NULL, "Which entries" },                           \
	{ OPTION_TEXT, "kernel", 'k', "PATTERN", &(f).pattern_text,                         \
	  "of these releases, as for `btfgen build`" },                                     \
	{ OPTION_TEXT, "build-id", 'b', "HEX", &(f).build_id,                               \
	  "of this build ID, or its beginning" },                                           \
	{ OPTION_TEXT, "distro", 'd', "NAME", &(f).distro, "of this distribution" },        \
	{ OPTION_TEXT, "release", 'r', "VERSION", &(f).release, "of this release of it" },  \
	{ OPTION_TEXT, "arch", 0, "ARCH", &(f).arch, "of this architecture" }

/* Before use; -EINVAL for a pattern that is none. */
int entry_filter__prepare(struct entry_filter *filter, struct error *err);
void entry_filter__free(struct entry_filter *filter);
bool entry_filter__matches(const struct entry_filter *filter, const struct kbtf_entry *entry);
/* The next entry that matches from *index on, which is set behind it; NULL: none is left. */
const struct kbtf_entry *entry_filter__next(const struct entry_filter *filter,
					    const struct kbtf_archive *archive, size_t *index);
/* The only entry that matches; -ENOENT, or -ENOTUNIQ with two of the candidates in *err. */
int entry_filter__pick(const struct entry_filter *filter, const struct kbtf_archive *archive,
		       const struct kbtf_entry **entry, struct error *err);

#endif
