/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file_digest.h"
#include "base/file_kind.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/url.h"

/* One package on its way; the strings are fetch__package()'s. */
struct fetch {
	struct transfers *transfers;
	const struct package *package;
	struct meter *meter;
	struct fetched *fetched;
	struct error *err;
	const char *source;         /* URL to take it from now */
	char *url;                  /* the same for messages */
	const char *dir;
	const char *final;
	const char *part;
	bool has_digest;
	uint8_t digest[SHA256_SIZE];
};

/* ---- is it the package? --------------------------------------------------------- */

/* A proxy's or a mirror's web page in the place of a package is worth a word. */
static const char *web_page_hint(int fd)
{
	return file_kind__is_web_page(fd) ? ": it is a web page, as a proxy or a login page sends" : "";
}

/* `name` is what the user knows the file by: its URL, or its path. */
static int check(struct fetch *fetch, int fd, const char *name)
{
	char is[SHA256_HEX_SIZE], should[SHA256_HEX_SIZE];
	uint8_t digest[SHA256_SIZE];
	struct stat st;
	int status;

	if (fstat(fd, &st) < 0)
		return error__set(fetch->err, EIO, "%s: %s", name, strerror(errno));
	if (fetch->package->size && (uint64_t)st.st_size != fetch->package->size)
		return error__set(fetch->err, EBADMSG,
				  "%s: it has %jd bytes where the index says %" PRIu64
				  "%s; refresh the index, or try another mirror", name,
				  (intmax_t)st.st_size, fetch->package->size, web_page_hint(fd));
	status = file_digest__sha256(fd, name, fetch->meter, digest, fetch->err);
	if (status)
		return status;
	hex__encode(digest, sizeof(digest), is);
	if (fetch->has_digest && memcmp(digest, fetch->digest, sizeof(digest)) != 0)
		return error__set(fetch->err, EBADMSG,
				  "%s: its SHA-256 is %s where the index says %s%s; refresh the "
				  "index, or try another mirror", name, is,
				  hex__encode(fetch->digest, sizeof(fetch->digest), should),
				  web_page_hint(fd));
	memcpy(fetch->fetched->sha256, is, sizeof(is));
	return 0;
}

/* ---- where it comes from -------------------------------------------------------- */

static int fetch_local(struct fetch *fetch)
{
	_cleanup_free_ char *path = url__local_path(fetch->source);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int status;

	if (!path && errno == ENOMEM)
		return error__oom(fetch->err);
	if (!path)
		return error__set(fetch->err, ENOENT,
				  "%s: not a file of this machine; write file:///PATH",
				  fetch->url);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error__set(fetch->err, errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return error__set(fetch->err, EBADMSG, "%s: not a regular file", path);
	status = check(fetch, fd, path);
	if (!status)
		fetch->fetched->path = steal_ptr(path);
	return status;
}

static int keep_result(struct fetch *fetch, int *fd)
{
	fetch->fetched->path = strdup(fetch->final);
	if (!fetch->fetched->path)
		return error__oom(fetch->err);
	fetch->fetched->lock_fd = steal_fd(fd);
	fetch->fetched->is_by_url = !fetch->has_digest;
	return 0;
}

/* -ENOENT: it is not there, or was damaged and is there no more. */
static int take_cached(struct fetch *fetch)
{
	_cleanup_close_ int fd = cache__hold(fetch->final);
	int status;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd < 0)
		return error__set(fetch->err, fd, "%s: %s", fetch->final, strerror(-fd));
	status = check(fetch, fd, fetch->final);
	if (!status)
		return keep_result(fetch, &fd);
	if (status != -EBADMSG)
		return status;
	log__warn("%s; it is fetched again", fetch->err->text);
	if (unlink(fetch->final) < 0 && errno != ENOENT)
		return error__set(fetch->err, errno, "%s: damaged, and cannot be removed: %s",
				  fetch->final, strerror(errno));
	return -ENOENT;
}

