/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/snapshot.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/words.h"
#include "source/deb_repository.h"

#define DAY_LEN 16 /* "20201020T203027Z" */

/* ---- which versions ---------------------------------------------------------------- */

static bool has(char *const *words, const char *word)
{
	for (; words && *words; words++)
		if (!strcmp(*words, word))
			return true;
	return false;
}

/* "4.19" of "1:4.19.67-2"; false: no kernel is versioned so. */
static bool series_of(const char *version, char series[16])
{
	const char *colon = strchr(version, ':');
	const char *text = colon ? colon + 1 : version;
	size_t len = strspn(text, "0123456789");

	if (!len || text[len] != '.')
		return false;
	len += 1 + strspn(text + len + 1, "0123456789");
	if (len >= 16 || !isdigit((unsigned char)text[len - 1]))
		return false;
	memcpy(series, text, len);
	series[len] = '\0';
	return true;
}

/* 1: of the release's series, and perhaps of what is asked for; 0; -ENOMEM. */
static int is_wanted(const char *version, const struct access *access,
		     const struct snapshot_query *query)
{
	char series[16];

	if (!is_safe_path(version) || strchr(version, '/') || !series_of(version, series) ||
	    !pattern__may_match_series(access->pattern, series))
		return 0;
	for (size_t i = 0; query->release->series[i]; i++) {
		struct pattern *pattern = NULL;
		struct error err;
		int ret = pattern__parse(query->release->series[i], &pattern, &err);
		bool matches = !ret && pattern__matches(pattern, series);

		pattern__free(pattern);
		if (ret == -ENOMEM)
			return ret;
		if (matches)
			return 1;
	}
	return 0;
}

int snapshot__parse_versions(json_t *answer, const char *url, const struct access *access,
			     const struct snapshot_query *query, char ***versions,
			     struct error *err)
{
	_cleanup_words_ char **found = words__split(NULL);
	json_t *result = json_object_get(answer, "result"), *item;
	size_t i;

	if (!found)
		return error__oom(err);
	if (!json_is_array(result))
		return error__set(err, EBADMSG, "%s: the answer has no 'result'", url);
	json_array_foreach(result, i, item) {
		const char *version = json_api__text(item, "version");
		int wanted;

		if (!version)
			return error__set(err, EBADMSG, "%s: an entry without a version", url);
		wanted = is_wanted(version, access, query);
		if (wanted < 0 || (wanted && words__add(&found, version)))
			return error__oom(err);
	}
	*versions = steal_ptr(found);
	return 0;
}

/* ---- which days ----------------------------------------------------------------------- */

static bool is_day(const char *text)
{
	if (strlen(text) != DAY_LEN || text[8] != 'T' || text[15] != 'Z')
		return false;
	for (size_t i = 0; i < DAY_LEN - 1; i++)
		if (i != 8 && !isdigit((unsigned char)text[i]))
			return false;
	return true;
}

static size_t archive_len(const struct snapshot_query *query)
{
	return strcspn(query->path, "/");
}

/* NAME_VERSION_ARCH.deb of the query's archive and architecture, added if it is a kernel's. */
static int take_file(const json_t *file, const char *url, const struct snapshot_query *query,
		     struct index *index, char ***days, struct error *err)
{
	const char *archive = json_api__text(file, "archive_name");
	const char *day = json_api__text(file, "first_seen");
	const char *name = json_api__text(file, "name");
	_cleanup_free_ char *copy = name ? strdup(name) : NULL;
	struct listed_package package = { .name = copy, .path = name };
	size_t before = index->count;
	char *version, *arch;
	int ret;

	if (!archive || !day || !copy || !is_day(day))
		return error__set(err, EBADMSG, "%s: a file without archive, name or day", url);
	if (strlen(archive) != archive_len(query) ||
	    strncmp(archive, query->path, archive_len(query)))
		return 0;
	version = strchr(copy, '_');
	arch = version ? strchr(version + 1, '_') : NULL;
	if (!arch || strncmp(arch + 1, query->arch, strlen(query->arch)) ||
	    strcmp(arch + 1 + strlen(query->arch), ".deb"))
		return 0;
	*version++ = *arch = '\0';
	package.version = version;
	ret = index__add(index, query->release, &package, url, err);
	if (ret || index->count == before || has(*days, day))
		return ret;
	return words__add(days, day) ? error__oom(err) : 0;
}

