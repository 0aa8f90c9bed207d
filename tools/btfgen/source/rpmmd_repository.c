/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/rpmmd_repository.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "base/words.h"
#include "source/xml_stream.h"

#define SHA1_SIZE 20
#define REPOMD_LIMIT (16u << 20)
/* Fedora's whole primary.xml is some 200 MB. */
#define PRIMARY_LIMIT (2ull << 30)

static int set_text(char **field, const char *text, struct error *err)
{
	free(*field);
	*field = strdup(text);
	return *field ? 0 : error__oom(err);
}

/* ---- repomd.xml ------------------------------------------------------------------ */

struct repomd {
	struct rpmmd_suite *suite;
	bool in_primary;
	bool has_database;      /* primary_db */
	char **digest;          /* where the checksum under way goes, or NULL */
};

/* createrepo's "sha" is SHA-1. */
static char **digest_of(struct rpmmd_suite *suite, const char *type)
{
	if (type && !strcmp(type, "sha256"))
		return &suite->sha256;
	if (type && (!strcmp(type, "sha") || !strcmp(type, "sha1")))
		return &suite->sha1;
	return NULL;
}

static int repomd_start(void *context, const char *element, const char **attributes,
			struct error *err)
{
	struct repomd *repomd = context;
	const char *type = xml_attribute(attributes, "type");

	if (!strcmp(element, "data")) {
		repomd->in_primary = type && !strcmp(type, "primary");
		repomd->has_database |= type && !strcmp(type, "primary_db");
	}
	if (!repomd->in_primary)
		return 0;
	if (!strcmp(element, "checksum"))
		repomd->digest = digest_of(repomd->suite, type);
	if (!strcmp(element, "location")) {
		const char *href = xml_attribute(attributes, "href");

		return set_text(&repomd->suite->href, href ? href : "", err);
	}
	return 0;
}

static int repomd_end(void *context, const char *element, const char *text, struct error *err)
{
	struct repomd *repomd = context;

	if (!repomd->in_primary)
		return 0;
	if (!strcmp(element, "data"))
		repomd->in_primary = false;
	if (!strcmp(element, "checksum") && repomd->digest)
		return set_text(repomd->digest, text, err);
	if (!strcmp(element, "size"))
		repomd->suite->size = strtoull(text, NULL, 10);
	return 0;
}

static int read_repomd(const char *path, const char *url, struct rpmmd_suite *suite,
		       struct error *err)
{
	struct repomd repomd = { .suite = suite };
	struct xml_handler handler = { repomd_start, repomd_end, &repomd };
	uint8_t digest[SHA256_SIZE];
	int ret = xml_stream__read(path, url, REPOMD_LIMIT, &handler, err);

	if (ret)
		return ret;
	if (!suite->href && repomd.has_database)
		return error__set(err, EBADMSG,
				  "%s names a database (SQLite) and no primary.xml, which dnf and "
				  "btfgen read: its index was not made whole",
				  url);
	if (!suite->href || !rpmmd_suite__digest(suite))
		return error__set(err, EBADMSG, "%s names no primary.xml with a SHA-256", url);
	if ((suite->sha256 && !hex__decode(suite->sha256, digest, SHA256_SIZE)) ||
	    (suite->sha1 && !hex__decode(suite->sha1, digest, SHA1_SIZE)) ||
	    !is_safe_path(suite->href))
		return error__set(err, EBADMSG, "%s: its entry for primary.xml is damaged", url);
	return 0;
}

/* ---- is it signed ---------------------------------------------------------------- */

static int accept_unsigned(const struct access *access, const struct rpmmd_query *query,
			   const char *url, const char *what, struct error *err)
{
	const struct repository *repository = query->suite->repository;

	if (repository->signature_required && !access->allow_unsigned)
		return error__set(err, ENOKEY,
				  "%s %s, and the manifest %s requires it: try another --mirror, or "
				  "accept it with --allow-unsigned",
				  url, what, query->manifest->path);
	return access__accept_unsigned(access, query->manifest, query->release, url, what, err);
}

static int check_signature(struct access *access, const struct rpmmd_query *query,
			   const struct document *repomd, const char *url,
			   struct rpmmd_suite *suite, struct error *err)
{
	cleanup(document__free) struct document signature = { 0 };
	_cleanup_free_ char *signature_url = NULL;
	struct openpgp_policy policy;
	_cleanup_words_ char **keyrings = access__keyrings(access, query->release);
	int ret;

