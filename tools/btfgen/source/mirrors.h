/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The URLs that may serve a suite, in the order in which to try them. */
#ifndef BTFGEN_MIRRORS_H
#define BTFGEN_MIRRORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "source/apt_mirrors.h"
#include "source/manifest.h"

struct mirror {
	char *url;              /* without trailing slash */
	bool accept_expired;    /* the machine's apt accepts its index past Valid-Until */
};

struct mirrors {
	struct mirror *items;
	size_t count;
	bool are_given;         /* by the user, so that no other counts */
};

/*
 * What the user gave ("URL", "REPOSITORY=URL") alone, if anything of it is for the suite's
 * repository; else what apt has, then what the manifest has, besides what its metalink or
 * mirror list will say. None at all is -ENOENT, and
 * the text says how to name one. *mirrors must be freed in each case.
 */
int mirrors__find(const struct manifest *manifest, const struct suite *suite,
		  const char *const *given, const struct apt_config *apt, struct mirrors *mirrors,
		  struct error *err);
void mirrors__free(struct mirrors *mirrors);

/* Whether "REPOSITORY=URL" names a repository of the manifest; a mere URL does always. */
bool mirrors__is_for(const struct manifest *manifest, const char *given);

#endif
