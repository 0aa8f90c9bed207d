/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which BTF an object is relocated against. */
#include "object.h"

#include <fcntl.h>
#include <kbtf_core.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "ident.h"

#define CLOSEST_SHOWN 3

DEFINE_CLEANUP(host_freep, struct kbtf_host, kbtf_host__free)

/* A file in memory, sealed, that libbpf opens by its path under /proc/self/fd. */
static int hand_over(struct kbtf_object *object, const void *data, size_t size)
{
	int err;

	object->btf_fd = memfd_create("kbtf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (object->btf_fd < 0)
		return -errno;
	err = file__write(object->btf_fd, data, size);
	if (err)
		return err;
	if (fcntl(object->btf_fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	if (asprintf(&object->btf_path, "/proc/self/fd/%d", object->btf_fd) < 0) {
		object->btf_path = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Another build of the object: one of its name, up to the first dot as libbpf names it. */
static const char *find_other_build(const struct kbtf_profile *profile, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < kbtf_profile__object_count(profile); i++) {
		const char *its = kbtf_profile__object(profile, i)->name;

		if (len && strcspn(its, ".") == len && strncmp(its, name, len) == 0)
			return its;
	}
	return NULL;
}

/* The profile whose minimized BTF will do; of what will not, why. */
static const struct kbtf_profile *find_profile(struct kbtf_object *object,
					       const struct kbtf_object_opts *opts,
					       const struct kbtf_entry *entry,
					       const uint8_t sha256[SHA256_SIZE])
{
	const struct kbtf_profile *own = kbtf_archive__find_min(opts->archive, entry, sha256);
	const char *stale = NULL, *name = opts->object_name ? opts->object_name : "";
	size_t others = 0;

	if (own)
		return own;
	for (size_t i = 0; i < kbtf_archive__profile_count(opts->archive); i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(opts->archive, i);
		const char *other;

		if (!kbtf_entry__min_size(entry, profile))
			continue;
		others++;
		other = find_other_build(profile, name);
		stale = other ? other : stale;
	}
	if (stale)
		remarks__add(&object->remarks, KBTF_REMARK_WARNING,
			     "the archive's minimized BTF is for another build of %s%s; to minimize for "
			     "this one: btfgen build --for OBJECT", stale,
			     kbtf_entry__btf_size(entry) ? ": BTF in full is taken" : "");
	else if (others && !kbtf_entry__btf_size(entry))
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "the archive holds BTF of this kernel that was minimized for other objects, "
			     "and no other: make it anew for this one, by btfgen export --format embed "
			     "--for OBJECT");
	else if (others)
		remarks__add(&object->remarks, KBTF_REMARK_BTF,
			     "the archive's minimized BTF is for other objects, so it is not taken");
	return NULL;
}

static int read_entry(struct kbtf_object *object, const struct kbtf_object_opts *opts,
		      const struct kbtf_entry *entry, const uint8_t sha256[SHA256_SIZE],
		      void **data, size_t *size)
{
	const struct kbtf_profile *profile =
		opts->full_btf ? NULL : find_profile(object, opts, entry, sha256);
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	int err = profile ? kbtf_entry__read_min(entry, profile, data, size) :
		  object->needs_functions ? kbtf_entry__read_btf(entry, data, size)
					  : kbtf_entry__read_data_types(entry, data, size);

	if (err == -ENOENT)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "the archive has no full BTF of %s",
			     release);
	else if (err)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "the archive's %sBTF of %s %s",
			     profile ? "minimized " : "", release, err == -EBADMSG ?
			     "is damaged: fetch or build it anew" : strerror(-err));
	else
		remarks__add(&object->remarks, KBTF_REMARK_BTF, "BTF of %s from the archive, %s "
			     "(%zu bytes)", release, profile ? "minimized for this object" :
			     object->needs_functions ? "in full" : "in full but for functions",
			     *size);
	return err;
}

static int from_archive(struct kbtf_object *object, const struct kbtf_object_opts *opts,
			const struct kbtf_selection *selection, const void *file, size_t file_size)
{
	_cleanup_free_ void *data = NULL;
	uint8_t sha256[SHA256_SIZE];
	size_t size;
	int err;

	remarks__add(&object->remarks, KBTF_REMARK_BTF, "%s", kbtf_match__text(selection->match));
	sha256__of(file, file_size, sha256);
	err = read_entry(object, opts, selection->entry, sha256, &data, &size);
	return err ? err : hand_over(object, data, size);
}

/* ---- where no entry fits ------------------------------------------------------------------- */

/*
 * The last resort: the former of the kernel's neighbours, if they agree. *words says what of
 * them, which is nothing if nobody wants to know and there are none.
 */
static int try_neighbours(const struct kbtf_object_opts *opts, const struct kbtf_ident *ident,
			  const struct kbtf_select_opts *select_opts, const void *file,
			  size_t file_size, struct kbtf_selection *selection, struct buf *words)
{
	struct kbtf_neighbours neighbours;
	const char *before, *after;
	char why[512];
	int err = kbtf_neighbours__find(opts->archive, ident, select_opts, &neighbours);

	if (err)
		return err;
	before = neighbours.before ? kbtf_entry__ident(neighbours.before)->kernel_release : "";
	after = neighbours.after ? kbtf_entry__ident(neighbours.after)->kernel_release : "";
	if (!opts->infer) {
		if (*before && *after)
			buf__printf(words, "the archive has its neighbours %s and %s; what they agree on "
				    "is taken if asked for (btfload --infer)", before, after);
		return 0;
	}
	err = kbtf_neighbours__prove(opts->archive, &neighbours, file, file_size, why, sizeof(why));
	if (err) {
		buf__printf(words, "nothing can be inferred from its neighbours: %s", why);
		return err == -ENOMEM ? err : 0;
	}
	buf__printf(words, "its neighbours %s and %s agree on all relocations of this object", before,
		    after);
	selection->match = KBTF_MATCH_INFERRED;
	selection->entry = neighbours.before;
	return 0;
}

/* The entries that come closest, and why they are not it. */
static void remark_closest(struct kbtf_object *object, const struct kbtf_archive *archive,
			   const struct kbtf_ident *ident, enum kbtf_remark_kind kind)
{
	const struct kbtf_entry *entry = NULL;

	for (int i = 0; i < CLOSEST_SHOWN && (entry = kbtf_closest(archive, ident, entry)); i++) {
		const struct kbtf_ident *its = kbtf_entry__ident(entry);

		remarks__add(&object->remarks, kind, "the archive has %s %s %s %s %s: %s", its->distro,
			     its->distro_release, its->kernel_release, its->kernel_version,
			     its->arch, kbtf_entry__difference(entry, ident));
	}
}

static int no_btf(struct kbtf_object *object, const struct kbtf_archive *archive,
		  const struct kbtf_ident *ident, enum kbtf_match match)
{
	bool needed = object->needs_btf;
	enum kbtf_remark_kind kind = needed ? KBTF_REMARK_PROBLEM : KBTF_REMARK_BTF;

	remarks__add(&object->remarks, kind, "no BTF for %s %s: %s%s%s", ident->kernel_release,
		     ident->arch, archive ? kbtf_match__text(match) :
		     "the kernel's own is not there or not wanted, and no archive was given",
		     needed ? "; build it with: btfgen build --kernel " : "",
		     needed ? ident->kernel_release : "");
	if (archive)
		remark_closest(object, archive, ident, kind);
	if (!needed)
		return 0;
	return match == KBTF_MATCH_AMBIGUOUS ? -ENOTUNIQ : -ENOENT;
}

/* libbpf opens it at load only, and then says no more than an errno. */
static int from_file(struct kbtf_object *object, const char *path)
{
	remarks__add(&object->remarks, KBTF_REMARK_BTF, "BTF of the file %s", path);
	if (access(path, R_OK) < 0) {
		int err = -errno;

		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM, "BTF of the file %s: %s", path,
			     strerror(-err));
		return err;
	}
	object->btf_path = strdup(path);
	return object->btf_path ? 0 : -ENOMEM;
}

