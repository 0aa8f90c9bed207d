/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The manifests of a directory, and what of them the user asks for, by names that they know. */
#ifndef BTFGEN_MANIFEST_SET_H
#define BTFGEN_MANIFEST_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "source/manifest.h"

/* Lists are NULL-ended; NULL is no restriction. Names are compared without case. */
struct selection {
	const char *directory;
	const char *const *distros;   /* "debian" */
	const char *const *releases;  /* VERSION_ID "12" or codename "bookworm" */
	const char *const *arches;    /* "x86_64" or an alias, "amd64" */
	const char *const *mirrors;   /* "URL" or "REPOSITORY=URL", see mirrors.h */
};

struct manifest_set {
	struct manifest **items;
	size_t count;
};

/*
 * All manifests of the directory, into *set, which is zero and to be freed in each case. Errors:
 * -ENOENT (there is none, or none knows a name: the text lists those there are), -EINVAL (a
 * manifest's line is wrong), those of scandir(3), -ENOMEM.
 */
int manifest_set__read(const struct selection *selection, struct manifest_set *set,
		       struct error *err);
void manifest_set__free(struct manifest_set *set);

bool selection__has_distro(const struct selection *selection, const struct manifest *manifest);
bool selection__has_release(const struct selection *selection, const struct release *release);
bool selection__has_arch(const struct selection *selection, const struct architecture *arch);

#endif
