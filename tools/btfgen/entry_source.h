/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF of an archive's entries, full or minimized for some objects, as one export wants it. */
#ifndef BTFGEN_ENTRY_SOURCE_H
#define BTFGEN_ENTRY_SOURCE_H

#include "archive_file.h"
#include "base/objects.h"

struct entry_source {
	const struct kbtf_archive *archive;
	const struct objects *objects;      /* none: full BTF */
	const struct kbtf_profile *profile; /* the archive's for just these, or NULL */
	/* what was minimized ahead, by entry */
	const struct kbtf_entry **entries;
	struct minimized *ready;
	size_t ready_count;
};

/* Of an archive and objects that outlive it. */
struct entry_source entry_source__of(const struct kbtf_archive *archive,
				     const struct objects *objects);

void entry_source__free(struct entry_source *source);

/*
 * Minimize all that match and are not minimized for the objects yet, at once, on `jobs`
 * threads (0: as many as there are cores): that is less work than one by one. What can't be
 * minimized is an error when it is read.
 */
int entry_source__prepare(struct entry_source *source, const struct entry_filter *filter,
			  unsigned int jobs, struct error *err);

/* Whether the archive has it minimized for the objects already. */
bool entry_source__has_min(const struct entry_source *source, const struct kbtf_entry *entry);

/*
 * What is not minimized for the objects yet is minimized now. malloc'ed. -ENOENT: the archive
 * has BTF of it that was minimized for other objects, and no other.
 */
int entry_source__read(const struct entry_source *source, const struct kbtf_entry *entry,
		       void **data, size_t *size, struct error *err);

#endif
