/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Manifests: one INI file a distribution, which says where its kernels are listed, who
 * signs the lists, and how its packages are named. The format is btfgen-manifest(5).
 */
#ifndef BTFGEN_MANIFEST_H
#define BTFGEN_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "source/naming.h"
#include "source/pattern.h"
#include "source/repository.h"

/* The same instruction set by the kernel's name and by the distribution's. */
struct architecture {
	char *name;             /* `uname -m`: "x86_64" */
	char *alias;            /* "amd64" */
};

struct suite {
	const struct repository *repository;
	char *path;             /* below dists/ (deb) or the mirror (rpm-md) */
};

struct release {
	char *codename;
	char *version;          /* VERSION_ID */
	struct suite *suites;
	size_t suite_count;
	char **series;          /* all that it may hold: "4.18", "4.9..4.19"; empty: unknown */
	char **arches;          /* those of the manifest's that it has; NULL: all */
	char **keyrings;
	char **keys;            /* fingerprints, one of which must have signed; empty: any key */
	char *embedded_text;    /* "yes", "no" or a pattern, NULL: "no" */
	struct pattern *embedded; /* kernels expected to hold their BTF; see release__embeds() */
	bool ignore_valid_until;
	bool accept_expired_keys;
	char *kernel_release;   /* template, where a rule has neither group nor template; or NULL */
	struct naming debug, image;
};

struct manifest {
	char *path;
	char *id;
	char *name;
	enum repository_type type;
	char *keyring_package;
	struct architecture *arches;
	size_t arch_count;
	struct repository **repositories;
	size_t repository_count;
	struct release *releases;
	size_t release_count;
};

/*
 * Errors: -EINVAL (the text names file and line: unknown section or key, missing key,
 * value that is none), -ENOENT and others of open(2), -ENOMEM.
 */
int manifest__read(const char *path, struct manifest **manifest, struct error *err);
void manifest__free(struct manifest *manifest);

const struct repository *manifest__repository(const struct manifest *manifest, const char *name);

/* Whether a suite of the release lists kernels of the architecture, by `uname -m`. */
bool suite__has(const struct release *release, const struct suite *suite, const char *arch);

/* Whether the manifest expects .BTF in the kernel itself. */
bool release__embeds(const struct release *release, const char *kernel_release);

#endif
