/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/openpgp.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/keyring.h"
#include "base/words.h"
#include "source/key_packets.h"

#define KEYRING_LIMIT (64u << 20)
#define MESSAGE_LIMIT (64u << 20)
#define GPGV_TIMEOUT_S 120

static const char armor_begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
static const char armor_end[] = "-----END PGP PUBLIC KEY BLOCK-----";

/* ---- keyrings ------------------------------------------------------------------- */

/* The base64 lines between an armor's headers and its checksum or end. */
static const char *armor_body(const char *block, const char *end, size_t *len)
{
	const char *line = strchr(block, '\n');

	/* Headers ("Version: ...") end with an empty line, which not every writer puts. */
	while (line && line < end) {
		size_t line_len = strcspn(++line, "\r\n");

		if (!line_len) {
			line = strchr(line, '\n');
			break;
		}
		if (!memchr(line, ':', line_len))
			break;
		line = strchr(line, '\n');
	}
	if (!line || line >= end)
		return NULL;
	for (const char *at = line; at < end; at++) {
		if (*at == '=' && at[-1] == '\n') {
			end = at;
			break;
		}
	}
	*len = (size_t)(end - line);
	return line;
}

/* Every public key block of an armored file, one after the other (RFC 4880, 6.2). */
static int dearmor(const char *text, const char *name, struct buf *keys, struct error *err)
{
	const char *block = strstr(text, armor_begin);

	for (; block; block = strstr(block, armor_begin)) {
		const char *end = strstr(block, armor_end);
		const char *body, *stop;
		size_t len, bytes;
		uint8_t *room;

		body = end ? armor_body(block, end, &len) : NULL;
		if (!body)
			return error__set(err, EBADMSG, "keyring %s: a key block without end",
					  name);
		room = buf__reserve(keys, len);
		if (!room)
			return error__oom(err);
		if (sodium_base642bin(room, len, body, len, " \t\r\n", &bytes, &stop,
				      sodium_base64_VARIANT_ORIGINAL) ||
		    stop != body + len)
			return error__set(err, EBADMSG, "keyring %s: its armor is damaged", name);
		keys->len += bytes;
		block = end;
	}
	return 0;
}

static char *temp_path(const struct openpgp_policy *policy, const char *what)
{
	static atomic_uint counter;
	char *path;

	if (asprintf(&path, "%s/%s-%u", policy->scratch, what, atomic_fetch_add(&counter, 1)) < 0)
		return NULL;
	return path;
}

static void unlinkp(char **path)
{
	int saved = errno;

	if (*path)
		unlink(*path);
	free(*path);
	errno = saved;
}

#define _cleanup_unlink_ cleanup(unlinkp)

static int add_keyring(const char *path, struct buf *keys, struct error *err)
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int ret = file__read(path, KEYRING_LIMIT, &data, &size);

	if (ret)
		return error__set(err, ret, "keyring %s cannot be read: %s", path, strerror(-ret));
	if (strstr(data, armor_begin))
		return dearmor(data, path, keys, err);
	if (size >= 12 && !memcmp((char *)data + 8, "KBXf", 4))
		return error__set(err, EBADMSG,
				  "keyring %s is a keybox: write it as 'gpg --export' does", path);
	buf__add(keys, data, size);
	return 0;
}

/* -ENOENT: there is none. */
static int read_keyrings(const struct openpgp_policy *policy, struct buf *keys, struct error *err)
{
	_cleanup_words_ char **files = NULL;
	int ret = keyring__files(policy->keyrings, &files, err);

	if (!ret && !*files)
		return -ENOENT;
	for (size_t i = 0; !ret && files[i]; i++)
		ret = add_keyring(files[i], keys, err);
	/* a file that vanished is not no file */
	return ret == -ENOENT ? -EIO : ret;
}