static void remark_host(struct kbtf_object *object, const struct kbtf_host *host)
{
	const struct kbtf_ident *ident = kbtf_host__ident(host);
	const char *package = kbtf_host__package_version(host);
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];

	remarks__add(&object->remarks, KBTF_REMARK_BTF, "kernel %s %s %s (%s)", ident->kernel_release,
		     ident->kernel_version, ident->arch,
		     kbtf_host__source(host, KBTF_HOST_KERNEL_RELEASE));
	remarks__add(&object->remarks, KBTF_REMARK_BTF,
		     "build ID %s (%s), distribution %s%s%s (%s), package version %s (%s)",
		     ident->build_id_len ? hex__encode(ident->build_id, ident->build_id_len, build_id)
					 : "unknown", kbtf_host__source(host, KBTF_HOST_BUILD_ID),
		     *ident->distro ? ident->distro : "unknown", *ident->distro_release ? " " : "",
		     ident->distro_release, kbtf_host__source(host, KBTF_HOST_DISTRO),
		     *package ? package : "unknown",
		     kbtf_host__source(host, KBTF_HOST_PACKAGE_VERSION));
}

int object__choose_btf(struct kbtf_object *object, const void *data, size_t size,
		       const struct kbtf_object_opts *opts)
{
	struct kbtf_host *own __attribute__((__cleanup__(host_freep))) = NULL;
	const struct kbtf_host *host = opts->host;
	struct kbtf_select_opts select_opts = { .sz = sizeof(select_opts) };
	struct kbtf_selection selection;
	_cleanup_buf_ struct buf words = {};
	int err;

	if (opts->btf_file)
		return from_file(object, opts->btf_file);
	if (!host)
		host = own = kbtf_host__new(NULL);
	if (!host)
		return -errno;
	remark_host(object, host);
	select_opts.kernel_btf = kbtf_host__kernel_btf(host) && !opts->no_kernel_btf;
	select_opts.package_version = kbtf_host__package_version(host);
	err = kbtf_select(opts->archive, kbtf_host__ident(host), &select_opts, &selection);
	if (err)
		return err;
	if (selection.match == KBTF_MATCH_KERNEL) {
		remarks__add(&object->remarks, KBTF_REMARK_BTF, "%s",
			     kbtf_match__text(selection.match));
		return 0;
	}
	if (selection.match == KBTF_MATCH_NONE && opts->archive && object->needs_btf)
		err = try_neighbours(opts, kbtf_host__ident(host), &select_opts, data, size, &selection,
				     &words);
	if (err)
		return err;
	err = selection.entry ? from_archive(object, opts, &selection, data, size)
			      : no_btf(object, opts->archive, kbtf_host__ident(host), selection.match);
	if (words.len)
		remarks__add(&object->remarks, selection.entry ? KBTF_REMARK_BTF : KBTF_REMARK_PROBLEM,
			     "%s", buf__cstr(&words) ?: strerror(ENOMEM));
	return err;
}
