/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/manifest_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "source/mirrors.h"

static int is_manifest(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 && !strcmp(entry->d_name + len - 4, ".ini");
}

static int add_manifest(struct manifest_set *set, const char *path, struct error *err)
{
	struct manifest **manifests = reallocarray(set->items, set->count + 1, sizeof(*manifests));
	int ret;

	if (!manifests)
		return error__oom(err);
	set->items = manifests;
	ret = manifest__read(path, &manifests[set->count], err);
	if (!ret)
		set->count++;
	return ret;
}

static int read_directory(const char *directory, struct manifest_set *set, struct error *err)
{
	struct dirent **names;
	int count = scandir(directory, &names, is_manifest, alphasort), ret = 0;

	if (count < 0)
		return error__set(err, errno, "the manifests' directory %s cannot be read: %s",
				  directory, strerror(errno));
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = NULL;

		if (!ret && asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0) {
			path = NULL;
			ret = error__oom(err);
		}
		if (!ret)
			ret = add_manifest(set, path, err);
		free(names[i]);
	}
	free(names);
	if (!ret && !count)
		ret = error__set(err, ENOENT, "there is no manifest (*.ini) in %s", directory);
	return ret;
}

/* Names that a user may write on every distribution. */
static const char *canonical_arch(const char *name)
{
	if (!strcasecmp(name, "amd64"))
		return "x86_64";
	if (!strcasecmp(name, "arm64"))
		return "aarch64";
	return name;
}

bool selection__has_distro(const struct selection *selection, const struct manifest *manifest)
{
	return words__allow(selection->distros, manifest->id);
}

bool selection__has_release(const struct selection *selection, const struct release *release)
{
	return words__allow(selection->releases, release->version) ||
	       words__allow(selection->releases, release->codename);
}

static bool is_arch(const struct architecture *arch, const char *name)
{
	return !strcasecmp(arch->name, canonical_arch(name)) || !strcasecmp(arch->alias, name);
}

bool selection__has_arch(const struct selection *selection, const struct architecture *arch)
{
	if (!selection->arches)
		return true;
	for (size_t i = 0; selection->arches[i]; i++)
		if (is_arch(arch, selection->arches[i]))
			return true;
	return false;
}

/* The names of one kind that the manifests know, for messages and to check the user's. */
static int add_names(const struct selection *selection, const struct manifest *manifest,
		     char kind, char ***names, char ***aliases)
{
	int ret = 0;

	if (kind == 'd')
		return words__add(names, manifest->id);
	if (!selection__has_distro(selection, manifest))
		return 0;
	for (size_t i = 0; kind == 'r' && !ret && i < manifest->release_count; i++) {
		ret = words__add(names, manifest->releases[i].codename);
		if (!ret)
			ret = words__add(aliases, manifest->releases[i].version);
	}
	for (size_t i = 0; kind == 'a' && !ret && i < manifest->arch_count; i++) {
		if (!words__count((const char *const *)*names) ||
		    !words__allow((const char *const *)*names, manifest->arches[i].name))
			ret = words__add(names, manifest->arches[i].name);
		if (!ret)
			ret = words__add(aliases, manifest->arches[i].alias);
	}
	return ret;
}

/* A name that no manifest knows is a slip of the pen, not an empty result. */
static int check_names(const struct selection *selection, const struct manifest_set *set,
		       const char *const *asked, char kind, const char *what, struct error *err)
{
	_cleanup_words_ char **names = words__split(NULL), **aliases = words__split(NULL);
	_cleanup_free_ char *known = NULL;

	if (!names || !aliases)
		return error__oom(err);
	for (size_t i = 0; i < set->count; i++)
		if (add_names(selection, set->items[i], kind, &names, &aliases))
			return error__oom(err);
	for (; asked && *asked; asked++) {
		const char *name = kind == 'a' ? canonical_arch(*asked) : *asked;

		if (words__allow((const char *const *)names, name) ||
		    words__allow((const char *const *)aliases, name))
			continue;
		known = words__join((const char *const *)names);
		return error__set(err, ENOENT, "no manifest in %s knows %s '%s'; there are: %s",
				  selection->directory, what, *asked, known ? known : "");
	}
	return 0;
}

static int check_mirrors(const struct selection *selection, const struct manifest_set *set,
			 struct error *err)
{
	const char *const *given = selection->mirrors;

	for (; given && *given; given++) {
		bool known = false;

		for (size_t i = 0; i < set->count; i++)
			known |= mirrors__is_for(set->items[i], *given);
		if (!known)
			return error__set(err, ENOENT,
					  "--mirror %s: no manifest in %s has a repository of "
					  "that name",
					  *given, selection->directory);
	}
	return 0;
}

int manifest_set__read(const struct selection *selection, struct manifest_set *set,
		       struct error *err)
{
	int ret = read_directory(selection->directory, set, err);

	if (!ret)
		ret = check_names(selection, set, selection->distros, 'd', "distribution", err);
	if (!ret)
		ret = check_names(selection, set, selection->releases, 'r', "release", err);
	if (!ret)
		ret = check_names(selection, set, selection->arches, 'a', "architecture", err);
	return ret ? ret : check_mirrors(selection, set, err);
}

void manifest_set__free(struct manifest_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		manifest__free(set->items[i]);
	free(set->items);
	*set = (struct manifest_set){ 0 };
}
