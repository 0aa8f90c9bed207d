/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Launchpad's API (help.launchpad.net/API): all binaries that an archive has ever published
 * for a series and architecture, also those that mirrors dropped long ago. Nothing of it is
 * signed: TLS says that it is Launchpad, and no more, so that it is for --allow-unsigned
 * alone, and what comes of it is not verified.
 */
#ifndef BTFGEN_LAUNCHPAD_H
#define BTFGEN_LAUNCHPAD_H

#include "source/json_api.h"
#include "source/index.h"

struct launchpad_query {
	const struct release *release;
	const struct repository *repository;
	const char *path;       /* "ubuntu/bionic" */
	const char *api;        /* URL, without trailing slash */
	const char *arch;       /* "amd64" */
};

/*
 * Ask for what repository->search names, page after page, and add the kernels to *index,
 * whose digest, base and verification are set too. Errors: those of transfers__get();
 * -ENOKEY (the user did not accept it), -EBADMSG.
 */
int launchpad__read(struct access *access, const struct launchpad_query *query,
		    struct index *index, struct error *err);
/* One page of it. */
int launchpad__parse(json_t *page, const char *url, const struct launchpad_query *query,
		     struct index *index, struct error *err);

#endif
