/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/file_kind.h"
#include "base/keyring.h"
#include "base/log.h"
#include "base/rpm_header.h"
#include "base/sha256.h"
#include "base/url.h"
#include "base/words.h"

#define SHA1_SIZE 20
/* OpenPGP's number, see rpm_header.h */
#define PGP_SHA1 2
/* Before a signature is checked anybody on the way could send without end. */
#define UNKNOWN_SIZE_MAX (256ull << 20)

/* The last parts of a path: the file's name, or that with its folder's. */
static const char *last_parts(const char *path, unsigned int parts)
{
	const char *at = path + strlen(path);

	while (at > path && parts)
		parts -= *--at == '/';
	return at + (*at == '/');
}

static int add_below(char ***keyrings, const char *directory, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return words__add(keyrings, path);
}

char **access__keyrings(const struct access *access, const struct release *release)
{
	_cleanup_words_ char **keyrings = words__split(NULL);
	struct stat st;
	bool is_directory = access->keyring && !stat(access->keyring, &st) && S_ISDIR(st.st_mode);
	int ret = keyrings ? 0 : -ENOMEM;

	if (!ret && access->keyring)
		ret = words__add(&keyrings, access->keyring);
	for (char **own = release->keyrings; own && *own && !ret; own++) {
		if (!access->keyring) {
			ret = words__add(&keyrings, *own);
		} else if (is_directory) {
			ret = add_below(&keyrings, access->keyring, last_parts(*own, 2));
			if (!ret)
				ret = add_below(&keyrings, access->keyring, last_parts(*own, 1));
		}
	}
	return ret ? NULL : steal_ptr(keyrings);
}

struct openpgp_policy access__policy(const struct access *access, const struct manifest *manifest,
				     const struct release *release, char **keyrings)
{
	return (struct openpgp_policy){
		.keyrings = (const char *const *)keyrings,
		.keys = (const char *const *)release->keys,
		.keyring_package = manifest->keyring_package,
		.scratch = access->scratch,
		.accept_expired_keys = release->accept_expired_keys,
	};
}

bool access__has_keys(const struct access *access, const struct release *release)
{
	_cleanup_words_ char **keyrings = access__keyrings(access, release), **files = NULL;
	struct error err;

	return keyrings && !keyring__files((const char *const *)keyrings, &files, &err) && *files;
}

int access__accept_unsigned(const struct access *access, const struct manifest *manifest,
			    const struct release *release, const char *url, const char *what,
			    struct error *err)
{
	const char *package = manifest->keyring_package;

	if (access->allow_unsigned) {
		log__warn("%s %s: it is not checked against any signature (--allow-unsigned)", url,
			  what);
		return 0;
	}
	if (access__has_keys(access, release))
		return 0;
	return error__set(err, ENOKEY,
			  "%s %s, and there are no keys to check its packages with: install %s, or "
			  "name a file of keys with --keyring",
			  url, what, package ? package : "the distribution's keyring package");
}

char *access__temp_path(const struct access *access, const char *what)
{
	static atomic_uint counter;
	char *path;

	if (asprintf(&path, "%s/%s-%u", access->scratch, what, atomic_fetch_add(&counter, 1)) < 0)
		return NULL;
	return path;
}

static int fetch(struct access *access, struct transfer *transfer, struct document *document,
		 bool *not_modified, struct error *err)
{
	cleanup(transfer_result__free) struct transfer_result result = { 0 };
	int ret;

	document->path = access__temp_path(access, "index");
	if (!document->path)
		return error__oom(err);
	transfer->path = document->path;
	transfer->identity = access->identity;
	if (!transfer->expect_size)
		transfer->max_size = UNKNOWN_SIZE_MAX;
	ret = transfers__get(access->transfers, transfer, &result, err);
	if (access->bytes_fetched)
		atomic_fetch_add(access->bytes_fetched, result.bytes);
	document->modified = result.modified;
	*not_modified = result.not_modified;
	return ret;
}

int access__fetch(struct access *access, const char *url, uint64_t expect_size,
		  struct document *document, struct error *err)
{
	struct transfer transfer = { .url = url, .expect_size = expect_size };
	bool not_modified;

	*document = (struct document){ 0 };
	return fetch(access, &transfer, document, &not_modified, err);
}

int access__fetch_if_any(struct access *access, const char *url, uint64_t expect_size,
			 struct document *document, struct error *err)
{
	struct transfer transfer = { .url = url, .expect_size = expect_size,
				     .may_be_absent = true };
	bool not_modified;

	*document = (struct document){ 0 };
	return fetch(access, &transfer, document, &not_modified, err);
}

/* A name for a URL's file, by digest: URLs hold what file names must not. */
static char *kept_path(const struct access *access, const char *url)
{
	const char *slash = strrchr(url, '/');
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE], *path;

	sha256__of(url, strlen(url), digest);
	hex__encode(digest, sizeof(digest), hex);
	if (asprintf(&path, "%s/%.32s-%.40s", access->index_dir, hex, slash ? slash + 1 : "") < 0)
		return NULL;
	return path;
}

/* It would fail as badly signed: what it is says more. */
static int refuse_web_page(const struct document *document, const char *url, struct error *err)
{
	_cleanup_close_ int fd = open(document->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !file_kind__is_web_page(fd))
		return 0;
	return error__set(err, EBADMSG, "%s: it is a web page, as a proxy or a login page sends; try "
			  "another mirror", url);
}

