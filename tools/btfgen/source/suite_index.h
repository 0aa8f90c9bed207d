/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The indexes of one suite, one an architecture: brought up to date from the first mirror
 * that has them, or taken from what is known.
 */
#ifndef BTFGEN_SUITE_INDEX_H
#define BTFGEN_SUITE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "source/access.h"
#include "source/identity.h"
#include "source/index.h"
#include "source/manifest.h"
#include "source/mirrors.h"

/* One architecture's. */
struct suite_index {
	const struct architecture *arch;
	char *path;             /* of the suite: "$basearch" filled in */
	char *record_path;      /* file of what is known */
	char *recipe;
	struct index index;     /* what the suite holds, if has_index */
	bool has_index;
	bool is_refused;        /* something is known, but by no signature that counts now */
	bool is_fresh;          /* the suite's index was looked at in this run */
	struct error error;     /* why not, else */
	int code;               /* the same, -errno */
	char *url;              /* mirror where that happened, or NULL */
	char **bases;           /* URLs of all mirrors that index.base could be, or NULL */
};

struct suite_indexes {
	const struct manifest *manifest;
	const struct release *release;
	const struct suite *suite;
	struct suite_index *items;
	size_t count;
	struct identity identity;
	bool is_left_out;       /* needs what the user did not give, nor asked for by name */
};

int suite_indexes__add(struct suite_indexes *indexes, const struct architecture *arch);
void suite_indexes__free(struct suite_indexes *indexes);

/*
 * Load what is known. What nobody had signed, or none of the keys that count, is forgotten
 * where the user wants signatures; of keys, where the manifest names none, all that are in the
 * keyrings count. With access->is_for_counts nothing is.
 * Errors: -ENOMEM alone.
 */
int suite_indexes__load(struct suite_indexes *indexes, const struct access *access);
/*
 * Ask the mirrors. A failure is left in each item it hit, which keeps what was known.
 * Errors: -ENOMEM and -ECANCELED alone.
 */
int suite_indexes__refresh(struct suite_indexes *indexes, struct access *access,
			   const struct mirrors *mirrors, struct error *err);

#endif
