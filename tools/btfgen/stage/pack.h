/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: results go into the archive, through libkbtf's public write API. */
#ifndef BTFGEN_PACK_H
#define BTFGEN_PACK_H

#include <kbtf_write.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/objects.h"

DEFINE_CLEANUP(kbtf_writer__closep, struct kbtf_writer, kbtf_writer__close)
#define _cleanup_kbtf_writer_ cleanup(kbtf_writer__closep)

struct packed {
	enum kbtf_added added;
	size_t stored_size; /* of the full BTF */
};

/*
 * Add one kernel and commit. `mins` are the profiles wanted; what the archive already
 * has for other profiles of an entry with the very same full BTF is kept, and of one with the
 * same build ID, where either has none; its full BTF stays where the new entry has none. Calls from
 * several threads and processes wait for each other at the archive's lock. -ENOSPC and
 * other errors leave the archive as it was.
 */
int pack__entry(const char *archive_path, const struct kbtf_new_entry *entry,
		struct packed *packed, struct error *err);

/*
 * What every change of an archive begins with: waits for other writers, and ends on a cancel.
 * NULL with errno and *err.
 */
struct kbtf_writer *pack__open(const char *archive_path, struct error *err);
/* A change's result in words; gives it back. `what`: "add 4.18.0-80". */
int pack__explain(const char *archive_path, const char *what, int res, struct error *err);

/*
 * An entry of another archive as it is; of one profile, if given, that profile's minimized
 * BTF alone. -errno.
 */
int pack__copy(struct kbtf_writer *writer, const struct kbtf_archive *archive,
	       const struct kbtf_entry *entry, const struct kbtf_profile *only,
	       enum kbtf_added *added);

#endif
