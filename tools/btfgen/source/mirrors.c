/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/mirrors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"

/* Length of REPOSITORY in "REPOSITORY=URL", or 0: a URL may have a '=' of its own. */
static size_t repository_len(const char *given)
{
	size_t len = strcspn(given, "=:/?#");

	return given[len] == '=' ? len : 0;
}

static bool is_name(const char *name, const char *given, size_t len)
{
	return name && strlen(name) == len && !strncmp(name, given, len);
}

bool mirrors__is_for(const struct manifest *manifest, const char *given)
{
	size_t len = repository_len(given);

	if (!len)
		return true;
	for (size_t i = 0; i < manifest->repository_count; i++)
		if (is_name(manifest->repositories[i]->name, given, len))
			return true;
	return false;
}

static int add(struct mirrors *mirrors, const char *url, bool accept_expired)
{
	struct mirror *items;
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	items = reallocarray(mirrors->items, mirrors->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	mirrors->items = items;
	items += mirrors->count;
	*items = (struct mirror){ strndup(url, len), accept_expired };
	if (!items->url)
		return -ENOMEM;
	mirrors->count++;
	return 0;
}

static int add_given(const struct repository *repository, const char *const *given,
		     struct mirrors *mirrors)
{
	for (int named = 1; named >= 0; named--) {
		for (size_t i = 0; given && given[i]; i++) {
			size_t len = repository_len(given[i]);

			if ((len != 0) != named)
				continue;
			if (len && !is_name(repository->name, given[i], len) &&
			    !is_name(repository->mirror_of, given[i], len))
				continue;
			if (add(mirrors, given[i] + (len ? len + 1 : 0), false))
				return -ENOMEM;
		}
		if (mirrors->count)
			return 0;
	}
	return 0;
}

/* Every suite of the manifest that `repository` serves, itself or for another. */
static int known_suites(const struct manifest *manifest, const struct repository *repository,
			char ***suites)
{
	for (size_t i = 0; repository->apt_suites && repository->apt_suites[i]; i++)
		if (words__add(suites, repository->apt_suites[i]))
			return -ENOMEM;
	for (size_t i = 0; i < manifest->release_count; i++) {
		const struct release *release = &manifest->releases[i];

		for (size_t j = 0; j < release->suite_count; j++) {
			const struct repository *other = release->suites[j].repository;
			const char *name = other->mirror_of ? other->mirror_of : other->name;

			if (!strcmp(name, repository->name) &&
			    words__add(suites, release->suites[j].path))
				return -ENOMEM;
		}
	}
	return 0;
}

static int add_apt(const struct manifest *manifest, const struct repository *repository,
		   const struct suite *suite, const struct apt_config *apt,
		   struct mirrors *mirrors, struct error *err)
{
	_cleanup_words_ char **suites = words__split(NULL);
	_cleanup_free_ const struct apt_source **found = NULL;
	struct apt_query query = { .suite = suite->path, .component = repository->component,
				   .signed_by = repository->apt_signed_by };
	size_t count;
	int ret;

	if (!suites || known_suites(manifest, repository, &suites))
		return error__oom(err);
	query.suites = (const char *const *)suites;
	ret = apt_config__find(apt, &query, &found, &count, err);
	for (size_t i = 0; !ret && i < count; i++)
		if (add(mirrors, found[i]->url, !found[i]->check_valid_until))
			return error__oom(err);
	return ret;
}

int mirrors__find(const struct manifest *manifest, const struct suite *suite,
		  const char *const *given, const struct apt_config *apt, struct mirrors *mirrors,
		  struct error *err)
{
	const struct repository *repository = suite->repository;
	int ret = 0;

	*mirrors = (struct mirrors){ 0 };
	if (add_given(repository, given, mirrors))
		return error__oom(err);
	mirrors->are_given = mirrors->count;
	if (mirrors->count)
		return 0;
	if (repository->mirror_of)
		repository = manifest__repository(manifest, repository->mirror_of);
	if (repository->mirrors_from_apt)
		ret = add_apt(manifest, repository, suite, apt, mirrors, err);
	for (size_t i = 0; !ret && repository->mirrors && repository->mirrors[i]; i++)
		if (add(mirrors, repository->mirrors[i], false))
			return error__oom(err);
	if (ret || mirrors->count || repository->metalink || repository->mirrorlist)
		return ret;
	if (repository->mirrors_from_user)
		return error__set(err, ENOENT,
				  "%s's repository '%s' has no public mirror: name yours with "
				  "--mirror %s=URL",
				  manifest->name, suite->repository->name,
				  suite->repository->name);
	return error__set(err, ENOENT,
			  "no mirror of %s's repository '%s' is known: this machine's apt has "
			  "none; "
			  "name one with --mirror %s=URL",
			  manifest->name, repository->name, repository->name);
}

void mirrors__free(struct mirrors *mirrors)
{
	for (size_t i = 0; i < mirrors->count; i++)
		free(mirrors->items[i].url);
	free(mirrors->items);
	*mirrors = (struct mirrors){ 0 };
}
