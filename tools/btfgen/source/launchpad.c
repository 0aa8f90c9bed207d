/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/launchpad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/sha256.h"

/* Launchpad gives no more at once. */
#define PAGE_SIZE 300
/* Bionic's kernels for amd64 are some 20. */
#define PAGES_MAX 2000

/* The last part of ".../ubuntu/bionic/amd64". */
static bool is_for_arch(const json_t *entry, const char *arch)
{
	const char *link = json_api__text(entry, "distro_arch_series_link");
	const char *slash = link ? strrchr(link, '/') : NULL;

	return slash && !strcmp(slash + 1, arch);
}

/* As the file is called: the version without its epoch; debug symbols are .ddeb. */
static char *file_name(const json_t *entry, const char *name, const char *version,
		       const char *arch)
{
	const char *colon = strchr(version, ':'), *ending = strrchr(name, '-');
	bool is_debug = json_is_true(json_object_get(entry, "is_debug")) ||
			(ending && !strcmp(ending, "-dbgsym"));
	char *file;

	if (asprintf(&file, "%s_%s_%s.%s", name, colon ? colon + 1 : version, arch,
		     is_debug ? "ddeb" : "deb") < 0)
		return NULL;
	return file;
}

static int take_entry(const json_t *entry, const char *url, const struct launchpad_query *query,
		      struct index *index, struct error *err)
{
	struct listed_package package = {
		.name = json_api__text(entry, "binary_package_name"),
		.version = json_api__text(entry, "binary_package_version"),
	};
	_cleanup_free_ char *file = NULL;

	if (!package.name || !package.version)
		return error__set(err, EBADMSG, "%s: an entry without a package's name or version",
				  url);
	if (!is_for_arch(entry, query->arch))
		return 0;
	file = file_name(entry, package.name, package.version, query->arch);
	if (!file)
		return error__oom(err);
	/* a name is a file below the folder, and none elsewhere */
	if (strchr(file, '/'))
		return 0;
	package.path = file;
	return index__add(index, query->release, &package, url, err);
}

int launchpad__parse(json_t *page, const char *url, const struct launchpad_query *query,
		     struct index *index, struct error *err)
{
	json_t *entries = json_object_get(page, "entries"), *entry;
	size_t i;

	if (!json_is_array(entries))
		return error__set(err, EBADMSG, "%s: the answer has no 'entries'", url);
	json_array_foreach(entries, i, entry) {
		int ret = take_entry(entry, url, query, index, err);

		if (ret)
			return ret;
	}
	return 0;
}

/* ---- page after page -------------------------------------------------------------- */

static char *first_page(const struct launchpad_query *query, const char *name)
{
	const char *slash = strchr(query->path, '/');
	_cleanup_free_ char *series = NULL, *escaped = NULL, *search = json_api__escape(name);
	char *url;

	if (asprintf(&series, "%s/%s/%s", query->api, query->path, query->arch) < 0)
		series = NULL;
	escaped = series ? json_api__escape(series) : NULL;
	if (!escaped || !search ||
	    asprintf(&url,
		     "%s/%.*s/+archive/primary?ws.op=getPublishedBinaries&ws.size=%d&ordered=false"
		     "&exact_match=false&binary_name=%s&distro_arch_series=%s",
		     query->api, (int)(slash ? slash - query->path : (int)strlen(query->path)),
		     query->path, PAGE_SIZE, search, escaped) < 0)
		return NULL;
	return url;
}

/* 0 and the next page in *url, or NULL behind the last. An answer sends us nowhere else. */
static int turn_page(const json_t *page, const struct launchpad_query *query, char **url,
		     struct error *err)
{
	const char *next = json_api__text(page, "next_collection_link");
	size_t len = strlen(query->api);

	if (!next) {
		free(steal_ptr(*url));
		return 0;
	}
	if (strncmp(next, query->api, len) || next[len] != '/')
		return error__set(err, EBADMSG, "%s: its next page is elsewhere: %.200s", *url,
				  next);
	if (!strcmp(next, *url))
		return error__set(err, EBADMSG, "%s: its next page is itself", *url);
	free(*url);
	*url = strdup(next);
	return *url ? 0 : error__oom(err);
}

static int search(struct access *access, const struct launchpad_query *query, const char *name,
		  struct index *index, struct error *err)
{
	_cleanup_free_ char *url = first_page(query, name);

	if (!url)
		return error__oom(err);
	for (unsigned int pages = 0; url; pages++) {
		cleanup(json_decrefp) json_t *page = NULL;
		int ret;

		if (cancel__requested())
			return error__set(err, ECANCELED, "stopped while Launchpad was asked");
		if (pages == PAGES_MAX)
			return error__set(err, EBADMSG, "%s: more than %d pages", query->api,
					  PAGES_MAX);
		page = json_api__get(access, url, &ret, err);
		if (!page)
			return ret;
		ret = launchpad__parse(page, url, query, index, err);
		if (!ret)
			ret = turn_page(page, query, &url, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* There is no index whose digest it could be: of what was found. */
static char *digest_of(const struct index *index)
{
	_cleanup_buf_ struct buf text = { 0 };
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < index->count; i++)
		buf__printf(&text, "%s %s\n", index->kernels[i].kernel_release,
			    index->kernels[i].version);
	if (!buf__cstr(&text))
		return NULL;
	sha256__of(text.data, text.len, digest);
	return strdup(hex__encode(digest, sizeof(digest), hex));
}

int launchpad__read(struct access *access, const struct launchpad_query *query,
		    struct index *index, struct error *err)
{
	char *const *names = query->repository->search;
	const char *files = query->repository->files;
	size_t len = strlen(files);
	int ret = 0;

	if (!access->allow_unsigned)
		return error__set(err, ENOKEY,
				  "%s: nothing that Launchpad says is signed: accept it with "
				  "--allow-unsigned",
				  query->api);
	for (; !ret && *names; names++)
		ret = search(access, query, *names, index, err);
	if (ret)
		return ret;
	while (len && files[len - 1] == '/')
		len--;
	index->digest = digest_of(index);
	index->base = strndup(files, len);
	index->verification = KBTF_UNVERIFIED;
	return index->digest && index->base ? 0 : error__oom(err);
}
