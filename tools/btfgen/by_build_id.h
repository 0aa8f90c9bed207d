/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernels by build ID from debuginfod servers (the protocol is debuginfod(8)'s: one GET).
 * Nothing there is signed: what comes must have the build ID in it, and the archive says
 * "unverified" and where it came from.
 */
#ifndef BTFGEN_BY_BUILD_ID_H
#define BTFGEN_BY_BUILD_ID_H

#include "adding.h"
#include "base/options.h"
#include "base/transfer.h"

struct by_build_id {
	const struct text_list *ids;     /* hex */
	const struct text_list *servers; /* URLs; none: $DEBUGINFOD_URLS */
	const char *distro, *distro_release; /* what the kernels are of, or NULL */
	struct transfers_opts transfers;
	uint64_t cache_limit;
	unsigned int timeout_s;          /* of the encoder, see job.h */
	uint64_t memory_limit;
};

/*
 * Fetch, encode and archive those that the archive lacks; *adding as before
 * adding__begin(). Prints what came of it; the exit code.
 */
int by_build_id__run(const struct by_build_id *what, struct adding *adding);

#endif
