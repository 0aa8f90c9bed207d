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

static bool same_version(const struct kbtf_ident *entry, const struct kbtf_ident *ident)
{
	return *ident->kernel_version && *ident->arch && *ident->distro &&
	       strcmp(entry->kernel_version, ident->kernel_version) == 0 &&
	       strcmp(entry->distro, ident->distro) == 0 &&
	       (!*entry->distro_release || !*ident->distro_release ||
		strcmp(entry->distro_release, ident->distro_release) == 0);
}

/* Known on both sides and different: the string names the exact build of a release. */
static bool other_version(const struct kbtf_ident *entry, const struct kbtf_ident *ident)
{
	return *entry->kernel_version && *ident->kernel_version &&
	       strcmp(entry->kernel_version, ident->kernel_version) != 0;
}

static void select_by_release(const struct kbtf_archive *archive, const struct kbtf_ident *ident,
			      struct kbtf_selection *out)
{
	const struct kbtf_entry *entry = NULL, *exact = NULL, *only = NULL;
	size_t exact_count = 0, possible = 0;

	while ((entry = kbtf_archive__find_release(archive, ident->kernel_release, entry))) {
		const struct kbtf_ident *its = kbtf_entry__ident(entry);

		if (*ident->arch && strcmp(its->arch, ident->arch) != 0)
			continue;
		out->candidates++;
		if (!may_be(its, ident) || other_version(its, ident))
			continue;
		possible++;
		only = entry;
		if (same_version(its, ident)) {
			exact_count++;
			exact = entry;
		}
	}
	if (exact_count == 1) {
		out->match = KBTF_MATCH_VERSION;
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
	struct kbtf_select_opts opts = {};
	struct kbtf_ident ident;
	int err = ident__normalize(given, &ident);

	if (!err && given_opts)
		err = versioned__copy(&opts, sizeof(opts), given_opts);
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
		select_by_release(archive, &ident, out);
	return 0;
}
