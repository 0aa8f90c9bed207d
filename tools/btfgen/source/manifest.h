/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Manifests: one INI file a distribution, which says where its kernels are listed, who
 * signs the lists, and how its packages are named. The format is btfgen-manifest(5).
 */
#ifndef BTFGEN_MANIFEST_H
#define BTFGEN_MANIFEST_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
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

/* Packages of one purpose, by name. Earlier patterns are preferred. */
struct package_rules {
	char *text;             /* the patterns as they stand in the manifest, or NULL */
	regex_t *patterns;
	size_t count;
	char *member;           /* fnmatch(3) patterns, separated by spaces */
};

struct release {
	char *codename;
	char *version;          /* VERSION_ID */
	struct suite *suites;
	size_t suite_count;
	char **series;          /* all that it may hold: "4.18", "4.9..4.19"; empty: unknown */
	char **keyrings;
	bool embedded;
	bool ignore_valid_until;
	bool accept_expired_keys;
	char *kernel_release;   /* template, where a pattern has no group; or NULL */
	struct package_rules debug, image;
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

#endif
