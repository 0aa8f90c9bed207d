/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/deb_repository.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/words.h"
#include "source/deb_packages.h"

#define RELEASE_LIMIT (64u << 20)
/* Debian's largest, sid's main, is 65 MB. */
#define PACKAGES_LIMIT (1ull << 30)

/* ---- the Release file's text ---------------------------------------------------- */

/* Fields of interest; the values point into the text. */
struct release_text {
	const char *origin, *label, *suite, *codename, *valid_until;
	bool by_hash;
};

static void take_field(struct release_text *fields, const char *name, const char *value)
{
	if (!strcasecmp(name, "Origin"))
		fields->origin = value;
	else if (!strcasecmp(name, "Label"))
		fields->label = value;
	else if (!strcasecmp(name, "Suite"))
		fields->suite = value;
	else if (!strcasecmp(name, "Codename"))
		fields->codename = value;
	else if (!strcasecmp(name, "Valid-Until"))
		fields->valid_until = value;
	else if (!strcasecmp(name, "Acquire-By-Hash"))
		fields->by_hash = !strcasecmp(value, "yes");
}

/* " <sha256> <size> <path>"; only Packages files are of interest. */
static int take_file(struct deb_suite *suite, const char *line)
{
	char sha256[65], name[512];
	uint8_t digest[SHA256_SIZE];
	unsigned long long size;
	struct deb_file *files;

	if (!strstr(line, "/Packages") ||
	    sscanf(line, " %64s %llu %511s", sha256, &size, name) != 3 ||
	    !hex__decode(sha256, digest, sizeof(digest)))
		return 0;
	files = reallocarray(suite->files, suite->count + 1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	suite->files = files;
	files += suite->count++;
	*files = (struct deb_file){ strdup(name), strdup(sha256), size };
	return files->name && files->sha256 ? 0 : -ENOMEM;
}

/* Cuts `text` into strings. */
static int parse_release(char *text, struct deb_suite *suite, struct release_text *fields)
{
	bool in_sha256 = false;
	char *line;
	int ret = 0;

	while (!ret && (line = strsep(&text, "\n"))) {
		char *colon;

		line[strcspn(line, "\r")] = '\0';
		if (*line == ' ' || *line == '\t') {
			if (in_sha256)
				ret = take_file(suite, line);
			continue;
		}
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		in_sha256 = !strcasecmp(line, "SHA256");
		take_field(fields, line, colon + 1 + strspn(colon + 1, " \t"));
	}
	suite->by_hash = fields->by_hash;
	return ret;
}

/* "Sat, 28 Nov 2026 02:10:46 UTC"; strptime(3) would depend on the locale. */
static bool parse_date(const char *text, time_t *date)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4], zone[8] = "";
	const char *found;

	if (sscanf(text, "%*3s, %d %3s %d %d:%d:%d %7s", &tm.tm_mday, month, &tm.tm_year,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone) < 6 ||
	    strlen(month) != 3)
		return false;
	found = strstr(months, month);
	if (!found || (found - months) % 3)
		return false;
	if (strcmp(zone, "UTC") && strcmp(zone, "GMT") && strcmp(zone, "+0000"))
		return false;
	tm.tm_mon = (int)(found - months) / 3;
	tm.tm_year -= 1900;
	*date = timegm(&tm);
	return true;
}

/* ---- is it what was asked for, and of today -------------------------------------- */

static bool is_named(const struct release_text *fields, const char *name)
{
	return (fields->codename && !strcmp(fields->codename, name)) ||
	       (fields->suite && !strcmp(fields->suite, name));
}

/* Security suites before bullseye lie at dists/buster/updates and call themselves buster. */
static bool is_suite(const struct release_text *fields, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = slash ? strndup(path, (size_t)(slash - path)) : NULL;

	return is_named(fields, path) ||
	       (parent && !strcmp(slash, "/updates") && is_named(fields, parent));
}

static int check_identity(const struct deb_query *query, const struct release_text *fields,
			  const char *url, struct error *err)
{
	const struct repository *repository = query->suite->repository;
	const char *origin = fields->origin ? fields->origin : "";
	const char *label = fields->label ? fields->label : "";

	if (!is_suite(fields, query->suite->path) ||
	    (repository->origin && strcmp(repository->origin, origin)) ||
	    (repository->label && strcmp(repository->label, label)))
		return error__set(err, EBADMSG,
				  "%s is the index of another suite: Origin '%.60s', Label "
				  "'%.60s', "
				  "Suite '%.60s', Codename '%.60s', where %s of %s was asked for; "
				  "try another --mirror",
				  url, origin, label, fields->suite ? fields->suite : "",
				  fields->codename ? fields->codename : "", query->suite->path,
				  query->manifest->name);
	return 0;
}

