/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Folders without an index, as old vaults are: the server's own page of the folder
 * (Apache's autoindex, nginx's) names the files, and these name package, version and
 * architecture. Nothing vouches for such a page. An .rpm can be asked for its signature
 * once it is here; a .deb has none.
 *
 * Not supported: folders below the folder, pages in several parts, epochs (which file
 * names do not have).
 */
#ifndef BTFGEN_DIRECTORY_H
#define BTFGEN_DIRECTORY_H

#include <stddef.h>

#include "source/access.h"
#include "source/index.h"
#include "source/manifest.h"

struct directory_query {
	const struct manifest *manifest;
	const struct release *release;
	const char *base;       /* URL of the folder, without trailing slash */
	const char *arch;       /* the distribution's name */
};

/*
 * Fetch the page and add the kernels that it names to *index, whose digest (the page's),
 * base and verification are set too. Errors: those of transfers__get(); -ENOKEY (a
 * .deb, or an .rpm for which there is no keyring); -EBADMSG (no such page).
 */
int directory__read(struct access *access, const struct directory_query *query,
		    struct index *index, struct error *err);
/* The same of a page in memory, with a NUL behind it; nothing is asked but the names. */
int directory__parse(const char *page, size_t len, const struct directory_query *query,
		     struct index *index, struct error *err);

/* Whether the user accepts what such a page named. */
bool directory__is_acceptable(const struct access *access, const struct release *release,
			      const struct index *index);

#endif