bool openpgp__has_keys(const struct openpgp_policy *policy, const char *const *fingerprints)
{
	_cleanup_buf_ struct buf keys = { 0 };
	struct error err;

	if (read_keyrings(policy, &keys, &err) || buf__failed(&keys))
		return false;
	for (; *fingerprints; fingerprints++)
		if (!key_packets__have(keys.data, keys.len, *fingerprints))
			return false;
	return true;
}

/* One binary keyring of all: gpgv reads no armor, and keyrings may be put end to end. */
static int gather_keyrings(const struct openpgp_policy *policy, const char *name, char **path,
			   struct error *err)
{
	_cleanup_buf_ struct buf keys = { 0 };
	_cleanup_unlink_ char *gathered = NULL;
	int ret = read_keyrings(policy, &keys, err);

	if (ret && ret != -ENOENT)
		return ret;
	if (ret) {
		_cleanup_free_ char *names = words__join(policy->keyrings);

		return error__set(err, ENOKEY,
				  "%s: no keys to check its signature with: there is no %s; "
				  "install %s, or name a file of keys with --keyring",
				  name, names && *names ? names : "keyring in the manifest",
				  policy->keyring_package ? policy->keyring_package :
							    "the distribution's keyring package");
	}
	gathered = temp_path(policy, "keyring");
	if (!gathered || buf__failed(&keys))
		return error__oom(err);
	ret = file__replace(gathered, keys.data, keys.len, 0600);
	if (ret)
		return error__set(err, ret, "%s cannot be written: %s", gathered, strerror(-ret));
	*path = steal_ptr(gathered);
	return 0;
}

/* ---- what gpgv says ------------------------------------------------------------- */

enum signature_kind { SIGNATURE_NONE, SIGNATURE_GOOD, SIGNATURE_EXPIRED, SIGNATURE_REVOKED };

struct verdict {
	enum signature_kind current; /* of the signature whose VALIDSIG is to come */
	const char *const *keys;     /* that count; NULL or empty: all */
	char good[65], expired[65];  /* fingerprints */
	char other[65];              /* good or not, but of a key that does not count */
	char bad[65], revoked[65], weak[65], unknown[65], unusable[65]; /* key IDs */
};

static void keep(char into[65], const char *value)
{
	if (!*into)
		snprintf(into, 65, "%s", value);
}

/* RFC 4880, 9.4: MD5, SHA-1, RIPEMD-160 can be forged or nearly so. */
static bool is_weak_digest(const char *algorithm)
{
	return !strcmp(algorithm, "1") || !strcmp(algorithm, "2") || !strcmp(algorithm, "3");
}

/* VALIDSIG fpr date time expires version reserved key-algo digest-algo class primary-fpr */
static void note_valid(struct verdict *verdict, char **words)
{
	size_t count = words__count((const char *const *)words);
	const char *fingerprint;

	if (count < 10)
		return;
	fingerprint = count > 11 ? words[11] : words[2];
	if (verdict->keys && *verdict->keys && !words__allow(verdict->keys, fingerprint))
		keep(verdict->other, fingerprint);
	else if (is_weak_digest(words[9]))
		keep(verdict->weak, fingerprint);
	else if (verdict->current == SIGNATURE_GOOD)
		keep(verdict->good, fingerprint);
	else if (verdict->current == SIGNATURE_EXPIRED)
		keep(verdict->expired, fingerprint);
	else if (verdict->current == SIGNATURE_REVOKED)
		keep(verdict->revoked, fingerprint);
	verdict->current = SIGNATURE_NONE;
}