static int check_date(const struct access *access, const struct deb_query *query,
		      const struct release_text *fields, const char *url, struct error *err)
{
	time_t date;

	if (!fields->valid_until || query->release->ignore_valid_until)
		return 0;
	if (!parse_date(fields->valid_until, &date))
		return error__set(err, EBADMSG, "%s: Valid-Until is no date: %.60s", url,
				  fields->valid_until);
	if (time(NULL) <= date)
		return 0;
	if (!access->allow_expired && !query->accept_expired)
		return error__set(err, ESTALE,
				  "%s has expired: valid until %.60s; a mirror that is not kept "
				  "up to "
				  "date could hide security updates: try another --mirror, or "
				  "accept "
				  "it with --allow-expired",
				  url, fields->valid_until);
	log__warn("%s has expired (valid until %s): accepted, as %s", url, fields->valid_until,
		  access->allow_expired ? "--allow-expired says" :
					  "apt is told to do on this machine (Check-Valid-Until)");
	return 0;
}

/* ---- fetching and checking the Release file -------------------------------------- */

/* The checked text of one Release file, in a temporary file of its own. */
struct release_file {
	char *url;
	struct document document;
	char *text_path;
};

static void release_file__free(struct release_file *file)
{
	free(file->url);
	document__free(&file->document);
	if (file->text_path)
		unlink(file->text_path);
	free(file->text_path);
}

static char *suite_url(const struct deb_query *query, const char *name)
{
	char *url;

	if (asprintf(&url, "%s/dists/%s/%s", query->mirror, query->suite->path, name) < 0)
		return NULL;
	return url;
}

static bool is_key_missing(const struct access *access, int ret)
{
	return access->allow_unsigned && ret == -ENOKEY;
}

static int get_clearsigned(struct access *access, const struct deb_query *query,
			   const struct openpgp_policy *policy, struct release_file *file,
			   struct deb_suite *suite, struct error *err)
{
	bool was_kept;
	int ret;

	file->url = suite_url(query, "InRelease");
	file->text_path = access__temp_path(access, "release");
	if (!file->url || !file->text_path)
		return error__oom(err);
	do {
		document__free(&file->document);
		ret = access__fetch_changed(access, file->url, &file->document, err);
		if (ret)
			return ret;
		was_kept = file->document.is_kept;
		ret = openpgp__verify_clearsigned(file->document.path, file->url, file->text_path,
						  policy, &suite->signer, err);
		if (is_key_missing(access, ret)) {
			log__warn("%s is not checked against any signature (--allow-unsigned)",
				  file->url);
			return openpgp__strip_signature(file->document.path, file->text_path, err);
		}
		/* A kept file was good once: if it is not now, it may be the disk's fault. */
		if (ret == -EKEYREJECTED)
			document__forget(&file->document);
	} while (ret == -EKEYREJECTED && was_kept);
	if (ret)
		return ret;
	suite->verification = KBTF_VERIFIED_SIGNED_INDEX;
	return document__keep(&file->document, err);
}

/* Release and Release.gpg, of repositories older than InRelease, or not signed at all. */
static int get_detached(struct access *access, const struct deb_query *query,
			const struct openpgp_policy *policy, struct release_file *file,
			struct deb_suite *suite, struct error *err)
{
	cleanup(document__free) struct document signature = { 0 };
	_cleanup_free_ char *signature_url = suite_url(query, "Release.gpg");
	struct error no_inrelease = *err;
	int ret;

	release_file__free(file);
	*file = (struct release_file){ .url = suite_url(query, "Release") };
	if (!file->url || !signature_url)
		return error__oom(err);
	ret = access__fetch(access, file->url, 0, &file->document, err);
	if (ret) {
		*err = no_inrelease;
		return ret;
	}
	file->text_path = strdup(file->document.path);
	if (!file->text_path)
		return error__oom(err);
	ret = access__fetch_if_any(access, signature_url, 0, &signature, err);
	if (!ret)
		ret = openpgp__verify_detached(file->document.path, signature.path, file->url,
					       policy, &suite->signer, err);
	else if (ret == -ENOENT)
		ret = error__set(err, ENOKEY,
				 "%s is not signed: nothing it lists can be believed; try another "
				 "--mirror, or accept it with --allow-unsigned",
				 file->url);
	if (!ret) {
		suite->verification = KBTF_VERIFIED_SIGNED_INDEX;
	} else if (is_key_missing(access, ret)) {
		log__warn("%s is not checked against any signature (--allow-unsigned)", file->url);
		ret = 0;
	}
	return ret;
}

int deb_suite__fetch(struct access *access, const struct deb_query *query,
		     struct deb_suite *suite, struct error *err)
{
	cleanup(release_file__free) struct release_file file = { 0 };
	struct release_text fields = { 0 };
	struct openpgp_policy policy;
	_cleanup_free_ void *text = NULL;
	_cleanup_words_ char **keyrings = access__keyrings(access, query->release);
	size_t size;
	int ret;