	if (!keyrings)
		return error__oom(err);
	if (asprintf(&signature_url, "%s.asc", url) < 0) {
		signature_url = NULL;
		return error__oom(err);
	}
	ret = access__fetch_if_any(access, signature_url, 0, &signature, err);
	if (ret == -ENOENT)
		return accept_unsigned(access, query, url, "is not signed", err);
	if (ret)
		return ret;
	policy = access__policy(access, query->manifest, query->release, keyrings);
	ret = openpgp__verify_detached(repomd->path, signature.path, url, &policy, &suite->signer,
				       err);
	if (ret == -ENOKEY && access->allow_unsigned)
		return accept_unsigned(access, query, url, "is not signed", err);
	if (!ret)
		suite->verification = KBTF_VERIFIED_SIGNED_INDEX;
	return ret;
}

/* Whether it is the one that the metalink tells, or was until lately. */
static int check_digest(const struct rpmmd_query *query, const struct document *repomd,
			const char *url, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	int ret;

	if (!query->sha256s)
		return 0;
	ret = sha256__of_file(repomd->path, digest);
	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", repomd->path, strerror(-ret));
	hex__encode(digest, sizeof(digest), hex);
	for (size_t i = 0; query->sha256s[i]; i++)
		if (!strcasecmp(query->sha256s[i], hex))
			return 0;
	return error__set(err, EBADMSG,
			  "%s is not the one that the metalink tells: the mirror is behind, or "
			  "altered it",
			  url);
}

/* SHA-1 can be forged: what a signature says of such a digest, it says of nothing. */
static int check_strength(struct access *access, const struct rpmmd_query *query, const char *url,
			  struct rpmmd_suite *suite, struct error *err)
{
	if (suite->sha256)
		return 0;
	suite->verification = KBTF_UNVERIFIED;
	free(steal_ptr(suite->signer));
	return accept_unsigned(access, query, url, "knows primary.xml by SHA-1 alone, as if not "
			       "signed", err);
}

int rpmmd_suite__fetch(struct access *access, const struct rpmmd_query *query,
		       struct rpmmd_suite *suite, struct error *err)
{
	cleanup(document__free) struct document repomd = { 0 };
	_cleanup_free_ char *url = NULL;
	int ret;

	*suite = (struct rpmmd_suite){ .base = strdup(query->base) };
	if (!suite->base)
		return error__oom(err);
	if (asprintf(&url, "%s/repodata/repomd.xml", query->base) < 0) {
		url = NULL;
		return error__oom(err);
	}
	ret = access__fetch_changed(access, url, &repomd, err);
	if (ret)
		return ret;
	ret = check_digest(query, &repomd, url, err);
	if (!ret)
		ret = check_signature(access, query, &repomd, url, suite, err);
	if (!ret)
		ret = read_repomd(repomd.path, url, suite, err);
	if (!ret)
		ret = check_strength(access, query, url, suite, err);
	if (ret) {
		document__forget(&repomd);
		return ret;
	}
	return document__keep(&repomd, err);
}

void rpmmd_suite__free(struct rpmmd_suite *suite)
{
	free(suite->base);
	free(suite->signer);
	free(suite->href);
	free(suite->sha256);
	free(suite->sha1);
	*suite = (struct rpmmd_suite){ 0 };
}

const char *rpmmd_suite__digest(const struct rpmmd_suite *suite)
{
	return suite->sha256 ? suite->sha256 : suite->sha1;
}

/* ---- primary.xml ----------------------------------------------------------------- */

struct primary {
	struct index *index;
	const struct release *release;
	const char *arch;
	const char *source;
	unsigned int depth;     /* below <package>, itself 1; 0: outside */
	bool is_sha256;
	/* of the package under way */
	char *name, *package_arch, *epoch, *version, *rpm_release, *path, *sha256;
	uint64_t size;
};

static void primary__reset(struct primary *primary)
{
	char **fields[] = { &primary->name, &primary->package_arch, &primary->epoch,
			    &primary->version, &primary->rpm_release, &primary->path,
			    &primary->sha256 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		free(*fields[i]);
		*fields[i] = NULL;
	}
	primary->size = 0;
}