/*
 * What is kept, under a name of our own, too. Where the file system has no links it is copied,
 * and the time is what it was before that, never what it was after.
 */
static bool hold_file(const char *kept, const char *path, struct stat *st)
{
	_cleanup_free_ void *data = NULL;
	size_t size;

	if (!link(kept, path))
		return !stat(path, st);
	return errno != ENOENT && !stat(kept, st) &&
	       !file__read(kept, UNKNOWN_SIZE_MAX, &data, &size) &&
	       !file__replace(path, data, size, 0600);
}

/* NULL: nothing is kept, or nothing that serves. */
static char *hold_kept(const struct access *access, const char *kept, int64_t *modified)
{
	_cleanup_free_ char *path = access__temp_path(access, "kept");
	struct stat st;

	if (!path)
		return NULL;
	if (!hold_file(kept, path, &st) || !st.st_size) {
		unlink(path);
		return NULL;
	}
	*modified = st.st_mtime;
	return steal_ptr(path);
}

static void drop_path(char **path)
{
	if (*path)
		unlink(*path);
	free(steal_ptr(*path));
}

int access__fetch_changed(struct access *access, const char *url, struct document *document,
			  struct error *err)
{
	struct transfer transfer = { .url = url };
	bool not_modified = false;
	char *held = NULL;
	int ret = 0;

	*document = (struct document){ .kept_path = kept_path(access, url) };
	if (!document->kept_path)
		return error__oom(err);
	/* Its time is the server's, see document__keep(); a local file is as near as its copy. */
	if (!url__is_file(url))
		held = hold_kept(access, document->kept_path, &transfer.if_modified);
	if (!held || !access->is_settled) {
		ret = fetch(access, &transfer, document, &not_modified, err);
		if (ret || !not_modified) {
			drop_path(&held);
			return ret ? ret : refuse_web_page(document, url, err);
		}
		drop_path(&document->path);
	}
	document->path = held;
	document->is_kept = true;
	return 0;
}

int document__keep(struct document *document, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = document->modified } };

	if (document->is_kept || !document->kept_path)
		return 0;
	/* Without a date there is nothing to ask by: the next run fetches it again. */
	if (document->modified && utimensat(AT_FDCWD, document->path, times, 0))
		return error__set(err, errno, "%s: its time cannot be set: %s", document->path,
				  strerror(errno));
	if (!document->modified)
		return 0;
	if (rename(document->path, document->kept_path))
		return error__set(err, errno, "%s cannot be made: %s", document->kept_path,
				  strerror(errno));
	free(steal_ptr(document->path));
	document->is_kept = true;
	return 0;
}

void document__forget(struct document *document)
{
	if (document->is_kept && document->kept_path)
		unlink(document->kept_path);
}

void document__free(struct document *document)
{
	int saved = errno;

	drop_path(&document->path);
	free(document->kept_path);
	*document = (struct document){ 0 };
	errno = saved;
}

static int differs(const char *url, const char *what, struct error *err)
{
	return error__set(err, EBADMSG,
			  "%s has another %s than the signed index says: the mirror may be in the "
			  "middle of an update; try again later or another mirror",
			  url, what);
}

int document__check(const struct document *document, const char *url, uint64_t size,
		    const char *sha256, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	struct stat st;
	int ret;

	if (stat(document->path, &st))
		return error__set(err, errno, "%s cannot be read: %s", document->path,
				  strerror(errno));
	if (size && (uint64_t)st.st_size != size)
		return error__set(err, EBADMSG,
				  "%s has %llu bytes where the signed index says %llu: the mirror "
				  "may "
				  "be in the middle of an update; try again later or another "
				  "mirror",
				  url, (unsigned long long)st.st_size, (unsigned long long)size);
	ret = sha256__of_file(document->path, digest);
	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", document->path,
				  strerror(-ret));
	if (strcasecmp(hex__encode(digest, sizeof(digest), hex), sha256))
		return differs(url, "SHA-256", err);
	return 0;
}

/* false: it cannot be read, see errno. */
static bool digest_file(const char *path, struct rpm_digest *digest)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char block[16384];
	size_t got;

	while (file && (got = fread(block, 1, sizeof(block), file)))
		rpm_digest__update(digest, block, got);
	return file && !ferror(file);
}

int document__check_sha1(const struct document *document, const char *url, const char *sha1,
			 struct error *err)
{
	struct rpm_file file = { .digest_algorithm = PGP_SHA1, .digest_len = SHA1_SIZE };
	struct rpm_digest *digest;
	bool is_read, matches;

	if (!hex__decode(sha1, file.digest, SHA1_SIZE))
		return error__set(err, EBADMSG, "%s: \"%.80s\" is no SHA-1", url, sha1);
	digest = rpm_digest__new(&file);
	if (!digest)
		return error__set(err, ENOTSUP, "%s: this machine's librpm computes no SHA-1", url);
	is_read = digest_file(document->path, digest);
	if (!is_read)
		error__set(err, errno ? errno : EIO, "%s cannot be read: %s", document->path,
			   strerror(errno));
	matches = rpm_digest__matches(digest);
	rpm_digest__free(digest);
	if (!is_read)
		return -EIO;
	return matches ? 0 : differs(url, "SHA-1", err);
}
