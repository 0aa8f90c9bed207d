/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An archive to ship with an agent: BTF minimized for its objects, and nothing else. */
#ifndef BTFGEN_EMBEDDING_H
#define BTFGEN_EMBEDDING_H

#include "archive_file.h"
#include "base/objects.h"

/*
 * Write the entries of `archive` that match to `path`, in the place of what is there. `profile`
 * is the archive's for just these objects, or NULL: then, and where an entry has none of it,
 * its full BTF is minimized now. Entries that have neither are named and left out. How many
 * were written; -ENOENT: none matches; other errors with *err.
 */
int embedding__write(const struct kbtf_archive *archive, const struct entry_filter *filter,
		     const struct objects *objects, const struct kbtf_profile *profile,
		     const char *path, struct error *err);

#endif
