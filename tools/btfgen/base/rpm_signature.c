/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/rpm_signature.h"

#include <ctype.h>
#include <errno.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmstring.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/words.h"

#define KEYRING_MAX ((size_t)16 << 20)

DEFINE_CLEANUP(params_freep, struct pgpDigParams_s, pgpDigParamsFree)
DEFINE_CLEANUP(keyring_freep, struct rpmKeyring_s, rpmKeyringFree)
DEFINE_CLEANUP(pubkey_freep, struct rpmPubkey_s, rpmPubkeyFree)

/* One signature, ready to be held against keys. */
struct candidate {
	pgpDigParams params;
	DIGEST_CTX ctx;             /* the header has gone into it */
	const struct trust *trust;
	enum rpm_standing standing; /* the best so far */
	char *fingerprint;
};

/* A key with its subkeys, as a keyring of its own: so it is known which one was right. */
static rpmKeyring keyring_of(const uint8_t *certificate, size_t size)
{
	cleanup(pubkey_freep) struct rpmPubkey_s *key = rpmPubkeyNew(certificate, size);
	cleanup(keyring_freep) struct rpmKeyring_s *keyring = rpmKeyringNew();
	rpmPubkey *subkeys;
	int count = 0;

	if (!key || !keyring || rpmKeyringAddKey(keyring, key) < 0)
		return NULL;
	subkeys = rpmGetSubkeys(key, &count);
	for (int i = 0; i < count; i++) {
		rpmKeyringAddKey(keyring, subkeys[i]);
		rpmPubkeyFree(subkeys[i]);
	}
	free(subkeys);
	return steal_ptr(keyring);
}

static bool is_pinned(const struct trust *trust, const char *fingerprint)
{
	return !trust->keys || !*trust->keys || words__allow(trust->keys, fingerprint);
}

/* In upper-case hex, or NULL. */
static char *fingerprint_of(const uint8_t *certificate, size_t size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len;
	char *hex;

	if (pgpPubkeyFingerprint(certificate, size, &bytes, &len) != 0)
		return NULL;
	hex = rpmhex(bytes, len);
	for (char *digit = hex; digit && *digit; digit++)
		*digit = toupper((unsigned char)*digit);
	return hex;
}

static void try_certificate(const uint8_t *certificate, size_t size, struct candidate *candidate)
{
	cleanup(keyring_freep) struct rpmKeyring_s *keyring = keyring_of(certificate, size);
	_cleanup_free_ char *fingerprint = NULL;
	enum rpm_standing standing = RPM_DOES_NOT_FIT;
	rpmRC rc = keyring ? rpmKeyringVerifySig(keyring, candidate->params, candidate->ctx) :
			     RPMRC_NOKEY;

	if (rc == RPMRC_NOKEY)
		return;
	if (rc == RPMRC_OK)
		fingerprint = fingerprint_of(certificate, size);
	if (fingerprint)
		standing = is_pinned(candidate->trust, fingerprint) ? RPM_GOOD : RPM_NOT_PINNED;
	if (standing <= candidate->standing)
		return;
	candidate->standing = standing;
	free(candidate->fingerprint);
	candidate->fingerprint = steal_ptr(fingerprint);
}

static void try_certificates(const uint8_t *packets, size_t size, struct candidate *candidate)
{
	while (size && candidate->standing != RPM_GOOD) {
		size_t len;

		if (pgpPubKeyCertLen(packets, size, &len) || !len || len > size)
			return;
		try_certificate(packets, len, candidate);
		packets += len;
		size -= len;
	}
}

/* A file of keys: one armored block after the other, or binary. */
static void try_keys(const char *keys, size_t size, struct candidate *candidate)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	static const char end[] = "-----END PGP PUBLIC KEY BLOCK-----";
	const char *at = keys;

	if (size && (keys[0] & 0x80)) {
		try_certificates((const uint8_t *)keys, size, candidate);
		return;
	}
	while (candidate->standing != RPM_GOOD && (at = strstr(at, begin))) {
		const char *last = strstr(at, end);
		_cleanup_free_ char *block = NULL;
		_cleanup_free_ uint8_t *packets = NULL;
		size_t len = 0;

		if (!last)
			return;
		/* librpm wants a newline after the last line */
		if (asprintf(&block, "%.*s\n", (int)(last + strlen(end) - at), at) < 0) {
			block = NULL;
			return;
		}
		if (pgpParsePkts(block, &packets, &len) == PGPARMOR_PUBKEY)
			try_certificates(packets, len, candidate);
		at = last;
	}
}

/* Files are read one after the other until a key is found that fits. */
static int try_keyrings(struct candidate *candidate, struct error *err)
{
	const char *const *keyrings = candidate->trust->keyrings;
	_cleanup_words_ char **files = NULL;
	int rc = keyring__files(keyrings, &files, err);

	if (rc)
		return rc == -ENOMEM ? rc : -EKEYREJECTED;
	if (!*files) {
		_cleanup_free_ char *names = words__join(keyrings);

		return error__set(err, EKEYREJECTED, "cannot read the keyring %s: there is none",
				  names ? names : "");
	}
	for (char **file = files; *file && candidate->standing != RPM_GOOD; file++) {
		_cleanup_free_ void *keys = NULL;
		size_t size;

		rc = file__read(*file, KEYRING_MAX, &keys, &size);
		if (rc)
			return error__set(err, EKEYREJECTED, "cannot read the keyring %s: %s",
					  *file, strerror(-rc));
		try_keys(keys, size, candidate);
	}
	return 0;
}

