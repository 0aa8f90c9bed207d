/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one package index (Packages, primary.xml) of one suite and architecture says of
 * kernels, and its file in the working directory, so that it is not read again before
 * it changes.
 */
#ifndef BTFGEN_INDEX_H
#define BTFGEN_INDEX_H

#include <kbtf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/kernel.h"
#include "source/manifest.h"

struct index_package {
	char *name;             /* NULL: no such package */
	char *path;             /* below index.base */
	char *sha256;
	char *signer;           /* of the index that named it, where indexes were joined */
	uint64_t size;
	size_t preference;      /* the number of its rule: less is better */
};

struct index_kernel {
	char *kernel_release;
	char *version;          /* of its packages */
	struct index_package debug, image;
};

struct index {
	char *digest;           /* hex SHA-256 of the index's file, which a signature vouches for */
	char *recipe;           /* digest of what the manifest said when it was read */
	char *base;             /* URL that paths are below */
	char *signer;           /* fingerprint, or NULL */
	enum kbtf_verification verification;
	char **seen;            /* parts that need no second look, or NULL */
	struct index_kernel *kernels;
	size_t count;
	size_t cap;
	size_t *places;         /* by hash: 1 + a kernel's number, or 0; made when one is sought */
	size_t place_count;
	uint8_t place_key[16];  /* an index must not choose what collides */
};

/* Digest of the manifest's parts that decide what index__add() takes; malloc'ed, or NULL. */
char *index__recipe(const struct release *release, const char *arch);

/*
 * Take the package if the release's rules say that it is a kernel's. Packages of one
 * kernel release and version are one kernel. Errors: -EBADMSG (a kernel's package whose
 * path or digest is none; `source` names the index in the text), -ENOMEM.
 */
int index__add(struct index *index, const struct release *release,
	       const struct listed_package *package, const char *source, struct error *err);

/*
 * Take the packages of `from` over, with `prefix` before their paths: what is there
 * already stays. Where one of the two is not verified, all is not. -ENOMEM.
 */
int index__join(struct index *index, struct index *from, const char *prefix, struct error *err);

/*
 * -ENOENT when there is no such file or it is of another recipe, format or damaged:
 * all the same to a cache. *index must be freed in each case.
 */
int index__load(const char *path, const char *recipe, struct index *index);
int index__save(const char *path, const struct index *index, struct error *err);
void index__free(struct index *index);

/* A path that stays below its base, and is the same bytes in a URL. */
bool is_safe_path(const char *path);

#endif