/* Old packages make room for a new one where that is enough; else the transfer says so. */
static void make_room(struct fetch *fetch, int part_fd)
{
	uint64_t usage = 0, room, have, need = fetch->package->size;
	struct statvfs fs;
	struct stat st;

	if (statvfs(fetch->dir, &fs) < 0 || fstat(part_fd, &st) < 0)
		return;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	have = (uint64_t)st.st_blocks * 512;
	if (need <= have || need - have <= room)
		return;
	need -= have + room;
	if (cache__usage(fetch->dir, &usage) == 0 && usage >= need)
		cache__drop(fetch->dir, UINT64_MAX, need);
}

static int download(struct fetch *fetch, int part_fd)
{
	const struct transfer_identity identity = {
		fetch->package->client_certificate, fetch->package->client_key,
		fetch->package->ca_file,
	};
	struct transfer transfer = {
		.url = fetch->source,
		.identity = &identity,
		.path = fetch->part,
		.resume = true,
		.expect_size = fetch->package->size,
		.meter = fetch->meter,
	};
	struct transfer_result result;
	struct stat st;
	int status;

	make_room(fetch, part_fd);
	meter__stage(fetch->meter, "fetch", fetch->package->size);
	status = transfers__get(fetch->transfers, &transfer, &result, fetch->err);
	fetch->fetched->bytes += result.bytes;
	transfer_result__free(&result);
	/* nothing to go on from: no litter for a package that is not there */
	if (status && fstat(part_fd, &st) == 0 && !st.st_size)
		unlink(fetch->part);
	return status;
}

/*
 * Under a claim of the unfinished file. -EAGAIN: look at the cache again, since another
 * process was faster, or dropped it already.
 */
static int fetch_claimed(struct fetch *fetch, int *part_fd)
{
	int status = 0;

	if (access(fetch->final, F_OK) == 0) {
		unlink(fetch->part);
		return -EAGAIN;
	}
	/* wrong bytes are believed the second time: the first may have been an old part */
	for (int tries = 0; tries < 2; tries++) {
		status = download(fetch, *part_fd);
		if (status)
			return status;
		status = check(fetch, *part_fd, fetch->url);
		if (status != -EBADMSG)
			break;
		log__verbose("%s; fetched anew", fetch->err->text);
		if (ftruncate(*part_fd, 0) < 0)
			return error__set(fetch->err, errno, "%s: %s", fetch->part,
					  strerror(errno));
	}
	if (status == -EBADMSG)
		unlink(fetch->part);
	if (status)
		return status;
	status = cache__publish(*part_fd, fetch->part, fetch->final);
	if (status == -EAGAIN)
		return status;
	if (status)
		return error__set(fetch->err, status, "%s: %s", fetch->final, strerror(-status));
	return keep_result(fetch, part_fd);
}

static int fetch_remote(struct fetch *fetch)
{
	for (;;) {
		_cleanup_close_ int part_fd = -1;
		int status = take_cached(fetch);

		if (status != -ENOENT)
			return status;
		part_fd = cache__claim(fetch->part);
		if (part_fd < 0)
			return error__set(fetch->err, part_fd, "%s: %s", fetch->part,
					  part_fd == -ECANCELED ? "interrupted" :
					  strerror(-part_fd));
		status = fetch_claimed(fetch, &part_fd);
		if (status != -EAGAIN)
			return status;
	}
}

/* ---- the stage ------------------------------------------------------------------ */

