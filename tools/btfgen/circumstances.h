/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a failure depended on that can be otherwise the next time: the package, the keys, the
 * encoder, its limits, the objects. It stands in the failure's record as "under", and what has
 * changed since makes a kernel due that waits.
 *
 * Not among it: the mirror, which the record's URL tells; and whatever is mended elsewhere.
 */
#ifndef BTFGEN_CIRCUMSTANCES_H
#define BTFGEN_CIRCUMSTANCES_H

#include <jansson.h>

#include "base/kernel.h"
#include "base/objects.h"

struct circumstances {
	/* what the command does not know is not compared */
	bool knows_trust;             /* what kernels' packages say of keys is of its options */
	const char *encoder;          /* as the user names it, or NULL */
	const struct objects *objects; /* or NULL */
	bool knows_limits;
	unsigned int timeout_s;       /* of the encoder */
	uint64_t memory_limit;
	json_t *keyrings;             /* digests of those looked at, made on the way */
};

void circumstances__free(struct circumstances *circumstances);

/*
 * Of a failure at `stage` (its name) with the kernel's package of that URL (NULL: none); a new
 * reference, or NULL without memory. For one thread at a time.
 */
json_t *circumstances__of(struct circumstances *circumstances, const struct kernel *kernel,
			  const char *url, const char *stage);
/* Whether they differ from those of the kernel's last failure, as far as both are known. */
bool circumstances__have_changed(struct circumstances *circumstances, const struct kernel *kernel,
				 const json_t *failure);

#endif
