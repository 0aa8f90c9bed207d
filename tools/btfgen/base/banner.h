/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The line that a kernel prints first, and shows as /proc/version:
 *     Linux version RELEASE (BUILDER) (COMPILER) VERSION\n
 * It lies as a string in the image. An image may hold a second one that the build made
 * before the version was known ("# SMP ..." without a number): that one tells the
 * release only. /proc/version's format ("%s version %s ...") is not taken for it.
 */
#ifndef BTFGEN_BANNER_H
#define BTFGEN_BANNER_H

#include <stdbool.h>
#include <stddef.h>

/* Lent, and not NUL-ended: both point into the searched bytes. */
struct banner {
	const char *release;      /* `uname -r`; NULL: none was found */
	size_t release_len;
	const char *version;      /* `uname -v`; NULL: none was found */
	size_t version_len;
};

/*
 * Search `size` bytes. What *banner holds already stays unless something more complete
 * is found, so that sections can be searched one by one. True once it is complete.
 */
bool banner__search(const void *data, size_t size, struct banner *banner);

#endif
