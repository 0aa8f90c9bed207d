/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf.h>

#include <errno.h>
#include <string.h>

#include "ident.h"

const char *kbtf_match__text(enum kbtf_match match)
{
	switch (match) {
	case KBTF_MATCH_NONE:
		return "no entry of the archive fits this kernel";
	case KBTF_MATCH_KERNEL:
		return "the kernel brings its own BTF";
	case KBTF_MATCH_BUILD_ID:
		return "an entry has this kernel's build ID";
	case KBTF_MATCH_VERSION:
		return "an entry has this release, version string, architecture and distribution";
	case KBTF_MATCH_RELEASE:
		return "only one entry has this release";
	case KBTF_MATCH_AMBIGUOUS:
		return "several entries have this release, and nothing tells them apart";
	case KBTF_MATCH_PACKAGE:
		return "an entry has this release, package version, architecture and distribution";
	case KBTF_MATCH_SHORT_BUILD_ID:
		return "an entry has this release, architecture and the first bytes of this build ID";
	case KBTF_MATCH_INFERRED:
		return "inferred: no entry fits, but its neighbours relocate the object alike";
	}
	return "?";
}

/*
 * A build ID that is known on both sides and differs is another kernel, whatever its
 * release says: Debian and Ubuntu rebuild under one `uname -r`.
 */
static bool may_be(const struct kbtf_ident *entry, const struct kbtf_ident *ident)
{
	if (*ident->arch && strcmp(entry->arch, ident->arch) != 0)
		return false;
	if (entry->build_id_len && ident->build_id_len)
		return ident__same_build(entry, ident);
	return true;
}

/* What of two texts says whether they are of one build. */
enum agreement { UNKNOWN, SAME, OTHER };

static enum agreement compare_known(const char *a, const char *b)
{
	if (!*a || !*b)
		return UNKNOWN;
	return strcmp(a, b) == 0 ? SAME : OTHER;
}

/* The version string names the exact build of a release; the package's version does, too. */
static enum kbtf_match compare_builds(const struct kbtf_entry *entry,
				      const struct kbtf_ident *ident, const char *package_version)
{
	const char *packaged = kbtf_entry__provenance(entry)->package_version;
	enum kbtf_match match = KBTF_MATCH_VERSION;
	enum agreement builds = compare_known(kbtf_entry__ident(entry)->kernel_version,
					      ident->kernel_version);

	if (builds == UNKNOWN) {
		match = KBTF_MATCH_PACKAGE;
		builds = compare_known(packaged, package_version);
	}
	if (builds == UNKNOWN)
		return KBTF_MATCH_RELEASE;
	return builds == SAME ? match : KBTF_MATCH_NONE;
}

static bool same_distro(const struct kbtf_ident *entry, const struct kbtf_ident *ident)
{
	return *ident->arch && compare_known(entry->distro, ident->distro) == SAME &&
	       (compare_known(entry->distro_release, ident->distro_release) != OTHER ||
		distro_release__has(ident->distro_release, entry->distro_release));
}

static void select_by_release(const struct kbtf_archive *archive, const struct kbtf_ident *ident,
			      const char *package_version, struct kbtf_selection *out)
{
	const struct kbtf_entry *entry = NULL, *exact = NULL, *only = NULL;
	enum kbtf_match match, exact_match = KBTF_MATCH_NONE;
	size_t exact_count = 0, possible = 0;

	while ((entry = kbtf_archive__find_release(archive, ident->kernel_release, entry))) {
		const struct kbtf_ident *its = kbtf_entry__ident(entry);

		if (*ident->arch && strcmp(its->arch, ident->arch) != 0)
			continue;
		out->candidates++;
		match = compare_builds(entry, ident, package_version);
		if (!may_be(its, ident) || match == KBTF_MATCH_NONE)
			continue;
		possible++;
		only = entry;
		if (its->build_id_short && ident__same_build(its, ident)) {
			out->match = KBTF_MATCH_SHORT_BUILD_ID;
			out->entry = entry;
			return;
		}
		if (match == KBTF_MATCH_RELEASE || !same_distro(its, ident))
			continue;
		/* a version string says more than a package's version */
		if (exact_match == KBTF_MATCH_VERSION && match != exact_match)
			continue;
		exact_count = match == exact_match ? exact_count + 1 : 1;
		exact = entry;
		exact_match = match;
	}
	if (exact_count == 1) {
		out->match = exact_match;
		out->entry = exact;
	} else if (possible == 1) {
		out->match = KBTF_MATCH_RELEASE;
		out->entry = only;
	} else if (possible > 1) {
		out->match = KBTF_MATCH_AMBIGUOUS;
	}
}

int kbtf_select(const struct kbtf_archive *archive, const struct kbtf_ident *given,
		const struct kbtf_select_opts *given_opts, struct kbtf_selection *out)
{
	struct kbtf_select_opts opts;
	struct kbtf_ident ident;
	int err = ident__normalize_host(given, given_opts, &ident, &opts);

	if (err)
		return err;
	*out = (struct kbtf_selection){};
	if (opts.kernel_btf) {
		out->match = KBTF_MATCH_KERNEL;
		return 0;
	}
	if (!archive)
		return 0;
	out->entry = kbtf_archive__find_build_id(archive, ident.build_id, ident.build_id_len);
	if (out->entry)
		out->match = KBTF_MATCH_BUILD_ID;
	else if (*ident.kernel_release)
		select_by_release(archive, &ident, opts.package_version, out);
	return 0;
}

/* ---- what comes close ---------------------------------------------------------------- */

static const struct kbtf_entry *next_of_series(const struct kbtf_archive *archive,
					       const char *kernel_release,
					       const struct kbtf_entry *after)
{
	size_t len = strspn(kernel_release, "0123456789."), i = 0;

	while (after && i < kbtf_archive__entry_count(archive) &&
	       kbtf_archive__entry(archive, i++) != after)
		continue;
	for (; len && i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		const char *its = kbtf_entry__ident(entry)->kernel_release;

		if (strncmp(its, kernel_release, len) == 0 && strspn(its, "0123456789.") == len)
			return entry;
	}
	errno = ENOENT;
	return NULL;
}

const struct kbtf_entry *kbtf_closest(const struct kbtf_archive *archive,
				      const struct kbtf_ident *given,
				      const struct kbtf_entry *after)
{
	struct kbtf_ident ident;
	int err = ident__normalize(given, &ident);

	if (err) {
		errno = -err;
		return NULL;
	}
	if (!*ident.kernel_release ||
	    kbtf_archive__find_release(archive, ident.kernel_release, NULL))
		return kbtf_archive__find_release(archive, ident.kernel_release, after);
	return next_of_series(archive, ident.kernel_release, after);
}

const char *kbtf_entry__difference(const struct kbtf_entry *entry, const struct kbtf_ident *given)
{
	const struct kbtf_ident *its = kbtf_entry__ident(entry);
	struct kbtf_ident ident;

	if (ident__normalize(given, &ident) < 0)
		return "";
	if (strcmp(its->kernel_release, ident.kernel_release) != 0)
		return "another release";
	if (compare_known(its->arch, ident.arch) == OTHER)
		return "another architecture";
	if (!may_be(its, &ident))
		return "another build: its build ID is another";
	if (compare_known(its->kernel_version, ident.kernel_version) == OTHER)
		return "another build: its version string is another";
	return "may be it";
}