static void note_status(struct verdict *verdict, char **words)
{
	const char *key = words[0] && words[1] ? words[2] : NULL;

	if (!words[0] || strcmp(words[0], "[GNUPG:]") || !words[1])
		return;
	if (!strcmp(words[1], "NEWSIG"))
		verdict->current = SIGNATURE_NONE;
	if (!key)
		return;
	if (!strcmp(words[1], "GOODSIG"))
		verdict->current = SIGNATURE_GOOD;
	else if (!strcmp(words[1], "EXPKEYSIG") || !strcmp(words[1], "EXPSIG"))
		verdict->current = SIGNATURE_EXPIRED;
	else if (!strcmp(words[1], "REVKEYSIG"))
		verdict->current = SIGNATURE_REVOKED;
	else if (!strcmp(words[1], "VALIDSIG"))
		note_valid(verdict, words);
	else if (!strcmp(words[1], "BADSIG"))
		keep(verdict->bad, key);
	else if (!strcmp(words[1], "NO_PUBKEY"))
		keep(verdict->unknown, key);
	else if (!strcmp(words[1], "ERRSIG"))
		keep(verdict->unusable, key);
}

static int read_status(const char *status, struct verdict *verdict)
{
	while (*status) {
		size_t len = strcspn(status, "\n");
		_cleanup_free_ char *line = strndup(status, len);
		_cleanup_words_ char **words = line ? words__split(line) : NULL;

		if (!words)
			return -ENOMEM;
		note_status(verdict, words);
		status += len + (status[len] == '\n');
	}
	return 0;
}

static int judge(const struct verdict *verdict, const struct openpgp_policy *policy,
		 const char *name, const char *gpgv_says, struct error *err)
{
	const char *package = policy->keyring_package ? policy->keyring_package :
							"the distribution's keyring package";

	if (*verdict->bad)
		return error__set(err, EKEYREJECTED,
				  "%s: bad signature by key %s: the file is not what was signed; "
				  "try again later or another mirror",
				  name, verdict->bad);
	if (*verdict->good || (*verdict->expired && policy->accept_expired_keys))
		return 0;
	if (*verdict->revoked)
		return error__set(err, EKEYREJECTED, "%s: signed by a revoked key, %s", name,
				  verdict->revoked);
	if (*verdict->expired)
		return error__set(err, EKEYEXPIRED,
				  "%s: signed by an expired key, %s; bring %s up to date, or name "
				  "a "
				  "newer file of keys with --keyring",
				  name, verdict->expired, package);
	if (*verdict->weak)
		return error__set(err, EKEYREJECTED,
				  "%s: the signature by key %s uses a digest that can be forged",
				  name, verdict->weak);
	if (*verdict->other)
		return error__set(err, EKEYREJECTED,
				  "%s: signed by key %s, which is in a keyring, but is none of those "
				  "that the manifest names for this: if you trust it, add it to 'key' "
				  "there",
				  name, verdict->other);
	if (*verdict->unknown)
		return error__set(err, ENOKEY,
				  "%s: signed by key %s, which is in no keyring at hand; install "
				  "or "
				  "update %s, or name a file of keys with --keyring",
				  name, verdict->unknown, package);
	return error__set(err, EKEYREJECTED, "%s: no usable signature: gpgv says: %.300s", name,
			  gpgv_says && *gpgv_says ? gpgv_says : "nothing");
}

/* `message` NULL: `signed_path` is clear-signed. */
static int run_gpgv(const char *signed_path, const char *message, const char *text_path,
		    const char *name, const struct openpgp_policy *policy, char **fingerprint,
		    struct error *err)
{
	cleanup(child_result__free) struct child_result result = { 0 };
	_cleanup_unlink_ char *keyring = NULL;
	struct verdict verdict = { .keys = policy->keys };
	const char *argv[16], *env[] = { "LC_ALL=C", NULL };
	struct child_opts opts = { .argv = argv, .env = env, .timeout_s = GPGV_TIMEOUT_S };
	size_t argc = 0;
	int ret = gather_keyrings(policy, name, &keyring, err);

