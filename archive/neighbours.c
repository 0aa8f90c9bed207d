/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which archived kernels stand next to one that is not there. */
#include <kbtf.h>

#include <string.h>

#include "base/release.h"
#include "ident.h"

/* Of one distribution's series of builds. What is unknown belongs to none. */
static bool is_kin(const struct kbtf_ident *entry, const struct kbtf_ident *ident)
{
	return *ident->distro && *ident->arch && strcmp(entry->distro, ident->distro) == 0 &&
	       distro_release__has(ident->distro_release, entry->distro_release) &&
	       strcmp(entry->arch, ident->arch) == 0 &&
	       release__same_flavour(entry->kernel_release, ident->kernel_release);
}

/* Builds of one release are told apart by their packages' versions, if those are known. */
static int compare_age(const char *release, const char *package_version,
		       const char *other_release, const char *other_package_version)
{
	int order = release__compare(release, other_release);

	if (order || !*package_version || !*other_package_version)
		return order;
	return release__compare(package_version, other_package_version);
}

static int compare_entries(const struct kbtf_entry *a, const struct kbtf_entry *b)
{
	return compare_age(kbtf_entry__ident(a)->kernel_release,
			   kbtf_entry__provenance(a)->package_version,
			   kbtf_entry__ident(b)->kernel_release,
			   kbtf_entry__provenance(b)->package_version);
}

int kbtf_neighbours__find(const struct kbtf_archive *archive, const struct kbtf_ident *given,
			  const struct kbtf_select_opts *given_opts, struct kbtf_neighbours *out)
{
	struct kbtf_select_opts opts;
	struct kbtf_ident ident;
	int err = ident__normalize_host(given, given_opts, &ident, &opts);

	if (err)
		return err;
	*out = (struct kbtf_neighbours){};
	for (size_t i = 0; archive && i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		const struct kbtf_ident *its = kbtf_entry__ident(entry);
		int order;

		if (!*ident.kernel_release || !is_kin(its, &ident))
			continue;
		order = compare_age(its->kernel_release,
				    kbtf_entry__provenance(entry)->package_version,
				    ident.kernel_release, opts.package_version);
		if (order < 0 && (!out->before || compare_entries(entry, out->before) >= 0))
			out->before = entry;
		if (order > 0 && (!out->after || compare_entries(entry, out->after) < 0))
			out->after = entry;
	}
	return 0;
}