	*suite = (struct deb_suite){ .mirror = strdup(query->mirror),
				     .path = strdup(query->suite->path) };
	if (!suite->mirror || !suite->path || !keyrings)
		return error__oom(err);
	policy = access__policy(access, query->manifest, query->release, keyrings);
	ret = get_clearsigned(access, query, &policy, &file, suite, err);
	if (ret == -ENOENT && !file.document.is_kept)
		ret = get_detached(access, query, &policy, &file, suite, err);
	if (ret)
		return ret;
	ret = file__read(file.text_path, RELEASE_LIMIT, &text, &size);
	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", file.text_path,
				  strerror(-ret));
	if (strlen(text) != size)
		return error__set(err, EBADMSG, "%s: a NUL byte in the file", file.url);
	if (parse_release(text, suite, &fields))
		return error__oom(err);
	ret = check_identity(query, &fields, file.url, err);
	return ret ? ret : check_date(access, query, &fields, file.url, err);
}

void deb_suite__free(struct deb_suite *suite)
{
	free(suite->mirror);
	free(suite->path);
	free(suite->signer);
	for (size_t i = 0; i < suite->count; i++) {
		free(suite->files[i].name);
		free(suite->files[i].sha256);
	}
	free(suite->files);
	*suite = (struct deb_suite){ 0 };
}

/* ---- Packages -------------------------------------------------------------------- */

const struct deb_file *deb_suite__packages(const struct deb_suite *suite,
					   const struct repository *repository, const char *arch,
					   struct error *err)
{
	static const char *const endings[] = { ".xz", ".gz", "" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		_cleanup_free_ char *name = NULL;

		if (asprintf(&name, "%s/binary-%s/Packages%s", repository->component, arch,
			     endings[i]) < 0) {
			name = NULL;
			error__oom(err);
			return NULL;
		}
		for (size_t j = 0; j < suite->count; j++)
			if (!strcmp(suite->files[j].name, name))
				return &suite->files[j];
	}
	error__set(err, ENOENT, "%s/dists/%s lists no packages of %s for architecture %s",
		   suite->mirror, suite->path, repository->component, arch);
	return NULL;
}

static int fetch_packages(struct access *access, const struct deb_suite *suite,
			  const struct deb_file *file, struct document *document,
			  struct error *err)
{
	_cleanup_free_ char *url = NULL, *by_hash = NULL;
	const char *slash = strrchr(file->name, '/');
	int ret = -ENOENT;

	if (asprintf(&url, "%s/dists/%s/%s", suite->mirror, suite->path, file->name) < 0) {
		url = NULL;
		return error__oom(err);
	}
	if (asprintf(&by_hash, "%s/dists/%s/%.*s/by-hash/SHA256/%s", suite->mirror, suite->path,
		     slash ? (int)(slash - file->name) : 0, file->name, file->sha256) < 0) {
		by_hash = NULL;
		return error__oom(err);
	}
	if (suite->by_hash)
		ret = access__fetch_if_any(access, by_hash, file->size, document, err);
	if (ret == -ENOENT) {
		document__free(document);
		ret = access__fetch(access, url, file->size, document, err);
	}
	return ret ? ret : document__check(document, url, file->size, file->sha256, err);
}

struct reading {
	struct index *index;
	const struct release *release;
	const char *source;
};

static int take_package(void *context, const struct listed_package *package, struct error *err)
{
	struct reading *reading = context;

	return index__add(reading->index, reading->release, package, reading->source, err);
}

int deb_suite__read(struct access *access, const struct deb_suite *suite,
		    const struct deb_file *file, const struct release *release,
		    struct index *index, struct error *err)
{
	cleanup(document__free) struct document document = { 0 };
	_cleanup_free_ char *source = NULL;
	struct reading reading = { .index = index, .release = release };
	int ret = fetch_packages(access, suite, file, &document, err);

	if (ret)
		return ret;
	if (asprintf(&source, "%s/dists/%s/%s", suite->mirror, suite->path, file->name) < 0) {
		source = NULL;
		return error__oom(err);
	}
	reading.source = source;
	/* An empty file has no format that a decoder could tell. */
	if (file->size)
		ret = deb_packages__read(document.path, PACKAGES_LIMIT, take_package, &reading,
					 err);
	if (ret)
		return ret;
	index->digest = strdup(file->sha256);
	index->base = strdup(suite->mirror);
	index->signer = suite->signer ? strdup(suite->signer) : NULL;
	index->verification = suite->verification;
	if (!index->digest || !index->base || (suite->signer && !index->signer))
		return error__oom(err);
	return 0;
}
