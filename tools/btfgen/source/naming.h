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
	regex_t name;           /* of a package */
	regex_t release;        /* of an RPM, if `has_release` */
	bool has_release;
	char *template;         /* of `uname -r`, or NULL: the name's first group is it */
};

/* Packages of one purpose. Earlier rules are preferred. */
struct naming {
	char *text;             /* the rules as they stand in the manifest, or NULL */
	struct naming_rule *rules;
	size_t count;
	char *member;           /* fnmatch(3) patterns of a file in it, separated by spaces */
};

/*
 * Compile the rules of `text`, words of NAME[@RELEASE][=TEMPLATE]; one without both group
 * and template takes `common`, which may be NULL. -EINVAL with *why, malloc'ed, -ENOMEM.
 * To be freed in each case.
 */
int naming__compile(struct naming *naming, const char *common, char **why);
void naming__free(struct naming *naming);

/*
 * 1, a new *kernel_release and the number of the rule, for a kernel's package; 0 where no
 * rule matches the whole name and release; -ENOMEM.
 */
int naming__match(const struct naming *naming, const struct listed_package *package,
		  char **kernel_release, size_t *rule);

#endif
