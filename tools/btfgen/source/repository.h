/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A place with suites, as a manifest describes it: what is there, and who serves it. */
#ifndef BTFGEN_REPOSITORY_H
#define BTFGEN_REPOSITORY_H

#include <stdbool.h>

#include "base/error.h"

struct manifest;

enum repository_type {
	REPOSITORY_UNKNOWN,
	REPOSITORY_DEB,
	REPOSITORY_RPM_MD,
	REPOSITORY_DIRECTORY,   /* pages that list files, and no index */
	REPOSITORY_LAUNCHPAD,
	REPOSITORY_SNAPSHOT     /* snapshot.debian.org */
};

/* For messages. */
#define REPOSITORY_TYPES "'deb', 'rpm-md', 'directory', 'launchpad' or 'snapshot'"

enum repository_type repository_type__parse(const char *name);

struct repository {
	char *name;
	enum repository_type type;
	char **mirrors;         /* URLs in the manifest */
	bool mirrors_from_apt;  /* ask the machine's apt configuration before them */
	bool mirrors_from_user; /* nobody else knows any */
	char *metalink;         /* URL of what lists mirrors and repomd.xml's digests, or NULL */
	char *mirrorlist;       /* URL of what lists mirrors, or NULL */
	char *client_certificate; /* glob(7) of files that servers know the user by, or NULL */
	char *client_key;
	char *ca_certificate;   /* file of who signed the servers' certificates, or NULL */
	char **search;          /* launchpad, snapshot: what to ask for */
	char *files;            /* launchpad: URL that files are below */
	char *mirror_of;        /* has the mirrors of the repository of that name, or NULL */
	char **apt_suites;      /* more suites by which apt's entries for it are known */
	char *apt_signed_by;    /* fnmatch(3) pattern of a keyring that marks them, or NULL */
	char *origin;           /* what a deb index must say of itself, or NULL */
	char *label;
	char *component;        /* "main" */
	char **arches;          /* those of the manifest's that it has; NULL: all */
	bool signature_required; /* rpm-md: repomd.xml.asc must be there */
};

/*
 * Once all of the manifest is read: what is said in words is taken, and what must hold is
 * checked. NULL, or the key that is wrong, *why saying how.
 */
const char *repository__finish(struct repository *repository, const struct manifest *manifest,
			       struct error *why);
void repository__free(struct repository *repository);

#endif
