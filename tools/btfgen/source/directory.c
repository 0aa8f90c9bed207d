/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/url.h"
#include "source/html_links.h"

/* A folder of 50,000 files is some 10 MB of page. */
#define PAGE_LIMIT (64u << 20)
#define NAME_MAX_LEN 512

struct reading {
	const struct directory_query *query;
	struct index *index;
	size_t packages;        /* of any name and architecture */
};

/* ---- file names --------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), ending_len = strlen(ending);

	return len > ending_len && !strcmp(text + len - ending_len, ending);
}

/* Cut `text` at the last `separator`; what is behind it, or NULL where there is none. */
static char *cut(char *text, char separator)
{
	char *at = strrchr(text, separator);

	if (!at || at == text || !at[1])
		return NULL;
	*at = '\0';
	return at + 1;
}

/* NAME-VERSION-RELEASE.ARCH.rpm */
static int add_rpm(struct reading *reading, char *name, const char *path, struct error *err)
{
	struct listed_package package = { .name = name, .path = path };
	_cleanup_free_ char *version = NULL;

	name[strlen(name) - strlen(".rpm")] = '\0';
	package.rpm_arch = cut(name, '.');
	package.rpm_release = package.rpm_arch ? cut(name, '-') : NULL;
	package.rpm_version = package.rpm_release ? cut(name, '-') : NULL;
	if (!package.rpm_version || strcmp(package.rpm_arch, reading->query->arch))
		return 0;
	if (asprintf(&version, "%s-%s", package.rpm_version, package.rpm_release) < 0) {
		version = NULL;
		return error__oom(err);
	}
	package.version = version;
	return index__add(reading->index, reading->query->release, &package, reading->query->base,
			  err);
}

/* NAME_VERSION_ARCH.deb */
static int add_deb(struct reading *reading, char *name, const char *path, struct error *err)
{
	struct listed_package package = { .name = name, .path = path };
	const char *arch;

	*strrchr(name, '.') = '\0';
	arch = cut(name, '_');
	package.version = arch ? cut(name, '_') : NULL;
	if (!package.version || strchr(name, '_') || strcmp(arch, reading->query->arch))
		return 0;
	return index__add(reading->index, reading->query->release, &package, reading->query->base,
			  err);
}

/* ---- links --------------------------------------------------------------------------- */

/* What is below the folder, of a link to there however it is written; else NULL. */
static const char *below(const char *link, const char *base)
{
	const char *path = strstr(base, "://");
	size_t len = strlen(base);

	if (!strncmp(link, base, len) && link[len] == '/')
		return link + len + 1;
	path = path ? strchr(path + 3, '/') : NULL;
	len = path ? strlen(path) : 0;
	if (link[0] == '/')
		return !strncmp(link, path ? path : "", len) && link[len] == '/' ? link + len + 1 :
										   NULL;
	return strncmp(link, "./", 2) ? link : link + 2;
}

static int take_link(void *context, const char *link, struct error *err)
{
	struct reading *reading = context;
	const char *found = below(link, reading->query->base);
	char path[NAME_MAX_LEN], name[NAME_MAX_LEN];

	/* sorting by a column, the folder above, one below, another server */
	if (!found || strlen(found) >= sizeof(path))
		return 0;
	strcpy(path, found);
	if (!url__decode(path) || !is_safe_path(path) || strchr(path, '/') || strchr(path, ':'))
		return 0;
	strcpy(name, path);
	if (ends_with(name, ".rpm")) {
		reading->packages++;
		return add_rpm(reading, name, path, err);
	}
	if (ends_with(name, ".deb") || ends_with(name, ".ddeb")) {
		reading->packages++;
		return add_deb(reading, name, path, err);
	}
	return 0;
}

int directory__parse(const char *page, size_t len, const struct directory_query *query,
		     struct index *index, struct error *err)
{
	struct reading reading = { .query = query, .index = index };
	int ret = html_links__read(page, len, take_link, &reading, err);

	if (ret || reading.packages)
		return ret;
	return error__set(err, EBADMSG,
			  "%s/ is no list of a folder with packages: it links to no .rpm and no .deb",
			  query->base);
}

/* ---- fetching, and whether it will do -------------------------------------------------- */

static const char *first_deb(const struct index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		const struct index_package *packages[] = { &index->kernels[i].debug,
							   &index->kernels[i].image };

		for (size_t j = 0; j < 2; j++)
			if (packages[j]->name && !ends_with(packages[j]->path, ".rpm"))
				return packages[j]->path;
	}
	return NULL;
}

bool directory__is_acceptable(const struct access *access, const struct release *release,
			      const struct index *index)
{
	return access->allow_unsigned || (!first_deb(index) && access__has_keys(access, release));
}

static int accept(const struct access *access, const struct directory_query *query,
		  const struct index *index, struct error *err)
{
	const char *deb = first_deb(index);

	if (deb && !access->allow_unsigned)
		return error__set(err, ENOKEY,
				  "%s/%s is not signed, nor is a list that it stands in: accept it "
				  "with --allow-unsigned, or name a mirror with an index",
				  query->base, deb);
	return access__accept_unsigned(access, query->manifest, query->release, query->base,
				       "is a mere list of files", err);
}

int directory__read(struct access *access, const struct directory_query *query,
		    struct index *index, struct error *err)
{
	cleanup(document__free) struct document document = { 0 };
	_cleanup_free_ void *page = NULL;
	_cleanup_free_ char *url = NULL;
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	size_t size;
	int ret;

	if (asprintf(&url, "%s/", query->base) < 0) {
		url = NULL;
		return error__oom(err);
	}
	ret = access__fetch(access, url, 0, &document, err);
	if (ret)
		return ret;
	ret = file__read(document.path, PAGE_LIMIT, &page, &size);
	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", url, strerror(-ret));
	ret = directory__parse(page, size, query, index, err);
	if (!ret)
		ret = accept(access, query, index, err);
	if (ret)
		return ret;
	sha256__of(page, size, digest);
	index->digest = strdup(hex__encode(digest, sizeof(digest), hex));
	index->base = strdup(query->base);
	index->verification = KBTF_UNVERIFIED;
	return index->digest && index->base ? 0 : error__oom(err);
}
