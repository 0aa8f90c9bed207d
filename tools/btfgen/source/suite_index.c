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
#include "base/words.h"
#include "source/deb_repository.h"
#include "source/directory.h"
#include "source/launchpad.h"
#include "source/metalink.h"
#include "source/rpmmd_repository.h"
#include "source/snapshot.h"
#include "source/variables.h"

/* Of 200: who can reach none of the nearest has another problem. */
#define LISTED_MIRRORS_TRIED 8

/* For what is asked of `item`; `path` as it stands in the manifest. */
static struct variables variables_of(const struct suite_indexes *indexes,
				     const struct suite_index *item, const char *path)
{
	return (struct variables){ item->arch->alias, indexes->release->version, path };
}

static char *fill_path(const struct suite_indexes *indexes, const struct suite_index *item)
{
	struct variables variables = variables_of(indexes, item, NULL);

	return variables__fill(indexes->suite->path, &variables);
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
		words__free(item->bases);
		index__free(&item->index);
	}
	free(indexes->items);
	identity__free(&indexes->identity);
	*indexes = (struct suite_indexes){ 0 };
}

static int add_signer(char ***signers, const char *signer)
{
	if (!signer || words__allow((const char *const *)*signers, signer))
		return 0;
	return words__add(signers, signer);
}

/* Of the index, and of those that it was joined of. */
static char **signers_of(const struct index *index)
{
	_cleanup_words_ char **signers = words__split(NULL);

	if (!signers || add_signer(&signers, index->signer))
		return NULL;
	for (size_t i = 0; i < index->count; i++)
		if (add_signer(&signers, index->kernels[i].debug.signer) ||
		    add_signer(&signers, index->kernels[i].image.signer))
			return NULL;
	return steal_ptr(signers);
}

/*
 * The manifest, and so the keys that it names, may be another than in the run that asked; or,
 * where it names none, the keyring whose keys all count.
 */
static bool is_signed_by_now(const struct suite_indexes *indexes, const struct access *access,
			     const struct index *index)
{
	const struct release *release = indexes->release;
	_cleanup_words_ char **signers = signers_of(index), **keyrings = NULL;
	struct openpgp_policy policy;

	if (!signers)
		return false;
	if (release->keys && *release->keys) {
		for (char **signer = signers; *signer; signer++)
			if (!words__allow((const char *const *)release->keys, *signer))
				return false;
		return true;
	}
	keyrings = access__keyrings(access, release);
	if (!keyrings)
		return false;
	policy = access__policy(access, indexes->manifest, release, keyrings);
	return !*signers || openpgp__has_keys(&policy, (const char *const *)signers);
}

static bool is_acceptable(const struct suite_indexes *indexes, const struct access *access,
			  const struct index *index)
{
	if (access->is_for_counts)
		return true;
	if (index->verification != KBTF_UNVERIFIED)
		return is_signed_by_now(indexes, access, index);
	if (access->allow_unsigned)
		return true;
	if (indexes->suite->repository->type == REPOSITORY_DIRECTORY)
		return directory__is_acceptable(access, indexes->release, index);
	return indexes->suite->repository->type == REPOSITORY_RPM_MD &&
	       !indexes->suite->repository->signature_required &&
	       access__has_keys(access, indexes->release);
}

int suite_indexes__load(struct suite_indexes *indexes, const struct access *access)
{
	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];

		item->path = fill_path(indexes, item);
		item->recipe = index__recipe(indexes->release, item->arch->alias);
		if (!item->path || !item->recipe)
			return -ENOMEM;
		item->record_path = make_record_path(indexes, access, item);
		if (!item->record_path)
			return -ENOMEM;
		item->has_index = !index__load(item->record_path, item->recipe, &item->index);
		item->is_refused = item->has_index && !is_acceptable(indexes, access, &item->index);
		item->has_index &= !item->is_refused;
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
	item->code = ret;
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

/*
 * A mirror that is being updated serves an index and, a moment later, not the files that it
 * names: the index is asked for once more.
 */
static bool may_have_changed(int ret)
{
	return ret == -ENOENT || ret == -EBADMSG;
}

/* *failed is the digest of the file that could not be had; else it stays as it was. */
static int refresh_deb_from(struct suite_indexes *indexes, struct access *access,
			    const struct deb_suite *suite, struct suite_index *item,
			    const char **failed, struct error *err)
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
	if (ret)
		*failed = file->sha256;
	return ret ? ret : replace(item, &fresh);
}

static int refresh_deb(struct suite_indexes *indexes, struct access *access,
		       const struct deb_query *query, const struct deb_suite *suite,
		       struct suite_index *item, struct error *err)
{
	cleanup(deb_suite__free) struct deb_suite anew = { 0 };
	const char *failed = NULL, *failed_again;
	int ret = refresh_deb_from(indexes, access, suite, item, &failed, err);
	const struct deb_file *file;
	struct error ignored;

