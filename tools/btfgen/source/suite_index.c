/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/suite_index.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "source/deb_repository.h"
#include "source/rpmmd_repository.h"

/* rpm-md paths have one place for the architecture; dnf's variable of the same name. */
static char *fill_arch(const char *path, const char *arch)
{
	static const char variable[] = "$basearch";
	_cleanup_buf_ struct buf text = { 0 };
	const char *found;

	while ((found = strstr(path, variable))) {
		buf__add(&text, path, (size_t)(found - path));
		buf__printf(&text, "%s", arch);
		path = found + strlen(variable);
	}
	buf__printf(&text, "%s", path);
	if (!buf__cstr(&text))
		return NULL;
	return (char *)buf__steal(&text, NULL);
}

static char *make_record_path(const struct suite_indexes *indexes, const struct access *access,
			      const struct suite_index *item)
{
	char *path, *name;

	if (asprintf(&path, "%s/%s_%s_%s_%s_%s.json", access->index_dir, indexes->manifest->id,
		     indexes->release->codename, indexes->suite->repository->name, item->path,
		     item->arch->name) < 0)
		return NULL;
	for (name = path + strlen(access->index_dir) + 1; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			*name = '-';
	return path;
}

int suite_indexes__add(struct suite_indexes *indexes, const struct architecture *arch)
{
	struct suite_index *items = reallocarray(indexes->items, indexes->count + 1,
						 sizeof(*items));

	if (!items)
		return -ENOMEM;
	indexes->items = items;
	items[indexes->count++] = (struct suite_index){ .arch = arch };
	return 0;
}

void suite_indexes__free(struct suite_indexes *indexes)
{
	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];

		free(item->path);
		free(item->record_path);
		free(item->recipe);
		free(item->url);
		index__free(&item->index);
	}
	free(indexes->items);
	*indexes = (struct suite_indexes){ 0 };
}

static bool is_acceptable(const struct suite_indexes *indexes, const struct access *access,
			  const struct index *index)
{
	if (index->verification != KBTF_UNVERIFIED || access->allow_unsigned)
		return true;
	return indexes->suite->repository->type == REPOSITORY_RPM_MD &&
	       !indexes->suite->repository->signature_required &&
	       access__keyring(access, indexes->release);
}

int suite_indexes__load(struct suite_indexes *indexes, const struct access *access)
{
	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];

		item->path = fill_arch(indexes->suite->path, item->arch->alias);
		item->recipe = index__recipe(indexes->release, item->arch->alias);
		if (!item->path || !item->recipe)
			return -ENOMEM;
		item->record_path = make_record_path(indexes, access, item);
		if (!item->record_path)
			return -ENOMEM;
		item->has_index = !index__load(item->record_path, item->recipe, &item->index) &&
				  is_acceptable(indexes, access, &item->index);
		if (!item->has_index)
			index__free(&item->index);
	}
	return 0;
}

/* ---- refresh --------------------------------------------------------------------- */

static bool is_fatal(int ret)
{
	return ret == -ENOMEM || ret == -ECANCELED;
}

/* The reason of the first mirror stays: it is the one the machine prefers. */
static int fail(struct suite_index *item, const char *url, int ret, const struct error *err)
{
	if (is_fatal(ret) || item->url)
		return is_fatal(ret) ? ret : 0;
	item->error = *err;
	item->url = strdup(url);
	return item->url ? 0 : -ENOMEM;
}

static int set_text(char **field, const char *text)
{
	if (*field && text && !strcmp(*field, text))
		return 0;
	free(*field);
	*field = text ? strdup(text) : NULL;
	return text && !*field ? -ENOMEM : 0;
}

static void save(const struct suite_index *item)
{
	struct error err;

	if (index__save(item->record_path, &item->index, &err))
		log__warn("%s; the index will be read again next time", err.text);
}

/* The digest is the one that is known: only who vouches, and the mirror, may be others. */
static int confirm(struct suite_index *item, const char *base, const char *signer,
		   enum kbtf_verification verification)
{
	struct index *index = &item->index;
	bool same = !strcmp(index->base, base) && index->verification == verification &&
		    !strcmp(index->signer ? index->signer : "", signer ? signer : "");

	if (set_text(&index->base, base) || set_text(&index->signer, signer))
		return -ENOMEM;
	index->verification = verification;
	item->is_fresh = true;
	if (!same)
		save(item);
	return 0;
}

