/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "$basearch" and the like in URLs and paths of manifests, as dnf and yum have them. */
#ifndef BTFGEN_VARIABLES_H
#define BTFGEN_VARIABLES_H

struct variables {
	const char *basearch;
	const char *releasever;
	const char *path;       /* NULL: "$path" stays as it is */
};

/* malloc'ed; NULL without memory. Unknown variables stay. */
char *variables__fill(const char *text, const struct variables *variables);

#endif
