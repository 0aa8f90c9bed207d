/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Debian's snapshot service (snapshot.debian.org): every package of every day. Its API
 * tells the versions of a source package, the files of each and when they came; nothing of
 * that is believed. It only says which days to look at: the archive of such a day is there
 * as it was, with the InRelease that was signed then, which is read as any other's.
 *
 * A version that was in another suite on the day it came is not found. What the API calls
 * the same file in several archives is looked for in the query's alone.
 */
#ifndef BTFGEN_SNAPSHOT_H
#define BTFGEN_SNAPSHOT_H

#include "source/index.h"
#include "source/json_api.h"

struct snapshot_query {
	const struct manifest *manifest;
	const struct release *release;
	const struct repository *repository;
	const char *path;       /* "debian-security/buster/updates": archive, then suite */
	const char *service;    /* URL, without trailing slash */
	const char *arch;       /* "amd64" */
};

/*
 * Add to *index what it lacks of the versions that the release's series and
 * access->pattern allow; what was looked at is remembered in index->seen, but for versions of
 * days that have no index: that may pass. A version that
 * cannot be had is an error, the first one's, and does not stop the others: *index has
 * them, and is of use if it has a digest. Errors: those of transfers__get() and
 * deb_suite__fetch(); -EINVAL (the release says no series), -EBADMSG.
 */
int snapshot__read(struct access *access, const struct snapshot_query *query,
		   struct index *index, struct error *err);

/* Versions in the answer of /mr/package/SOURCE/, those wanted alone; to be freed. */
int snapshot__parse_versions(json_t *answer, const char *url, const struct access *access,
			     const struct snapshot_query *query, char ***versions,
			     struct error *err);
/*
 * Days on which files that index__add() takes came, in the answer of .../allfiles: as in
 * URLs, "20201020T203027Z", each once; to be freed. *index gets these files, for a look.
 */
int snapshot__parse_files(json_t *answer, const char *url, const struct snapshot_query *query,
			  struct index *index, char ***days, struct error *err);

#endif
