/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How indexes are reached and trusted: what every repository type needs for its fetches. */
#ifndef BTFGEN_ACCESS_H
#define BTFGEN_ACCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/transfer.h"
#include "source/manifest.h"
#include "source/openpgp.h"
#include "source/pattern.h"
#include "source/url_cache.h"

struct access {
	struct transfers *transfers;
	const char *index_dir;       /* of the working directory */
	const char *scratch;         /* directory for temporary files */
	const char *keyring;         /* file or directory in place of the manifest's, or NULL */
	struct url_cache *answers;   /* of services, in this run; NULL: each is asked anew */
	const struct pattern *pattern; /* for repositories where each kernel costs requests; or NULL */
	bool allow_unsigned;
	bool allow_expired;
	bool is_for_counts;          /* nothing is fetched by what is known: it counts, whoever signed it */
	bool is_settled;             /* what is asked for never changes: what was kept will do */
	const struct transfer_identity *identity; /* the repository's, or NULL */
	atomic_uint_fast64_t *bytes_fetched; /* or NULL */
};

/*
 * The release's keyrings, or the user's: that file, or of that directory the files in it and
 * those that are there under the names that the release's have, alone or with their folder
 * (distribution-gpg-keys: centos/RPM-GPG-KEY-CentOS-7). To be freed by words__free(); NULL
 * without memory.
 */
char **access__keyrings(const struct access *access, const struct release *release);

/* `keyrings` must outlive the policy. */
struct openpgp_policy access__policy(const struct access *access, const struct manifest *manifest,
				     const struct release *release, char **keyrings);

/* Whether any of them is on this machine. */
bool access__has_keys(const struct access *access, const struct release *release);

/*
 * An index of RPM packages that nobody signed will do where the packages can be asked for
 * their own signatures, or where the user wants it so: 0. Else -ENOKEY; the text is `url`,
 * then `what` is wrong with it ("is not signed"), then what to do.
 */
int access__accept_unsigned(const struct access *access, const struct manifest *manifest,
			    const struct release *release, const char *url, const char *what,
			    struct error *err);

/*
 * A file fetched, or kept from an earlier run and not modified since. `path` is a name of its
 * own in either case: other processes replace what is kept at any time, and what is checked
 * must be what is read.
 */
struct document {
	char *path;                  /* NULL once document__keep() has put it away */
	char *kept_path;             /* where document__keep() puts it; NULL: nowhere */
	bool is_kept;
	int64_t modified;
};

/* A new temporary name, malloc'ed; NULL without memory. */
char *access__temp_path(const struct access *access, const char *what);

/* *document must be freed in each case. Errors: those of transfers__get(). */
int access__fetch(struct access *access, const char *url, uint64_t expect_size,
		  struct document *document, struct error *err);
/* The same for one that need not be there: -ENOENT also where a server refuses it (403). */
int access__fetch_if_any(struct access *access, const char *url, uint64_t expect_size,
			 struct document *document, struct error *err);
/*
 * The same for a file that is asked for at each run: the server is asked whether it has
 * changed since it was kept, unless access->is_settled. To be kept only after it was checked.
 */
int access__fetch_changed(struct access *access, const char *url, struct document *document,
			  struct error *err);
int document__keep(struct document *document, struct error *err);
/* Forget what was kept, which turned out to be no good. */
void document__forget(struct document *document);
/* Removes the file, not what was kept. */
void document__free(struct document *document);

/*
 * That the file has this size (0: unknown) and SHA-256 (hex). -EBADMSG where not; `url`
 * is for the text.
 */
int document__check(const struct document *document, const char *url, uint64_t size,
		    const char *sha256, struct error *err);
/* The same for old repositories: it finds damage, and no forgery. */
int document__check_sha1(const struct document *document, const char *url, const char *sha1,
			 struct error *err);

#endif
