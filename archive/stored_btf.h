/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* BTF out of what an archive stores; nothing is believed before its digest is checked. */
#ifndef ARCHIVE_STORED_BTF_H
#define ARCHIVE_STORED_BTF_H

#include "contents.h"
#include "lineage.h"

/* All of these: *data is malloc'ed. -EBADMSG: it is damaged; -ENOMEM. */

/* A kernel's full BTF, with functions or without; those are not read then. */
int blob__unpack(const struct blob *blob, bool functions, void **data, size_t *size);
/* Brings a new lineage to the blob, with functions or without; NULL leaves it empty. */
int blob__follow(const struct blob *blob, bool functions, struct lineage *lineage);
/* Brings a lineage from the blob's base to it, by streams whose digests are checked. */
int blob__follow_on(const struct blob *blob, bool functions, struct lineage *lineage);

/* A frame's parts, one after the other: frame->size bytes. */
int frame__unpack(const struct frame *frame, void **data);
/* Minimized BTF. */
int part__unpack(const struct part *part, void **data, size_t *size);

#endif
