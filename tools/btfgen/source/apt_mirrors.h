/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Mirrors from the machine's apt configuration: sources.list and sources.list.d, one-line
 * (*.list) and deb822 (*.sources), as sources.list(5) describes them, and from apt.conf(5)
 * whether an index past its Valid-Until is accepted. Not supported: flat repositories,
 * cdrom:, mirror+http: and other method URIs, and Dir:: settings that move these files.
 */
#ifndef BTFGEN_APT_MIRRORS_H
#define BTFGEN_APT_MIRRORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct apt_source {
	char *url;              /* http:, https:, ftp: or file:, without trailing slash */
	char **suites;
	char **components;
	char *signed_by;        /* file, or NULL: any trusted key, or one inside the entry */
	bool check_valid_until;
};

struct apt_config {
	struct apt_source *sources;
	size_t count;
};

/*
 * `root` goes before every path ("" for the machine's own). No apt at all is no error:
 * there are no sources then. A line that is not understood is passed over, as are
 * disabled entries and those for source packages only. Errors: -ENOMEM.
 */
int apt_config__read(const char *root, struct apt_config *config, struct error *err);
void apt_config__free(struct apt_config *config);

struct apt_query {
	const char *const *suites;    /* names by which the repository is known */
	const char *suite;            /* the one that is wanted: entries of it come first */
	const char *component;
	const char *signed_by;        /* fnmatch(3) pattern: such entries come first; or NULL */
};

/*
 * The sources that may be what is asked for, most likely first and each URL once. The
 * pointers are lent by `config`; *found is malloc'ed. The repository's signature has to
 * decide in the end: any third party's entry may have these names.
 */
int apt_config__find(const struct apt_config *config, const struct apt_query *query,
		     const struct apt_source ***found, size_t *count, struct error *err);

#endif
