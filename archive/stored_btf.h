/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* BTF out of what an archive stores; nothing is believed before its digest is checked. */
#ifndef ARCHIVE_STORED_BTF_H
#define ARCHIVE_STORED_BTF_H

#include "contents.h"
#include "lineage.h"

/* All of these: *data is malloc'ed. -EBADMSG: it is damaged; -ENOMEM. */

/* A kernel's full BTF. */
int blob__unpack(const struct blob *blob, void **data, size_t *size);
/* Brings a new lineage to the blob; NULL leaves it empty. */
int blob__follow(const struct blob *blob, struct lineage *lineage);

/* A frame's parts, one after the other: frame->size bytes. */
int frame__unpack(const struct frame *frame, void **data);
/* Minimized BTF. */
int part__unpack(const struct part *part, void **data, size_t *size);

#endif