int snapshot__parse_files(json_t *answer, const char *url, const struct snapshot_query *query,
			  struct index *index, char ***days, struct error *err)
{
	_cleanup_words_ char **found = words__split(NULL);
	json_t *info = json_object_get(answer, "fileinfo"), *places, *file;
	const char *hash;
	size_t i;

	if (!found)
		return error__oom(err);
	if (!json_is_object(info))
		return error__set(err, EBADMSG, "%s: the answer has no 'fileinfo'", url);
	json_object_foreach(info, hash, places) {
		json_array_foreach(places, i, file) {
			int ret = take_file(file, url, query, index, &found, err);

			if (ret)
				return ret;
		}
	}
	*days = steal_ptr(found);
	return 0;
}

/* ---- the archive of a day ---------------------------------------------------------------- */

/* *absent is set where there is no such archive: today, and perhaps no more than that. */
static int read_day(const struct access *reach, const struct snapshot_query *query,
		    const char *day, struct index *index, bool *absent, struct error *err)
{
	struct access access = *reach;
	cleanup(deb_suite__free) struct deb_suite found = { 0 };
	cleanup(index__free) struct index fresh = { 0 };
	_cleanup_free_ char *mirror = NULL, *prefix = NULL;
	size_t len = archive_len(query);
	/* what was valid then is what is wanted */
	struct release release = *query->release;
	struct suite suite = { .repository = query->repository,
			       .path = (char *)query->path + len + 1 };
	struct deb_query of_day = { .manifest = query->manifest, .release = &release,
				    .suite = &suite };
	const struct deb_file *file;
	int ret;

	release.ignore_valid_until = true;
	access.is_settled = true;
	if (asprintf(&prefix, "archive/%.*s/%s/", (int)len, query->path, day) < 0)
		prefix = NULL;
	if (prefix &&
	    asprintf(&mirror, "%s/%.*s", query->service, (int)strlen(prefix) - 1, prefix) < 0)
		mirror = NULL;
	if (!mirror)
		return error__oom(err);
	of_day.mirror = mirror;
	ret = deb_suite__fetch(&access, &of_day, &found, err);
	if (ret == -ENOENT) {
		*absent = true;
		return 0;
	}
	/* a suite without this architecture holds nothing of it */
	file = ret ? NULL : deb_suite__packages(&found, query->repository, query->arch, err);
	if (!file)
		return ret;
	ret = deb_suite__read(&access, &found, file, query->release, &fresh, err);
	return ret ? ret : index__join(index, &fresh, prefix, err);
}

static bool holds_all(const struct index *index, const struct index *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		size_t j = 0;

		while (j < index->count && (strcmp(index->kernels[j].kernel_release,
						   wanted->kernels[i].kernel_release) ||
					    strcmp(index->kernels[j].version,
						   wanted->kernels[i].version)))
			j++;
		if (j == index->count)
			return false;
	}
	return true;
}

/* ---- one version, and all ------------------------------------------------------------------ */

static int stopped(const struct snapshot_query *query, struct error *err)
{
	return error__set(err, ECANCELED, "stopped while %s was asked", query->service);
}

