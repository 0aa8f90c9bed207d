/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * rpm-md repositories (createrepo_c's doc, and the schema of repomd.xml): repomd.xml,
 * signed by repomd.xml.asc if at all, lists primary.xml by SHA-256, which lists the
 * packages. Old ones know no digest but SHA-1, which vouches for nothing today: damage is
 * found by it, and the packages' own signatures must do. Not supported: SQLite and zchunk
 * metadata (they stand beside primary.xml, never alone), xml:base, other checksums,
 * document type declarations (nothing in this format needs them).
 */
#ifndef BTFGEN_RPMMD_REPOSITORY_H
#define BTFGEN_RPMMD_REPOSITORY_H

#include <kbtf.h>
#include <stdint.h>

#include "source/access.h"
#include "source/index.h"
#include "source/manifest.h"

struct rpmmd_suite {
	char *base;             /* URL that the repository's paths are below */
	char *signer;           /* fingerprint, or NULL */
	enum kbtf_verification verification;
	/* primary.xml */
	char *href;
	char *sha256;           /* or NULL: then there is */
	char *sha1;
	uint64_t size;          /* 0: not told */
};

struct rpmmd_query {
	const struct manifest *manifest;
	const struct release *release;
	const struct suite *suite;
	const char *base;
	char *const *sha256s;   /* repomd.xml must have one of these, NULL-ended; or NULL: any */
};

/*
 * Fetch repomd.xml and check its signature, where there is one or the manifest says so.
 * Without one there must be a keyring to check each package's own signature with later.
 * *suite must be freed in each case. Errors: those of transfers__get() and openpgp.h;
 * -ENOKEY (not signed, and no keyring on this machine; or it had to be signed); -EBADMSG
 * (damaged, or another one than query->sha256s has).
 */
int rpmmd_suite__fetch(struct access *access, const struct rpmmd_query *query,
		       struct rpmmd_suite *suite, struct error *err);
void rpmmd_suite__free(struct rpmmd_suite *suite);

/* Of primary.xml, by which it is known again; lent. */
const char *rpmmd_suite__digest(const struct rpmmd_suite *suite);

/*
 * Fetch primary.xml, check size and SHA-256, and add the kernels of the architecture
 * ("x86_64") to *index, whose digest, base, signer and verification are set too.
 */
int rpmmd_suite__read(struct access *access, const struct rpmmd_suite *suite,
		      const struct release *release, const char *arch, struct index *index,
		      struct error *err);

#endif
