/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which packages hold kernels, and what `uname -r` each of them has: a manifest's rules,
 * as btfgen-manifest(5) describes them. Names in, an answer out: nothing here knows a
 * distribution.
 */
#ifndef BTFGEN_NAMING_H
#define BTFGEN_NAMING_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A package as an index lists it; lent. */
struct listed_package {
	const char *name;
	const char *version;    /* whole: [epoch:]version-release */
	const char *path;
	const char *sha256;     /* hex; NULL: the index gives none */
	uint64_t size;
	/* RPM, for templates; else NULL */
	const char *rpm_version, *rpm_release, *rpm_arch;
};

struct naming_rule {
	regex_t pattern;        /* of a package's name */
	char *template;         /* of `uname -r`, or NULL: the pattern's first group is it */
};

/* Packages of one purpose. Earlier rules are preferred. */
struct naming {
	char *text;             /* the rules as they stand in the manifest, or NULL */
	struct naming_rule *rules;
	size_t count;
	char *member;           /* fnmatch(3) patterns of a file in it, separated by spaces */
};

/* An RPM's release as an expression, whose groups templates can name. */
struct release_form {
	char *text;             /* NULL: any release will do, and has no groups */
	regex_t pattern;
	bool compiled;
};

/*
 * Compile the rules of `text`, words of PATTERN or PATTERN=TEMPLATE; a pattern without
 * both group and template takes `common`, which may be NULL. -EINVAL with *why, malloc'ed,
 * -ENOMEM. To be freed in each case.
 */
int naming__compile(struct naming *naming, const char *common, const struct release_form *form,
		    char **why);
void naming__free(struct naming *naming);

int release_form__compile(struct release_form *form, char **why);
void release_form__free(struct release_form *form);

/*
 * 1, a new *kernel_release and the number of the rule, for a kernel's package; 0 where no
 * rule matches the whole name, or the form not the whole release; -ENOMEM.
 */
int naming__match(const struct naming *naming, const struct release_form *form,
		  const struct listed_package *package, char **kernel_release, size_t *rule);

#endif
