/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which BTF an object is relocated against. */
#include "object.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ident.h"

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

static int read_entry(struct kbtf_object *object, const struct kbtf_object_opts *opts,
		      const struct kbtf_entry *entry, const uint8_t sha256[SHA256_SIZE],
		      void **data, size_t *size)
{
	const struct kbtf_profile *profile =
		opts->full_btf ? NULL : kbtf_archive__find_profile(opts->archive, sha256);
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	int err;

	if (profile && kbtf_entry__min_size(entry, profile)) {
		err = kbtf_entry__read_min(entry, profile, data, size);
		remarks__add(&object->remarks, KBTF_REMARK_BTF,
			     "BTF of %s from the archive, minimized for this object (%zu bytes)",
			     release, err ? 0 : *size);
	} else {
		err = kbtf_entry__read_btf(entry, data, size);
		remarks__add(&object->remarks, KBTF_REMARK_BTF,
			     "BTF of %s from the archive, in full (%zu bytes)", release,
			     err ? 0 : *size);
	}
	if (err)
		remarks__add(&object->remarks, KBTF_REMARK_PROBLEM,
			     "the archive's BTF of %s is damaged", release);
	return err;
}

static int from_archive(struct kbtf_object *object, const struct kbtf_object_opts *opts,
			const struct kbtf_selection *selection, const uint8_t sha256[SHA256_SIZE])
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int err;

	remarks__add(&object->remarks, KBTF_REMARK_BTF, "%s", kbtf_match__text(selection->match));
	err = read_entry(object, opts, selection->entry, sha256, &data, &size);
	return err ? err : hand_over(object, data, size);
}

static int no_btf(struct kbtf_object *object, const struct kbtf_ident *ident,
		  enum kbtf_match match, bool needed)
{
	remarks__add(&object->remarks, needed ? KBTF_REMARK_PROBLEM : KBTF_REMARK_BTF,
		     "no BTF for %s %s: %s%s%s", ident->kernel_release, ident->arch,
		     kbtf_match__text(match), needed ? "; build it with: btfgen build --kernel " : "",
		     needed ? ident->kernel_release : "");
	if (!needed)
		return 0;
	return match == KBTF_MATCH_AMBIGUOUS ? -ENOTUNIQ : -ENOENT;
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

int object__choose_btf(struct kbtf_object *object, const struct kbtf_object_opts *opts,
		       const uint8_t sha256[SHA256_SIZE], bool needed)
{
	struct kbtf_host *own __attribute__((__cleanup__(host_freep))) = NULL;
	const struct kbtf_host *host = opts->host;
	struct kbtf_select_opts select_opts = { .sz = sizeof(select_opts) };
	struct kbtf_selection selection;
	int err;

	if (opts->btf_file) {
		remarks__add(&object->remarks, KBTF_REMARK_BTF, "BTF of the file %s", opts->btf_file);
		object->btf_path = strdup(opts->btf_file);
		return object->btf_path ? 0 : -ENOMEM;
	}
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
	if (!selection.entry)
		return no_btf(object, kbtf_host__ident(host), selection.match, needed);
	return from_archive(object, opts, &selection, sha256);
}