static int replace(struct suite_index *item, struct index *fresh)
{
	if (set_text(&fresh->recipe, item->recipe))
		return -ENOMEM;
	index__free(&item->index);
	item->index = *fresh;
	*fresh = (struct index){ 0 };
	item->has_index = item->is_fresh = true;
	save(item);
	return 0;
}

static int refresh_deb(struct suite_indexes *indexes, struct access *access,
		       const struct deb_suite *suite, struct suite_index *item, struct error *err)
{
	cleanup(index__free) struct index fresh = { 0 };
	const struct deb_file *file = deb_suite__packages(suite, indexes->suite->repository,
							  item->arch->alias, err);
	int ret;

	if (!file)
		return -ENOENT;
	if (item->has_index && !strcmp(item->index.digest, file->sha256))
		return confirm(item, suite->mirror, suite->signer, suite->verification);
	ret = deb_suite__read(access, suite, file, indexes->release, &fresh, err);
	return ret ? ret : replace(item, &fresh);
}

static int ask_deb(struct suite_indexes *indexes, struct access *access,
		   const struct mirror *mirror, struct error *err)
{
	cleanup(deb_suite__free) struct deb_suite suite = { 0 };
	struct deb_query query = { indexes->manifest, indexes->release, indexes->suite, mirror->url,
				   mirror->accept_expired };
	int ret = deb_suite__fetch(access, &query, &suite, err);

	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];
		int failed = ret;

		if (item->is_fresh)
			continue;
		if (!failed)
			failed = refresh_deb(indexes, access, &suite, item, err);
		if (failed)
			failed = fail(item, mirror->url, failed, err);
		if (failed)
			return failed;
	}
	return 0;
}

static int refresh_rpmmd(struct suite_indexes *indexes, struct access *access, const char *base,
			 struct suite_index *item, struct error *err)
{
	cleanup(rpmmd_suite__free) struct rpmmd_suite suite = { 0 };
	cleanup(index__free) struct index fresh = { 0 };
	struct rpmmd_query query = { indexes->manifest, indexes->release, indexes->suite, base };
	int ret = rpmmd_suite__fetch(access, &query, &suite, err);

	if (ret)
		return ret;
	if (item->has_index && !strcasecmp(item->index.digest, suite.sha256))
		return confirm(item, suite.base, suite.signer, suite.verification);
	ret = rpmmd_suite__read(access, &suite, indexes->release, item->arch->alias, &fresh, err);
	return ret ? ret : replace(item, &fresh);
}

static int ask_rpmmd(struct suite_indexes *indexes, struct access *access,
		     const struct mirror *mirror, struct error *err)
{
	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];
		_cleanup_free_ char *base = NULL;
		int ret;

		if (item->is_fresh)
			continue;
		if (asprintf(&base, "%s/%s", mirror->url, item->path) < 0) {
			base = NULL;
			return -ENOMEM;
		}
		ret = refresh_rpmmd(indexes, access, base, item, err);
		if (ret)
			ret = fail(item, base, ret, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int ask(struct suite_indexes *indexes, struct access *access, const struct mirror *mirror,
	       struct error *err)
{
	switch (indexes->suite->repository->type) {
	case REPOSITORY_DEB:
		return ask_deb(indexes, access, mirror, err);
	case REPOSITORY_RPM_MD:
		return ask_rpmmd(indexes, access, mirror, err);
	default:
		break;
	}
	error__set(err, ENOTSUP, "this program cannot ask repositories of this type yet");
	for (size_t i = 0; i < indexes->count; i++)
		if (fail(&indexes->items[i], mirror->url, -ENOTSUP, err))
			return -ENOMEM;
	return 0;
}

int suite_indexes__refresh(struct suite_indexes *indexes, struct access *access,
			   const struct mirrors *mirrors, struct error *err)
{
	for (size_t i = 0; i < mirrors->count; i++) {
		size_t fresh = 0;
		int ret = ask(indexes, access, &mirrors->items[i], err);

		if (ret == -ENOMEM)
			return error__oom(err);
		if (ret || cancel__requested())
			return error__set(err, ECANCELED, "stopped while indexes were fetched");
		for (size_t j = 0; j < indexes->count; j++)
			fresh += indexes->items[j].is_fresh;
		if (fresh == indexes->count)
			break;
	}
	return 0;
}