static int take_attribute(char **field, const char **attributes, const char *name,
			  struct error *err)
{
	const char *value = xml_attribute(attributes, name);

	return set_text(field, value ? value : "", err);
}

static int primary_start(void *context, const char *element, const char **attributes,
			 struct error *err)
{
	struct primary *primary = context;
	const char *value;
	int ret;

	if (!primary->depth) {
		if (!strcmp(element, "package")) {
			primary__reset(primary);
			primary->depth = 1;
		}
		return 0;
	}
	/* <format> has elements of its own, of the same local names perhaps */
	if (++primary->depth != 2)
		return 0;
	if (!strcmp(element, "version")) {
		ret = take_attribute(&primary->epoch, attributes, "epoch", err);
		if (!ret)
			ret = take_attribute(&primary->version, attributes, "ver", err);
		return ret ? ret : take_attribute(&primary->rpm_release, attributes, "rel", err);
	}
	if (!strcmp(element, "location"))
		return take_attribute(&primary->path, attributes, "href", err);
	if (!strcmp(element, "checksum")) {
		value = xml_attribute(attributes, "type");
		primary->is_sha256 = value && !strcmp(value, "sha256");
	}
	if (!strcmp(element, "size")) {
		value = xml_attribute(attributes, "package");
		primary->size = value ? strtoull(value, NULL, 10) : 0;
	}
	return 0;
}

static int take_package(struct primary *primary, struct error *err)
{
	_cleanup_free_ char *version = NULL;
	bool has_epoch = primary->epoch && *primary->epoch && strcmp(primary->epoch, "0");
	struct listed_package package;

	if (!primary->name || !primary->version || !*primary->version || !primary->package_arch ||
	    strcmp(primary->package_arch, primary->arch))
		return 0;
	if (asprintf(&version, "%s%s%s-%s", has_epoch ? primary->epoch : "", has_epoch ? ":" : "",
		     primary->version, primary->rpm_release) < 0) {
		version = NULL;
		return error__oom(err);
	}
	package = (struct listed_package){
		.name = primary->name,
		.version = version,
		.path = primary->path,
		.sha256 = primary->sha256,
		.size = primary->size,
		.rpm_version = primary->version,
		.rpm_release = primary->rpm_release,
		.rpm_arch = primary->package_arch,
	};
	return index__add(primary->index, primary->release, &package, primary->source, err);
}

static int primary_end(void *context, const char *element, const char *text, struct error *err)
{
	struct primary *primary = context;

	if (!primary->depth)
		return 0;
	if (--primary->depth == 0)
		return take_package(primary, err);
	if (primary->depth != 1)
		return 0;
	if (!strcmp(element, "name"))
		return set_text(&primary->name, text, err);
	if (!strcmp(element, "arch"))
		return set_text(&primary->package_arch, text, err);
	if (!strcmp(element, "checksum") && primary->is_sha256)
		return set_text(&primary->sha256, text, err);
	return 0;
}

int rpmmd_suite__read(struct access *access, const struct rpmmd_suite *suite,
		      const struct release *release, const char *arch, struct index *index,
		      struct error *err)
{
	cleanup(document__free) struct document document = { 0 };
	cleanup(primary__reset) struct primary primary = { .index = index, .release = release,
							   .arch = arch };
	struct xml_handler handler = { primary_start, primary_end, &primary };
	_cleanup_free_ char *url = NULL;
	int ret;

	if (asprintf(&url, "%s/%s", suite->base, suite->href) < 0) {
		url = NULL;
		return error__oom(err);
	}
	primary.source = url;
	ret = access__fetch(access, url, suite->size, &document, err);
	if (!ret && suite->sha256)
		ret = document__check(&document, url, suite->size, suite->sha256, err);
	else if (!ret)
		ret = document__check_sha1(&document, url, suite->sha1, err);
	if (!ret)
		ret = xml_stream__read(document.path, url, PRIMARY_LIMIT, &handler, err);
	if (ret)
		return ret;
	index->digest = strdup(rpmmd_suite__digest(suite));
	index->base = strdup(suite->base);
	index->signer = suite->signer ? strdup(suite->signer) : NULL;
	index->verification = suite->verification;
	if (!index->digest || !index->base || (suite->signer && !index->signer))
		return error__oom(err);
	return 0;
}