	if (!failed || !may_have_changed(ret) || deb_suite__fetch(access, query, &anew, &ignored))
		return ret;
	file = deb_suite__packages(&anew, indexes->suite->repository, item->arch->alias, &ignored);
	if (!file || !strcmp(file->sha256, failed))
		return ret;
	return refresh_deb_from(indexes, access, &anew, item, &failed_again, err);
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
			failed = refresh_deb(indexes, access, &query, &suite, item, err);
		if (failed)
			failed = fail(item, mirror->url, failed, err);
		if (failed)
			return failed;
	}
	return 0;
}

static int refresh_rpmmd_from(struct suite_indexes *indexes, struct access *access,
			      const struct rpmmd_suite *suite, struct suite_index *item,
			      struct error *err)
{
	cleanup(index__free) struct index fresh = { 0 };
	int ret;

	if (item->has_index && !strcasecmp(item->index.digest, rpmmd_suite__digest(suite)))
		return confirm(item, suite->base, suite->signer, suite->verification);
	ret = rpmmd_suite__read(access, suite, indexes->release, item->arch->alias, &fresh, err);
	return ret ? ret : replace(item, &fresh);
}

static int refresh_rpmmd(struct suite_indexes *indexes, struct access *access, const char *base,
			 char *const *sha256s, struct suite_index *item, struct error *err)
{
	cleanup(rpmmd_suite__free) struct rpmmd_suite suite = { 0 }, anew = { 0 };
	struct rpmmd_query query = { indexes->manifest, indexes->release, indexes->suite, base,
				     sha256s };
	struct error ignored;
	int ret = rpmmd_suite__fetch(access, &query, &suite, err);

	if (ret)
		return ret;
	ret = refresh_rpmmd_from(indexes, access, &suite, item, err);
	if (!may_have_changed(ret) || rpmmd_suite__fetch(access, &query, &anew, &ignored) ||
	    !strcasecmp(rpmmd_suite__digest(&suite), rpmmd_suite__digest(&anew)))
		return ret;
	return refresh_rpmmd_from(indexes, access, &anew, item, err);
}

static int refresh_directory(struct suite_indexes *indexes, struct access *access,
			     const char *base, struct suite_index *item, struct error *err)
{
	cleanup(index__free) struct index fresh = { 0 };
	struct directory_query query = { indexes->manifest, indexes->release, base,
					 item->arch->alias };
	int ret = directory__read(access, &query, &fresh, err);

	return ret ? ret : replace(item, &fresh);
}

/* What the suite's paths are below on a mirror; NULL without memory. */
static char *base_at(const struct suite_indexes *indexes, const struct suite_index *item,
		     const struct mirror *mirror)
{
	struct variables variables = variables_of(indexes, item, indexes->suite->path);
	_cleanup_free_ char *url = variables__fill(mirror->url, &variables);
	char *base;

	return url && asprintf(&base, "%s/%s", url, item->path) >= 0 ? base : NULL;
}

