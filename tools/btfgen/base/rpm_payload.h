/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The payload that RPM packages of format 6 have, and those of format 4 with a file over
 * 4 GiB: each file is led by its number in the package's header, where name, type and
 * size are read. libarchive knows it not; it decompresses. The calls do as libarchive's
 * of the same names, so that one reader serves both, and leave their errors with `raw`.
 */
#ifndef BTFGEN_RPM_PAYLOAD_H
#define BTFGEN_RPM_PAYLOAD_H

#include <archive.h>
#include <stddef.h>

#include "base/rpm_header.h"

struct rpm_payload;

/* `raw` is at its one entry, of ARCHIVE_FORMAT_RAW; both are lent. NULL: out of memory. */
struct rpm_payload *rpm_payload__new(struct archive *raw, const struct rpm_header *header);
void rpm_payload__free(struct rpm_payload *payload);
/* ARCHIVE_OK with an entry that is lent until the next call, ARCHIVE_EOF or ARCHIVE_FATAL. */
int rpm_payload__next_header(struct rpm_payload *payload, struct archive_entry **entry);
int rpm_payload__read_data_block(struct rpm_payload *payload, const void **data, size_t *size,
				 la_int64_t *offset);

#endif
