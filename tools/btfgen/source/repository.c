/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/repository.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "source/manifest.h"

enum repository_type repository_type__parse(const char *name)
{
	static const struct {
		const char *name;
		enum repository_type type;
	} types[] = {
		{ "deb", REPOSITORY_DEB },
		{ "rpm-md", REPOSITORY_RPM_MD },
		{ "directory", REPOSITORY_DIRECTORY },
		{ "launchpad", REPOSITORY_LAUNCHPAD },
		{ "snapshot", REPOSITORY_SNAPSHOT },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(name, types[i].name))
			return types[i].type;
	return REPOSITORY_UNKNOWN;
}

/* "apt" or "user" in the first place is no URL. */
static bool take_word(struct repository *repository, const char *word)
{
	char **mirrors = repository->mirrors;

	if (!mirrors || !mirrors[0] || strcmp(mirrors[0], word))
		return false;
	free(mirrors[0]);
	memmove(mirrors, mirrors + 1,
		(words__count((const char *const *)(mirrors + 1)) + 1) * sizeof(*mirrors));
	return true;
}

static const char *check_mirrors(const struct repository *repository,
				 const struct manifest *manifest, struct error *why)
{
	const struct repository *other;

	for (size_t i = 0; repository->mirrors && repository->mirrors[i]; i++)
		if (!strchr(repository->mirrors[i], ':')) {
			error__set(why, EINVAL,
				   "'mirror' is a list of URLs, with 'apt' first or not, or 'user'; "
				   "not '%s'",
				   repository->mirrors[i]);
			return "mirror";
		}
	if (repository->mirrors_from_user && repository->mirrors[0]) {
		error__set(why, EINVAL, "'mirror = user' leaves no room for others");
		return "mirror";
	}
	if (!repository->mirrors && !repository->mirror_of && !repository->metalink &&
	    !repository->mirrorlist) {
		error__set(why, EINVAL,
			   "needs 'mirror', 'mirror-of', 'metalink' or 'mirrorlist'");
		return "mirror";
	}
	if (!repository->mirror_of)
		return NULL;
	other = manifest__repository(manifest, repository->mirror_of);
	if (!repository->mirrors && other && other->mirrors)
		return NULL;
	error__set(why, EINVAL,
		   "'mirror-of' takes the place of 'mirror' and names a repository that has it; "
		   "not '%s'",
		   repository->mirror_of);
	return "mirror-of";
}

static bool is_url(const char *text)
{
	return !text || strstr(text, ":/");
}

/* What only some types of repository have, and what goes together. */
static const char *check_keys(const struct repository *repository, struct error *why)
{
	const bool is_rpmmd = repository->type == REPOSITORY_RPM_MD;
	const bool is_launchpad = repository->type == REPOSITORY_LAUNCHPAD;
	const bool is_searched = is_launchpad || repository->type == REPOSITORY_SNAPSHOT;
	const struct {
		const char *key;
		bool wrong;
		const char *why;
	} checks[] = {
		{ "type", repository->type == REPOSITORY_UNKNOWN,
		  "is missing, here and in [distribution]" },
		{ "metalink", repository->metalink && !is_rpmmd, "is for type 'rpm-md'" },
		{ "metalink", !is_url(repository->metalink), "is a URL" },
		{ "mirrorlist", repository->mirrorlist && !is_rpmmd, "is for type 'rpm-md'" },
		{ "mirrorlist", !is_url(repository->mirrorlist), "is a URL" },
		{ "mirrorlist", repository->mirrorlist && repository->metalink,
		  "and 'metalink' exclude each other" },
		{ "client-certificate",
		  !repository->client_certificate != !repository->client_key,
		  "and 'client-key' go together" },
		{ "search", !repository->search == is_searched,
		  "is for types 'launchpad' and 'snapshot', which need it" },
		{ "files", !repository->files == is_launchpad,
		  "is for type 'launchpad', which needs it" },
		{ "files", !is_url(repository->files), "is a URL" },
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (checks[i].wrong) {
			error__set(why, EINVAL, "'%s' %s", checks[i].key, checks[i].why);
			return checks[i].key;
		}
	return NULL;
}

const char *repository__finish(struct repository *repository, const struct manifest *manifest,
			       struct error *why)
{
	const char *key;

	if (take_word(repository, "apt"))
		repository->mirrors_from_apt = true;
	if (take_word(repository, "user"))
		repository->mirrors_from_user = true;
	key = check_mirrors(repository, manifest, why);
	return key ? key : check_keys(repository, why);
}

void repository__free(struct repository *repository)
{
	char *texts[] = { repository->name, repository->metalink, repository->mirrorlist,
			  repository->client_certificate, repository->client_key,
			  repository->ca_certificate, repository->files, repository->mirror_of,
			  repository->apt_signed_by, repository->origin, repository->label,
			  repository->component };
	char **lists[] = { repository->mirrors, repository->search, repository->apt_suites,
			   repository->arches };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		words__free(lists[i]);
	free(repository);
}
