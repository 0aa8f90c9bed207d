/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What lists the mirrors of an rpm-md repository: a metalink (version 3, the form of
 * Fedora's MirrorManager), which has the SHA-256 of the repomd.xml that they must have,
 * or a mirror list, a text with a URL a line, which has none.
 *
 * Not supported: metalink 4 (RFC 5854), which no mirror manager sends; rsync.
 */
#ifndef BTFGEN_METALINK_H
#define BTFGEN_METALINK_H

#include "base/error.h"

struct metalink {
	char **bases;           /* URLs without trailing slash, the preferred first */
	char **sha256s;         /* repomd.xml has one of these, the newest first; NULL: not told */
};

/*
 * `url` is where the file came from: one that is local may name local files, others may
 * not. *metalink must be freed in each case. -EBADMSG: damaged, or no mirror in it.
 */
int metalink__read(const char *path, const char *url, struct metalink *metalink,
		   struct error *err);
int metalink__read_list(const char *path, const char *url, struct metalink *metalink,
			struct error *err);
void metalink__free(struct metalink *metalink);

#endif