/* The file's name in the cache; nothing in it is the index's to choose. */
static int name_files(struct fetch *fetch, char **final, char **part)
{
	const struct package *package = fetch->package;
	uint8_t of_url[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	if (package->sha256 && *package->sha256) {
		if (!hex__decode(package->sha256, fetch->digest, sizeof(fetch->digest)))
			return error__set(fetch->err, EBADMSG,
					  "%s: \"%.80s\" in its index is no SHA-256; refresh the "
					  "index", fetch->url, package->sha256);
		fetch->has_digest = true;
		hex__encode(fetch->digest, sizeof(fetch->digest), hex);
	} else {
		sha256__of(package->url, strlen(package->url), of_url);
		hex__encode(of_url, sizeof(of_url), hex);
	}
	if (asprintf(final, "%s/%s%s", fetch->dir, fetch->has_digest ? "" : "url-", hex) < 0) {
		*final = NULL;
		return error__oom(fetch->err);
	}
	if (asprintf(part, "%s.part", *final) < 0) {
		*part = NULL;
		return error__oom(fetch->err);
	}
	fetch->final = *final;
	fetch->part = *part;
	return 0;
}

static int set_source(struct fetch *fetch, const char *url)
{
	fetch->source = url;
	free(fetch->url);
	fetch->url = url__display(url);
	return fetch->url ? 0 : error__oom(fetch->err);
}

static int fetch_from_source(struct fetch *fetch)
{
	return url__is_file(fetch->source) ? fetch_local(fetch) : fetch_remote(fetch);
}

/* Not what is wrong here: no other mirror mends that. */
static bool may_help_elsewhere(int status)
{
	return status && status != -ECANCELED && status != -ENOMEM && status != -ENOSPC;
}

/* From the mirror that its index is of, or else from the next one that has it. */
static int fetch_anywhere(struct fetch *fetch)
{
	int status = fetch_from_source(fetch), next = status;
	struct error first = *fetch->err;
	size_t more = 0;

	while (may_help_elsewhere(next)) {
		_cleanup_free_ char *url = package__url_at(fetch->package, more);

		if (!url)
			break;
		more++;
		log__verbose("%s; trying the next mirror", fetch->err->text);
		next = set_source(fetch, url);
		if (!next)
			next = fetch_from_source(fetch);
	}
	/* what the first had to say counts: it is the one that the machine prefers */
	if (!may_help_elsewhere(next) || !more)
		return next;
	return error__set(fetch->err, status, "%s; nor is it to be had from %zu more mirror%s",
			  first.text, more, more > 1 ? "s" : "");
}

int fetch__package(struct transfers *transfers, struct workdir *work,
		   const struct package *package, uint64_t cache_limit, struct meter *meter,
		   struct fetched *fetched, struct error *err)
{
	_cleanup_free_ char *final = NULL;
	_cleanup_free_ char *part = NULL;
	struct fetch fetch = {
		.transfers = transfers, .package = package, .meter = meter, .fetched = fetched,
		.err = err, .dir = workdir__packages(work),
	};
	int status;

	*fetched = (struct fetched){ .lock_fd = -1 };
	status = set_source(&fetch, package->url);
	if (!status && !package->sha256 && !package->keyrings && !package->allow_unsigned)
		status = error__set(err, EKEYREJECTED,
				    "%s: nothing vouches for it: its index lists no SHA-256, and no "
				    "key signs it; accept it with --allow-unsigned", fetch.url);
	if (!status)
		status = name_files(&fetch, &final, &part);
	if (!status)
		status = fetch_anywhere(&fetch);
	if (!status && fetched->lock_fd >= 0 && cache__drop(fetch.dir, cache_limit, 0) < 0)
		log__warn("%s: cannot be held under its limit", fetch.dir);
	free(fetch.url);
	return status;
}

void fetched__doubt(struct fetched *fetched, int res)
{
	static const int faults_of_ours[] = { 0, -ECANCELED, -ENOMEM, -ENOSPC, -EDQUOT, -EIO,
					      -ETIMEDOUT, -ETIME, -ENOKEY };

	for (size_t i = 0; i < sizeof(faults_of_ours) / sizeof(*faults_of_ours); i++)
		if (res == faults_of_ours[i])
			return;
	if (fetched->is_by_url && fetched->path)
		unlink(fetched->path);
}

void fetched__free(struct fetched *fetched)
{
	if (fetched->path)
		closep(&fetched->lock_fd);
	free(fetched->path);
	*fetched = (struct fetched){ .lock_fd = -1 };
}

bool fetch__is_here(struct workdir *work, const struct package *package)
{
	_cleanup_free_ char *final = NULL, *part = NULL;
	struct error err;
	struct fetch fetch = { .package = package, .err = &err, .dir = workdir__packages(work) };
	bool is_here = url__is_file(package->url);

	if (!is_here && !set_source(&fetch, package->url) && !name_files(&fetch, &final, &part))
		is_here = access(final, R_OK) == 0;
	free(fetch.url);
	return is_here;
}