static void keep_better(struct rpm_verdict *verdict, struct candidate *candidate)
{
	if (candidate->standing <= verdict->standing)
		return;
	verdict->standing = candidate->standing;
	verdict->key_id[0] = '\0';
	verdict->over_sha1 = false;
	if (candidate->params) {
		hex__encode(pgpDigParamsSignID(candidate->params), PGP_KEYID_LEN, verdict->key_id);
		verdict->over_sha1 = pgpDigParamsAlgo(candidate->params, PGPVAL_HASHALGO) ==
				     PGPHASHALGO_SHA1;
	}
	free(verdict->fingerprint);
	verdict->fingerprint = steal_ptr(candidate->fingerprint);
}

static int try_signature(struct candidate *candidate, const uint8_t *header, size_t size,
			 struct error *err)
{
	unsigned int hash = pgpDigParamsAlgo(candidate->params, PGPVAL_HASHALGO);
	int rc;

	candidate->standing = RPM_WEAK_HASH;
	if (hash == PGPHASHALGO_MD5)
		return 0;
	candidate->ctx = rpmDigestInit(hash, RPMDIGEST_NONE);
	if (!candidate->ctx)
		return 0;
	candidate->standing = RPM_NO_KEY;
	rpmDigestUpdate(candidate->ctx, header, size);
	rc = try_keyrings(candidate, err);
	rpmDigestFinal(candidate->ctx, NULL, NULL, 0);
	return rc;
}

int rpm_verdict__add(struct rpm_verdict *verdict, const struct trust *trust,
		     const uint8_t *header, size_t header_size, const uint8_t *packet,
		     size_t packet_size, struct error *err)
{
	cleanup(params_freep) struct pgpDigParams_s *params = NULL;
	struct candidate candidate = { .trust = trust, .standing = RPM_UNREADABLE };
	int rc = 0;

	if (pgpPrtParams(packet, packet_size, PGPTAG_SIGNATURE, &params) == 0 &&
	    pgpSignatureType(params) == PGPSIGTYPE_BINARY) {
		candidate.params = params;
		rc = try_signature(&candidate, header, header_size, err);
	}
	if (!rc)
		keep_better(verdict, &candidate);
	free(candidate.fingerprint);
	return rc;
}

int rpm_verdict__add_text(struct rpm_verdict *verdict, const struct trust *trust,
			  const uint8_t *header, size_t header_size, const char *text,
			  struct error *err)
{
	size_t len = strlen(text), size = 0;
	_cleanup_free_ uint8_t *packet = malloc(len + 1);

	if (!packet)
		return error__oom(err);
	/* what is no base64 is an empty packet, and that can't be read */
	if (sodium_base642bin(packet, len, text, len, "\n", &size, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		size = 0;
	return rpm_verdict__add(verdict, trust, header, header_size, packet, size, err);
}

static int rejected(const char *path, const char *what, struct error *err)
{
	return error__set(err, EKEYREJECTED,
			  "%s: %s: don't use it unless you know where it comes from", path, what);
}

int rpm_verdict__say(const struct rpm_verdict *verdict, const struct trust *trust,
		     const char *path, struct error *err)
{
	_cleanup_free_ char *names = NULL;

	switch (verdict->standing) {
	case RPM_GOOD:
		return 0;
	case RPM_NOT_PINNED:
		return error__set(err, EKEYREJECTED,
				  "%s is signed by the key %s, which is in a keyring, but is none "
				  "of those that the manifest names for this: if you trust it, add "
				  "it to 'key' there", path, verdict->fingerprint);
	case RPM_DOES_NOT_FIT:
		/* librpm tells neither from the other */
		if (verdict->over_sha1)
			return error__set(err, EKEYREJECTED,
					  "%s: the signature by the key %s uses SHA-1, and does not fit "
					  "the package or is not accepted by librpm on this machine: "
					  "get it again from the distribution, or try where older "
					  "signatures are accepted", path, verdict->key_id);
		return error__set(err, EKEYREJECTED,
				  "%s: the signature by the key %s does not fit the package: get it "
				  "again from the distribution", path, verdict->key_id);
	case RPM_NO_KEY:
		names = words__join(trust->keyrings);
		return error__set(err, EKEYREJECTED,
				  "%s is signed by the key %s, which is not in %s: add the "
				  "distribution's key to it if you trust that key", path,
				  verdict->key_id, names ? names : "the keyring");
	case RPM_WEAK_HASH:
		return rejected(path, "its signature uses a hash that is not trusted", err);
	case RPM_UNREADABLE:
		return rejected(path, "its signature can't be read, or is of a kind that "
				"librpm does not know here", err);
	case RPM_NOT_SIGNED:
		break;
	}
	return rejected(path, "its header is not signed", err);
}

void rpm_verdict__free(struct rpm_verdict *verdict)
{
	free(verdict->fingerprint);
	*verdict = (struct rpm_verdict){};
}
