/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Debian repositories (wiki.debian.org/DebianRepository/Format): dists/SUITE/InRelease,
 * or Release and Release.gpg where there is none, lists Packages by size and SHA-256.
 * Not supported: flat repositories, indexes without SHA-256, pdiffs.
 */
#ifndef BTFGEN_DEB_REPOSITORY_H
#define BTFGEN_DEB_REPOSITORY_H

#include <kbtf.h>
#include <stdbool.h>
#include <stdint.h>

#include "source/access.h"
#include "source/index.h"
#include "source/manifest.h"

struct deb_file {
	char *name;             /* below dists/SUITE */
	char *sha256;
	uint64_t size;
};

/* A Release file that was checked. */
struct deb_suite {
	char *mirror;
	char *path;             /* "bookworm", "stretch/updates" */
	char *signer;           /* fingerprint, or NULL */
	enum kbtf_verification verification;
	bool by_hash;           /* Acquire-By-Hash */
	struct deb_file *files;
	size_t count;
};

struct deb_query {
	const struct manifest *manifest;
	const struct release *release;
	const struct suite *suite;
	const char *mirror;     /* URL without trailing slash */
	bool accept_expired;    /* the machine's apt does */
};

/*
 * Fetch the Release file of a suite, check its signature, that it is not past its
 * Valid-Until, and that it is the suite that was asked for (Origin, Label, Codename or
 * Suite). *suite must be freed in each case. Errors: those of transfers__get() and
 * openpgp.h; -ESTALE (expired); -EBADMSG (another suite, or no Release file).
 */
int deb_suite__fetch(struct access *access, const struct deb_query *query,
		     struct deb_suite *suite, struct error *err);
void deb_suite__free(struct deb_suite *suite);

/* The Packages file of an architecture ("amd64"), lent; NULL with *err set: it lists none. */
const struct deb_file *deb_suite__packages(const struct deb_suite *suite,
					   const struct repository *repository, const char *arch,
					   struct error *err);
/*
 * Fetch such a file, check size and SHA-256, and add its kernels to *index, whose digest,
 * base, signer and verification are set too.
 */
int deb_suite__read(struct access *access, const struct deb_suite *suite,
		    const struct deb_file *file, const struct release *release,
		    struct index *index, struct error *err);

#endif
