/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the reader keeps of an open archive; the writer builds on it. */
#ifndef ARCHIVE_OPEN_ARCHIVE_H
#define ARCHIVE_OPEN_ARCHIVE_H

#include "base/cleanup.h"
#include "contents.h"

struct kbtf_archive {
	const uint8_t *data;
	size_t size;
	bool mapped;
	uint8_t digest[DIGEST_SIZE]; /* of the index */
	struct contents contents;
};

DEFINE_CLEANUP(kbtf_archive__closep, struct kbtf_archive, kbtf_archive__close)
#define _cleanup_archive_ cleanup(kbtf_archive__closep)

#endif
