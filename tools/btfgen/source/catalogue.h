/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernels that distributions published: manifests say where to look, signed indexes
 * say what is there. What an index said is kept in the working directory under the
 * digest that vouches for it, and read again only when that digest changes.
 */
#ifndef BTFGEN_CATALOGUE_H
#define BTFGEN_CATALOGUE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/kernel.h"
#include "base/transfer.h"
#include "base/workdir.h"
#include "source/pattern.h"

struct catalogue_opts {
	const char *manifest_dir;
	/* NULL-ended lists; NULL is no restriction. Names are compared without case. */
	const char *const *distros;   /* "debian" */
	const char *const *releases;  /* VERSION_ID "12" or codename "bookworm" */
	const char *const *arches;    /* "x86_64" or an alias, "amd64" */
	const struct pattern *pattern;
	/*
	 * "URL", which serves every repository, or "REPOSITORY=URL" (the name of a
	 * [repository NAME] section), which goes before; NULL-ended, or NULL.
	 */
	const char *const *mirrors;
	const char *keyring;          /* file in place of every manifest's keyring, or NULL */
	const char *apt_root;         /* goes before /etc/apt: for tests, or NULL */
	bool allow_unsigned;
	bool allow_expired;           /* accept an index past its Valid-Until */
	bool for_counts;              /* with cached_only: also what was verified by others' keys, or not */
	bool cached_only;             /* what is known already, without the network */
};

/* One index that could not be had: the others' kernels are listed all the same. */
struct index_failure {
	char *distro;
	char *codename;
	char *arch;
	char *url;                    /* or NULL where no mirror is known */
	char *reason;
	int code;                     /* the same, -errno */
	bool is_known;                /* what it said in an earlier run counts */
};

/* A suite that was not asked, since it needs what the user did not give. */
struct left_out {
	char *distro;
	char *codename;
	char *repository;             /* the manifest's name for it */
	char *suite;                  /* as the manifest has it */
	char *reason;
};

struct catalogue {
	struct kernel_list kernels;   /* sorted and joined */
	struct index_failure *failures;
	size_t failure_count;
	struct left_out *left_out;    /* none of them counts as a failure */
	size_t left_out_count;
	size_t index_count;           /* indexes looked at, failed ones among them */
	uint64_t bytes_fetched;
	char ***bases;                /* lists of URLs that the kernels' packages lend */
	size_t bases_count;
};

/*
 * Returns 0 also when some indexes failed. Errors: -ENOENT (no manifest, or none of the
 * asked name: the text lists those there are), -EINVAL (a manifest's line is wrong),
 * -ECANCELED, -ENOMEM. `transfers` may be NULL with cached_only.
 */
int catalogue__load(const struct catalogue_opts *opts, struct workdir *work,
		    struct transfers *transfers, struct catalogue *catalogue, struct error *err);
void catalogue__free(struct catalogue *catalogue);

#endif
