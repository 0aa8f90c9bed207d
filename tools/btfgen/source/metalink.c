/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/metalink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/url.h"
#include "base/words.h"
#include "source/xml_stream.h"

#define METALINK_LIMIT (8u << 20)
/* Fedora's has some 200. */
#define MIRRORS_MAX 4096
#define DIGESTS_MAX 64
#define URL_MAX 2048
#define REPOMD "/repodata/repomd.xml"

struct listed_mirror {
	char *base;
	unsigned long preference;
	size_t position;        /* in the file: equals stay in its order */
};

struct listing {
	const char *url;
	struct listed_mirror *mirrors;
	size_t count;
	char **sha256s;
	bool in_repomd;         /* <file name="repomd.xml"> */
	bool is_sha256;
	unsigned long preference;
};

static void listing__free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->mirrors[i].base);
	free(listing->mirrors);
	words__free(listing->sha256s);
}

static bool is_usable(const struct listing *listing, const char *url)
{
	static const char *const schemes[] = { "https://", "http://", "ftp://" };

	if (strlen(url) > URL_MAX)
		return false;
	/* a space or a newline in a URL is what a request could be split by */
	for (const char *at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (!strncasecmp(url, schemes[i], len))
			return url[len] && url[len] != '/';
	}
	return url__is_file(url) && url__is_file(listing->url);
}

/* `len` bytes of `url`, without slashes at the end. */
static int add_mirror(struct listing *listing, const char *url, size_t len, struct error *err)
{
	struct listed_mirror *mirrors;

	if (listing->count == MIRRORS_MAX)
		return error__set(err, EBADMSG, "%s: more than %d mirrors", listing->url,
				  MIRRORS_MAX);
	while (len && url[len - 1] == '/')
		len--;
	mirrors = reallocarray(listing->mirrors, listing->count + 1, sizeof(*mirrors));
	if (!mirrors)
		return error__oom(err);
	listing->mirrors = mirrors;
	mirrors += listing->count;
	*mirrors = (struct listed_mirror){ strndup(url, len), listing->preference,
					   listing->count };
	if (!mirrors->base)
		return error__oom(err);
	listing->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct listed_mirror *left = a, *right = b;

	if (left->preference != right->preference)
		return left->preference > right->preference ? -1 : 1;
	return left->position < right->position ? -1 : left->position > right->position;
}

static int finish(struct listing *listing, struct metalink *metalink, struct error *err)
{
	if (!listing->count)
		return error__set(err, EBADMSG, "%s names no mirror that could be asked",
				  listing->url);
	qsort(listing->mirrors, listing->count, sizeof(*listing->mirrors), compare);
	for (size_t i = 0; i < listing->count; i++)
		if (words__add(&metalink->bases, listing->mirrors[i].base))
			return error__oom(err);
	metalink->sha256s = steal_ptr(listing->sha256s);
	return 0;
}

/* ---- metalink ---------------------------------------------------------------------- */

static int start(void *context, const char *element, const char **attributes, struct error *err)
{
	struct listing *listing = context;
	const char *value;

	(void)err;
	if (!strcmp(element, "file")) {
		value = xml_attribute(attributes, "name");
		listing->in_repomd = value && !strcmp(value, "repomd.xml");
	} else if (!strcmp(element, "hash")) {
		value = xml_attribute(attributes, "type");
		listing->is_sha256 = value && (!strcasecmp(value, "sha256") ||
					       !strcasecmp(value, "sha-256"));
	} else if (!strcmp(element, "url")) {
		value = xml_attribute(attributes, "preference");
		listing->preference = value ? strtoul(value, NULL, 10) : 0;
	}
	return 0;
}

/* Those of <alternate> too: what was there until lately, which mirrors may still have. */
static int take_hash(struct listing *listing, const char *text, struct error *err)
{
	uint8_t digest[SHA256_SIZE];

	if (!listing->is_sha256)
		return 0;
	if (!hex__decode(text, digest, sizeof(digest)))
		return error__set(err, EBADMSG, "%s: a SHA-256 that is none: %.100s", listing->url,
				  text);
	if (words__count((const char *const *)listing->sha256s) == DIGESTS_MAX)
		return error__set(err, EBADMSG, "%s: more than %d versions of repomd.xml",
				  listing->url, DIGESTS_MAX);
	return words__add(&listing->sha256s, text) ? error__oom(err) : 0;
}

static int take_url(struct listing *listing, const char *text, struct error *err)
{
	size_t len = strlen(text), ending = strlen(REPOMD);

	if (!is_usable(listing, text) || len <= ending || strcmp(text + len - ending, REPOMD))
		return 0;
	return add_mirror(listing, text, len - ending, err);
}

static int end(void *context, const char *element, const char *text, struct error *err)
{
	struct listing *listing = context;

	if (!strcmp(element, "file"))
		listing->in_repomd = false;
	if (!listing->in_repomd)
		return 0;
	if (!strcmp(element, "hash"))
		return take_hash(listing, text, err);
	return strcmp(element, "url") ? 0 : take_url(listing, text, err);
}

int metalink__read(const char *path, const char *url, struct metalink *metalink,
		   struct error *err)
{
	cleanup(listing__free) struct listing listing = { .url = url };
	struct xml_handler handler = { start, end, &listing };
	int ret;

	*metalink = (struct metalink){ 0 };
	ret = xml_stream__read(path, url, METALINK_LIMIT, &handler, err);
	if (ret)
		return ret;
	if (!listing.sha256s)
		return error__set(err, EBADMSG, "%s has no SHA-256 of repomd.xml", url);
	return finish(&listing, metalink, err);
}

/* ---- mirror list --------------------------------------------------------------------- */

int metalink__read_list(const char *path, const char *url, struct metalink *metalink,
			struct error *err)
{
	cleanup(listing__free) struct listing listing = { .url = url };
	_cleanup_free_ void *text = NULL;
	char *rest, *line;
	size_t size;
	int ret;

	*metalink = (struct metalink){ 0 };
	ret = file__read(path, METALINK_LIMIT, &text, &size);
	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", url, strerror(-ret));
	if (strlen(text) != size)
		return error__set(err, EBADMSG, "%s: a NUL byte in the file", url);
	for (rest = text; !ret && (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r")] = '\0';
		/* "# repo = ..." is what such lists begin with */
		if (*line && *line != '#' && is_usable(&listing, line))
			ret = add_mirror(&listing, line, strlen(line), err);
	}
	return ret ? ret : finish(&listing, metalink, err);
}

void metalink__free(struct metalink *metalink)
{
	words__free(metalink->bases);
	words__free(metalink->sha256s);
	*metalink = (struct metalink){ 0 };
}