	if (ret)
		return ret;
	argv[argc++] = "gpgv";
	argv[argc++] = "--status-fd=1";
	argv[argc++] = "--homedir";
	argv[argc++] = policy->scratch;
	argv[argc++] = "--keyring";
	argv[argc++] = keyring;
	if (text_path) {
		argv[argc++] = "--output";
		argv[argc++] = text_path;
	}
	argv[argc++] = "--";
	argv[argc++] = signed_path;
	if (message)
		argv[argc++] = message;
	argv[argc] = NULL;
	ret = child__run(&opts, &result, err);
	/* not ENOENT, which would say that there is no such index */
	if (ret == -ENOENT)
		return error__set(err, ENOPKG,
				  "%s: its signature cannot be checked: there is no gpgv; "
				  "install the package gpgv (or gnupg2)",
				  name);
	if (ret)
		return ret;
	if (read_status(result.out ? result.out : "", &verdict))
		return error__oom(err);
	ret = judge(&verdict, policy, name, result.err, err);
	if (ret)
		return ret;
	*fingerprint = strdup(*verdict.good ? verdict.good : verdict.expired);
	return *fingerprint ? 0 : error__oom(err);
}

/* ---- files ---------------------------------------------------------------------- */

static size_t count_lines(const char *text, const char *start)
{
	size_t count = 0;

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, start, strlen(start)))
			count++;
	}
	return count;
}

/*
 * One message and nothing around it. gpgv would also read a file of several, where a
 * good signature of one could seem to vouch for the text of another.
 */
static int check_shape(const char *path, const char *name, char **text, struct error *err)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char end[] = "-----END PGP SIGNATURE-----";
	_cleanup_free_ void *data = NULL;
	const char *last;
	size_t size;
	int ret = file__read(path, MESSAGE_LIMIT, &data, &size);

	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", path, strerror(-ret));
	if (strlen(data) != size || strncmp(data, begin, strlen(begin)))
		return error__set(err, EKEYREJECTED, "%s is not a clear-signed file", name);
	last = strstr(data, end);
	if (count_lines(data, "-----BEGIN ") != 2 || !last ||
	    last[strlen(end) + strspn(last + strlen(end), "\r\n\t ")])
		return error__set(err, EKEYREJECTED,
				  "%s holds more than one signed text with its signature", name);
	*text = steal_ptr(data);
	return 0;
}

int openpgp__verify_clearsigned(const char *path, const char *name, const char *text_path,
				const struct openpgp_policy *policy, char **fingerprint,
				struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int ret = check_shape(path, name, &text, err);

	if (ret)
		return ret;
	unlink(text_path);
	ret = run_gpgv(path, NULL, text_path, name, policy, fingerprint, err);
	if (ret)
		unlink(text_path);
	return ret;
}

int openpgp__verify_detached(const char *path, const char *signature_path, const char *name,
			     const struct openpgp_policy *policy, char **fingerprint,
			     struct error *err)
{
	return run_gpgv(signature_path, path, NULL, name, policy, fingerprint, err);
}

int openpgp__strip_signature(const char *path, const char *text_path, struct error *err)
{
	_cleanup_buf_ struct buf plain = { 0 };
	_cleanup_free_ char *text = NULL;
	const char *line;
	int ret = check_shape(path, path, &text, err);

	if (ret)
		return ret;
	line = strstr(text, "\n\n");
	if (!line)
		return error__set(err, EBADMSG, "%s: no text in it", path);
	for (line += 2; *line && strncmp(line, "-----BEGIN ", 11);) {
		size_t len = strcspn(line, "\n");

		/* RFC 4880, 7.1: dash-escaped lines */
		if (!strncmp(line, "- ", 2))
			line += 2, len -= 2;
		buf__add(&plain, line, len);
		buf__add_u8(&plain, '\n');
		line += len + (line[len] == '\n');
	}
	if (buf__failed(&plain))
		return error__oom(err);
	ret = file__replace(text_path, plain.data, plain.len, 0600);
	if (ret)
		return error__set(err, ret, "%s cannot be written: %s", text_path, strerror(-ret));
	return 0;
}
