/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An archive to ship with an agent: BTF minimized for its objects, and nothing else. */
#ifndef BTFGEN_EMBEDDING_H
#define BTFGEN_EMBEDDING_H

#include "entry_source.h"

/*
 * How an entry says which kernel it is. Short: distribution, release, architecture, `uname -r`
 * and the first bytes of its build ID, or where it has none its version string; of the
 * package no name and no digest.
 */
enum embedding_identity { EMBEDDING_SHORT, EMBEDDING_FULL };

/*
 * Write the entries that match to the archive `path`, in the place of what is there, minimized
 * for the source's objects. Entries of which the source has BTF for other objects alone are named
 * and left out. How many were written; -ESRCH: none matches; other errors with *err.
 */
int embedding__write(const struct entry_source *source, const struct entry_filter *filter,
		     enum embedding_identity identity, const char *path, struct error *err);

enum embedding_form { EMBEDDING_C, EMBEDDING_OBJECT };

/*
 * The same archive as C or as an object file for `arch`, with a header beside it: `path` ends
 * with ".c" or ".o", or is "-", for stdout and no header.
 */
int embedding__write_linkable(const struct entry_source *source, const struct entry_filter *filter,
			      enum embedding_identity identity, enum embedding_form form,
			      const char *name, const char *arch, const char *path,
			      struct error *err);

#endif