/* Repositories with an index, or a page, for each architecture. */
static int ask_each(struct suite_indexes *indexes, struct access *access,
		    const struct mirror *mirror, struct error *err)
{
	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];
		_cleanup_free_ char *base = NULL;
		int ret;

		if (item->is_fresh)
			continue;
		base = base_at(indexes, item, mirror);
		if (!base)
			return -ENOMEM;
		if (indexes->suite->repository->type == REPOSITORY_DIRECTORY)
			ret = refresh_directory(indexes, access, base, item, err);
		else
			ret = refresh_rpmmd(indexes, access, base, NULL, item, err);
		if (ret)
			ret = fail(item, base, ret, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- mirrors that a list names ----------------------------------------------------- */

static int fetch_listing(const struct suite_indexes *indexes, struct access *access,
			 const char *url, struct metalink *metalink, struct error *err)
{
	cleanup(document__free) struct document document = { 0 };
	int ret = access__fetch(access, url, 0, &document, err);

	if (ret)
		return ret;
	return indexes->suite->repository->metalink ?
		       metalink__read(document.path, url, metalink, err) :
		       metalink__read_list(document.path, url, metalink, err);
}

static int ask_listed(struct suite_indexes *indexes, struct access *access,
		      struct suite_index *item, struct error *err)
{
	const struct repository *repository = indexes->suite->repository;
	struct variables variables = variables_of(indexes, item, item->path);
	const char *template = repository->metalink ? repository->metalink :
						      repository->mirrorlist;
	_cleanup_free_ char *url = variables__fill(template, &variables);
	cleanup(metalink__free) struct metalink metalink = { 0 };
	int ret;

	if (!url)
		return -ENOMEM;
	ret = fetch_listing(indexes, access, url, &metalink, err);
	if (ret)
		return fail(item, url, ret, err);
	for (size_t i = 0; metalink.bases[i] && i < LISTED_MIRRORS_TRIED; i++) {
		_cleanup_free_ char *base = variables__fill(metalink.bases[i], &variables);

		if (!base || words__add(&item->bases, base))
			return -ENOMEM;
	}
	for (size_t i = 0; metalink.bases[i] && i < LISTED_MIRRORS_TRIED && !item->is_fresh; i++) {
		_cleanup_free_ char *base = variables__fill(metalink.bases[i], &variables);

		if (!base)
			return -ENOMEM;
		if (cancel__requested())
			return -ECANCELED;
		ret = refresh_rpmmd(indexes, access, base, metalink.sha256s, item, err);
		if (ret)
			ret = fail(item, base, ret, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int ask_all_listed(struct suite_indexes *indexes, struct access *access,
			  struct error *err)
{
	for (size_t i = 0; i < indexes->count; i++) {
		int ret = ask_listed(indexes, access, &indexes->items[i], err);

		if (ret)
			return ret;
	}
	return 0;
}

/* ---- all of them ------------------------------------------------------------------- */

/* ---- services that know more than mirrors have --------------------------------------- */

static int refresh_launchpad(struct suite_indexes *indexes, struct access *access,
			     const char *api, struct suite_index *item, struct error *err)
{
	cleanup(index__free) struct index fresh = { 0 };
	struct launchpad_query query = { indexes->release, indexes->suite->repository, item->path,
					 api, item->arch->alias };
	int ret = launchpad__read(access, &query, &fresh, err);

	return ret ? ret : replace(item, &fresh);
}

/* What is known is added to: a day's archive does not change. */
static int refresh_snapshot(struct suite_indexes *indexes, struct access *access,
			    const char *service, struct suite_index *item, struct error *err)
{
	struct snapshot_query query = { indexes->manifest, indexes->release,
					indexes->suite->repository, item->path, service,
					item->arch->alias };
	struct index known = item->index;
	int ret;

	item->index = (struct index){ 0 };
	ret = snapshot__read(access, &query, &known, err);
	if (!known.digest) {
		index__free(&known);
		return ret;
	}
	/* some versions were had, where others failed */
	if (replace(item, &known))
		return -ENOMEM;
	item->is_fresh = !ret;
	return ret;
}

static int ask_service(struct suite_indexes *indexes, struct access *access,
		       const struct mirror *mirror, struct error *err)
{
	bool is_launchpad = indexes->suite->repository->type == REPOSITORY_LAUNCHPAD;

	for (size_t i = 0; i < indexes->count; i++) {
		struct suite_index *item = &indexes->items[i];
		int ret;

		if (item->is_fresh)
			continue;
		ret = is_launchpad ? refresh_launchpad(indexes, access, mirror->url, item, err) :
				     refresh_snapshot(indexes, access, mirror->url, item, err);
		if (ret)
			ret = fail(item, mirror->url, ret, err);
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
	case REPOSITORY_LAUNCHPAD:
	case REPOSITORY_SNAPSHOT:
		return ask_service(indexes, access, mirror, err);
	default:
		return ask_each(indexes, access, mirror, err);
	}
}

static bool are_all_fresh(const struct suite_indexes *indexes)
{
	for (size_t i = 0; i < indexes->count; i++)
		if (!indexes->items[i].is_fresh)
			return false;
	return true;
}

/* A package that is not to be had where its index came from may be on another mirror. */
static int note_bases(struct suite_indexes *indexes, struct suite_index *item,
		      const struct mirrors *mirrors)
{
	enum repository_type type = indexes->suite->repository->type;

	if (type == REPOSITORY_LAUNCHPAD || type == REPOSITORY_SNAPSHOT)
		return 0;
	for (size_t i = 0; i < mirrors->count; i++) {
		const struct mirror *mirror = &mirrors->items[i];
		_cleanup_free_ char *base = type == REPOSITORY_DEB ?
						    strdup(mirror->url) :
						    base_at(indexes, item, mirror);

		if (!base || words__add(&item->bases, base))
			return -ENOMEM;
	}
	return 0;
}

int suite_indexes__refresh(struct suite_indexes *indexes, struct access *access,
			   const struct mirrors *mirrors, struct error *err)
{
	const struct repository *repository = indexes->suite->repository;
	int ret = 0;

	for (size_t i = 0; i < indexes->count; i++)
		if (note_bases(indexes, &indexes->items[i], mirrors))
			return error__oom(err);
	if (!mirrors->are_given && (repository->metalink || repository->mirrorlist))
		ret = ask_all_listed(indexes, access, err);
	for (size_t i = 0; !ret && i < mirrors->count && !are_all_fresh(indexes); i++) {
		if (cancel__requested())
			break;
		ret = ask(indexes, access, &mirrors->items[i], err);
	}
	if (ret == -ENOMEM)
		return error__oom(err);
	if (ret || cancel__requested())
		return error__set(err, ECANCELED, "stopped while indexes were fetched");
	return 0;
}
