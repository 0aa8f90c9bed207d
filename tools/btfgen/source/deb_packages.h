/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A Packages file (deb-control stanzas, deb822(5)), streamed: one stanza is in memory at
 * a time, and of it only the fields that tell a package's name and place.
 */
#ifndef BTFGEN_DEB_PACKAGES_H
#define BTFGEN_DEB_PACKAGES_H

#include <stdint.h>

#include "base/error.h"
#include "source/index.h"

/* For each stanza; what `package` points to is lent for the call. */
typedef int (*deb_packages_sink)(void *context, const struct listed_package *package,
				 struct error *err);

/* `path` is compressed or not. Errors: those of compressed__read() and the sink's. */
int deb_packages__read(const char *path, uint64_t limit, deb_packages_sink sink, void *context,
		       struct error *err);

#endif
