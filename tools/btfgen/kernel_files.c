/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_files.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"

/*
 * By name, since a build tree has thousands of ELF files: modules, objects, the parts of
 * vmlinux. Ends of names that packages of no kernel have as well are told by what is in them.
 */
static bool may_hold_kernel(const char *name)
{
	static const char *const patterns[] = {
		"*.deb", "*.ddeb", "*.rpm", "*.btf.tar.xz", "vmlinux", "vmlinux-*", "vmlinux.debug",
		"vmlinuz", "vmlinuz-*", "bzImage",
	};
	static const char *const others[] = { "*.src.rpm", "*.nosrc.rpm" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!fnmatch(others[i], name, 0))
			return false;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strverscmp((*a)->fts_name, (*b)->fts_name);
}

static int walk(FTS *tree, char ***paths, struct error *err)
{
	FTSENT *file;

	while ((file = fts_read(tree))) {
		switch (file->fts_info) {
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			return error__set(err, EIO, "%s: %s", file->fts_path,
					  strerror(file->fts_errno));
		case FTS_F:
			if (may_hold_kernel(file->fts_name) && words__add(paths, file->fts_path))
				return error__oom(err);
			break;
		default:
			break;
		}
	}
	return 0;
}

int kernel_files__find(const char *directory, char ***paths, struct error *err)
{
	_cleanup_free_ char *copy = strdup(directory);
	_cleanup_words_ char **found = words__split(NULL);
	char *roots[] = { copy, NULL };
	FTS *tree;
	int ret;

	if (!copy || !found)
		return error__oom(err);
	for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/';)
		copy[--len] = '\0';
	tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	if (!tree)
		return error__set(err, EIO, "%s: %s", directory, strerror(errno));
	ret = walk(tree, &found, err);
	fts_close(tree);
	if (!ret)
		*paths = steal_ptr(found);
	return ret;
}