/* *is_settled: there is nothing more to be learned of it, and it need not be asked for again. */
static int read_version(struct access *access, const struct snapshot_query *query,
			const char *source, const char *version, struct index *index,
			bool *is_settled, struct error *err)
{
	cleanup(index__free) struct index wanted = { 0 };
	cleanup(json_decrefp) json_t *answer = NULL;
	_cleanup_words_ char **days = NULL;
	_cleanup_free_ char *url = NULL;
	bool absent = false;
	int ret;

	if (asprintf(&url, "%s/mr/package/%s/%s/allfiles?fileinfo=1", query->service, source,
		     version) < 0) {
		url = NULL;
		return error__oom(err);
	}
	answer = json_api__get(access, url, &ret, err);
	if (!answer)
		return ret;
	ret = snapshot__parse_files(answer, url, query, &wanted, &days, err);
	for (size_t i = 0; !ret && days[i] && !holds_all(index, &wanted); i++) {
		if (cancel__requested())
			return stopped(query, err);
		ret = read_day(access, query, days[i], index, &absent, err);
	}
	*is_settled = holds_all(index, &wanted) || !absent;
	if (!ret && !*is_settled)
		log__verbose("%s %s: there is no index of %s of the day it came; it is asked for "
			     "again in the next run", source, version, query->path);
	else if (!ret && !holds_all(index, &wanted))
		log__verbose("%s %s: %s was not in %s on the day it came", source, version,
			     query->arch, query->path);
	return ret;
}

static int read_source(struct access *access, const struct snapshot_query *query,
		       const char *source, struct index *index, struct error *first)
{
	cleanup(json_decrefp) json_t *answer = NULL;
	_cleanup_words_ char **versions = NULL;
	_cleanup_free_ char *url = NULL;
	struct error err;
	int ret, failed = 0;

	if (asprintf(&url, "%s/mr/package/%s/", query->service, source) < 0) {
		url = NULL;
		return error__oom(first);
	}
	answer = json_api__get(access, url, &ret, first);
	if (!answer)
		return ret;
	ret = snapshot__parse_versions(answer, url, access, query, &versions, first);
	for (size_t i = 0; !ret && versions[i]; i++) {
		_cleanup_free_ char *key = NULL;
		bool is_settled = false;

		if (cancel__requested())
			return stopped(query, first);
		if (asprintf(&key, "%s %s", source, versions[i]) < 0)
			key = NULL;
		if (key && has(index->seen, key))
			continue;
		ret = key ? read_version(access, query, source, versions[i], index, &is_settled,
					 &err) : -ENOMEM;
		if (!ret && is_settled && words__add(&index->seen, key))
			ret = -ENOMEM;
		if (ret == -ENOMEM)
			return error__oom(first);
		if (ret == -ECANCELED) {
			*first = err;
			return ret;
		}
		if (ret) {
			log__warn("%s %s: passed over: %s", source, versions[i], err.text);
			if (!failed)
				*first = err;
			failed = ret;
			ret = 0;
		}
	}
	return ret ? ret : failed;
}

/* Of what was looked at; versions stand in no signed index together. */
static int set_digest(struct index *index)
{
	_cleanup_free_ char *text = words__join((const char *const *)index->seen);
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	if (!text)
		return -ENOMEM;
	sha256__of(text, strlen(text), digest);
	free(index->digest);
	index->digest = strdup(hex__encode(digest, sizeof(digest), hex));
	return index->digest ? 0 : -ENOMEM;
}

int snapshot__read(struct access *access, const struct snapshot_query *query,
		   struct index *index, struct error *err)
{
	char *const *source = query->repository->search;
	int ret = 0, failed = 0;
	struct error later;

	if (!query->release->series[0] || !query->path[archive_len(query)])
		return error__set(err, EINVAL,
				  "%s: a suite of type 'snapshot' is ARCHIVE/SUITE, and its release "
				  "needs 'series'; see btfgen-manifest(5)",
				  query->manifest->path);
	if (!index->digest)
		index->verification = KBTF_VERIFIED_SIGNED_INDEX;
	for (; *source && ret != -ENOMEM && ret != -ECANCELED; source++) {
		ret = read_source(access, query, *source, index, failed ? &later : err);
		failed = failed ? failed : ret;
	}
	if (ret == -ENOMEM || ret == -ECANCELED)
		return ret;
	/* nothing was learned: that is not an index of nothing */
	if (failed && !index->digest && !index->seen && !index->count)
		return failed;
	free(index->base);
	index->base = strdup(query->service);
	return !index->base || set_digest(index) ? error__oom(err) : failed;
}
