/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "places.h"

#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/log.h"
#include "base/workdir.h"
#include "bytes.h"
#include "tar_file.h"

/* Entries are sorted by these four first. */
static bool same_place(const struct kbtf_entry *a, const struct kbtf_entry *b)
{
	const struct kbtf_ident *x = kbtf_entry__ident(a), *y = kbtf_entry__ident(b);

	return strcmp(x->distro, y->distro) == 0 &&
	       strcmp(x->distro_release, y->distro_release) == 0 &&
	       strcmp(x->arch, y->arch) == 0 && strcmp(x->kernel_release, y->kernel_release) == 0;
}

int places__visit(const struct kbtf_archive *archive, const struct entry_filter *filter,
		  visit_place *visit, void *ctx, size_t *visited, struct error *err)
{
	const struct kbtf_entry *entry, *last = NULL;
	bool left_out = false;
	size_t index = 0;

	*visited = 0;
	while ((entry = entry_filter__next(filter, archive, &index))) {
		int res;

		if (cancel__requested())
			return error__set(err, ECANCELED, "interrupted");
		if (last && same_place(last, entry)) {
			const struct kbtf_ident *ident = kbtf_entry__ident(entry);

			log__error("%s: there is one place for it, and the archive has more than one "
				   "build of it: %s is left out; name one with --build-id",
				   ident->kernel_release, ident->kernel_version);
			left_out = true;
			continue;
		}
		res = visit(ctx, entry, err);
		if (res < 0)
			return res;
		left_out |= res > 0;
		*visited += res == 0;
		last = entry;
	}
	if (left_out)
		return error__set(err, ENOTUNIQ, "%zu written, not all", *visited);
	return *visited ? 0 : error__set(err, ESRCH, "the archive has no such entry; `btfgen stats "
					 "--list` shows what it holds");
}

/* ---- a tree of files ----------------------------------------------------------------------------- */

struct tree {
	const struct entry_source *source;
	const char *out;
	bool packed;
};

/* The one member RELEASE.btf. */
static int write_packed(const char *path, const char *release, const void *data, size_t size,
			struct error *err)
{
	_cleanup_buf_ struct buf out = {};
	_cleanup_free_ char *member = NULL;
	struct tar_file *tar;
	int res;

	if (asprintf(&member, "%s.btf", release) < 0) {
		member = NULL;
		return error__oom(err);
	}
	tar = tar_file__new(TAR_XZ, &out);
	res = tar ? tar_file__add(tar, member, data, size) : -ENOMEM;
	if (!res)
		res = tar_file__finish(tar);
	tar_file__free(tar);
	return res ? error__set(err, res, "%s: can't make it: %s", path, strerror(-res))
		   : bytes__write(path, out.data, out.len, err);
}

/* A name from an archive becomes one component of a path, whatever it says. */
static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int write_into_tree(void *ctx, const struct kbtf_entry *entry, struct error *err)
{
	const struct tree *it = ctx;
	const struct kbtf_ident *ident = kbtf_entry__ident(entry);
	const char *distro = *ident->distro ? ident->distro : "unknown";
	const char *release = *ident->distro_release ? ident->distro_release : "unknown";
	_cleanup_free_ char *dir = NULL, *path = NULL;
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res;

	if (!is_component(distro) || !is_component(release) || !is_component(ident->arch) ||
	    !is_component(ident->kernel_release))
		return error__set(err, EINVAL, "%s: the entry's names can't be a path",
				  ident->kernel_release);
	res = entry_source__read(it->source, entry, &data, &size, err);
	if (res)
		return res;
	if (asprintf(&dir, "%s/%s/%s/%s", it->out, distro, release, ident->arch) < 0 ||
	    asprintf(&path, "%s/%s.btf%s", dir, ident->kernel_release,
		     it->packed ? ".tar.xz" : "") < 0)
		return error__oom(err);
	res = make_dirs(dir);
	if (res)
		return error__set(err, res, "%s: can't make this directory: %s", dir,
				  strerror(-res));
	return it->packed ? write_packed(path, ident->kernel_release, data, size, err)
			  : bytes__write(path, data, size, err);
}

int places__write_tree(const struct entry_source *source, const struct entry_filter *filter,
		       bool packed, const char *out, size_t *written, struct error *err)
{
	struct tree it = { source, out, packed };

	return places__visit(source->archive, filter, write_into_tree, &it, written, err);
}

/* ---- bcc's tar ------------------------------------------------------------------------------------- */

/* They have room for so many bytes of a path, its NUL included, and see none of a tar's prefix. */
#define BCC_PATH_SIZE 100

struct bcc {
	const struct entry_source *source;
	struct tar_file *tar;
};

/*
 * Their reading of os-release keeps the quotes around an ID, and knows a VERSION_ID only with
 * quotes. These distributions write the one without; of those, Fedora writes the other so, too.
 */
static bool writes_bare_id(const char *distro)
{
	static const char *const bare[] = { "debian", "ubuntu", "fedora" };

	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (strcmp(distro, bare[i]) == 0)
			return true;
	return false;
}

static int add_path(const struct bcc *it, const struct kbtf_ident *ident, const char *quote,
		    const char *release, const void *data, size_t size)
{
	char path[BCC_PATH_SIZE];
	int len = snprintf(path, sizeof(path), "./%s%s%s/%s/%s/%s.btf", quote, ident->distro, quote,
			   release, ident->arch, ident->kernel_release);

	return (size_t)len < sizeof(path) ? tar_file__add(it->tar, path, data, size) : -ENAMETOOLONG;
}

static int add_to_bcc(void *ctx, const struct kbtf_entry *entry, struct error *err)
{
	const struct bcc *it = ctx;
	const struct kbtf_ident *ident = kbtf_entry__ident(entry);
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res;

	if (!is_component(ident->distro) || !is_component(ident->distro_release)) {
		log__error("%s: bcc's tools look for it by distribution and release, which are not "
			   "known; it is left out", ident->kernel_release);
		return 1;
	}
	res = entry_source__read(it->source, entry, &data, &size, err);
	if (res)
		return res;
	res = add_path(it, ident, "", ident->distro_release, data, size);
	if (!res && !writes_bare_id(ident->distro))
		res = add_path(it, ident, "\"", ident->distro_release, data, size);
	if (!res && strcmp(ident->distro, "fedora") == 0)
		res = add_path(it, ident, "", "", data, size);
	if (res == -ENAMETOOLONG) {
		log__error("%s: bcc's tools have no room for its path; it is left out",
			   ident->kernel_release);
		return 1;
	}
	return res ? error__set(err, res, "%s: %s", ident->kernel_release, strerror(-res)) : 0;
}

int places__write_bcc(const struct entry_source *source, const struct entry_filter *filter,
		      const char *out, size_t *written, struct error *err)
{
	_cleanup_buf_ struct buf bytes = {};
	struct bcc it = { source, tar_file__new(TAR_GZIP, &bytes) };
	struct error write_err = {};
	int res = it.tar ? places__visit(source->archive, filter, add_to_bcc, &it, written, err)
			 : error__oom(err);
	int done = 0;

	/* what has a place is written, though others have none */
	if ((!res || res == -ENOTUNIQ) && *written) {
		done = tar_file__finish(it.tar);
		done = done ? error__set(&write_err, done, "%s: can't make it: %s", out, strerror(-done))
			    : bytes__write(out, bytes.data, bytes.len, &write_err);
	}
	tar_file__free(it.tar);
	if (done)
		*err = write_err;
	return done ? done : res;
}
