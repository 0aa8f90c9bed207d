/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/rpm_header.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rpm/header.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmtd.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/words.h"

#define LEAD_SIZE 96
#define INTRO_SIZE 16 /* magic and version, reserved, number of entries, size of the data */
#define HEADER_MAX ((uint64_t)256 << 20) /* librpm's own limit */
#define KEYRING_MAX ((size_t)16 << 20)

DEFINE_CLEANUP(header_freep, struct headerToken_s, headerFree)
DEFINE_CLEANUP(params_freep, struct pgpDigParams_s, pgpDigParamsFree)
DEFINE_CLEANUP(keyring_freep, struct rpmKeyring_s, rpmKeyringFree)
DEFINE_CLEANUP(pubkey_freep, struct rpmPubkey_s, rpmPubkeyFree)
DEFINE_CLEANUP(files_freep, struct rpmfiles_s, rpmfilesFree)

/*
 * librpm has process-wide state (its log, its crypto's initialization, caches of tag
 * names), and no word on threads: one at a time.
 */
static pthread_mutex_t librpm_lock = PTHREAD_MUTEX_INITIALIZER;

static const uint8_t header_magic[8] = { 0x8e, 0xad, 0xe8, 0x01 };

/* One header structure of the file, as it stands there. */
struct raw_header {
	uint8_t *bytes; /* with its 8 bytes of magic */
	size_t size;
};

struct package_file {
	const char *path;
	int fd;
	uint64_t size;
	struct raw_header signature;
	struct raw_header main;
	uint64_t main_offset;
};

static int damaged(const struct package_file *file, const char *what, struct error *err)
{
	return error__set(err, EBADMSG, "%s: %s: get the package again", file->path, what);
}

static int rejected(const struct package_file *file, const char *what, struct error *err)
{
	return error__set(err, EKEYREJECTED,
			  "%s: %s: don't use it unless you know where it comes from", file->path,
			  what);
}

static uint32_t read_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* Gives the number of bytes that are there, at most `size`. */
static int read_at(const struct package_file *file, uint64_t offset, void *data, size_t size,
		   struct error *err)
{
	uint8_t *at = data;

	while (size) {
		ssize_t got = pread(file->fd, at, size, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error__set(err, errno, "cannot read %s: %s", file->path,
					  strerror(errno));
		if (!got)
			return damaged(file, "it ends inside its header", err);
		at += got;
		offset += got;
		size -= got;
	}
	return 0;
}

static int read_raw_header(const struct package_file *file, uint64_t offset,
			   struct raw_header *raw, struct error *err)
{
	uint8_t intro[INTRO_SIZE];
	uint64_t size;
	int rc = read_at(file, offset, intro, sizeof(intro), err);

	if (rc)
		return rc;
	if (memcmp(intro, header_magic, sizeof(header_magic)) != 0)
		return damaged(file, "an RPM header is not where it should be", err);
	size = INTRO_SIZE + (uint64_t)read_be32(intro + 8) * 16 + read_be32(intro + 12);
	if (size > HEADER_MAX)
		return damaged(file, "an RPM header claims to be over 256 MiB", err);
	if (offset > file->size || size > file->size - offset)
		return damaged(file, "it ends inside its header", err);
	raw->bytes = malloc(size);
	raw->size = size;
	if (!raw->bytes)
		return error__oom(err);
	return read_at(file, offset, raw->bytes, size, err);
}

static int read_package(struct package_file *file, struct error *err)
{
	uint8_t lead[4];
	int rc;

	if (file->size < LEAD_SIZE || read_at(file, 0, lead, sizeof(lead), err) ||
	    memcmp(lead, "\xed\xab\xee\xdb", 4) != 0)
		return damaged(file, "it is no RPM package", err);
	rc = read_raw_header(file, LEAD_SIZE, &file->signature, err);
	if (rc)
		return rc;
	/* the main header begins at a multiple of 8 */
	file->main_offset = LEAD_SIZE + ((file->signature.size + 7) & ~(uint64_t)7);
	return read_raw_header(file, file->main_offset, &file->main, err);
}

static void package_file__close(struct package_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->signature.bytes);
	free(file->main.bytes);
}

static Header import(const struct raw_header *raw)
{
	/* without the magic; librpm checks every entry's type, offset and length */
	return headerImport(raw->bytes + sizeof(header_magic), raw->size - sizeof(header_magic),
			    HEADERIMPORT_COPY);
}

/* ---- digests and signatures -------------------------------------------------------- */

static bool digest_agrees(const struct package_file *file, int algorithm, const char *hex)
{
	DIGEST_CTX ctx = rpmDigestInit(algorithm, RPMDIGEST_NONE);
	void *mine = NULL;
	bool agrees;

	rpmDigestUpdate(ctx, file->main.bytes, file->main.size);
	rpmDigestFinal(ctx, &mine, NULL, 1);
	agrees = mine && strcasecmp(mine, hex) == 0;
	free(mine);
	return agrees;
}

static int check_digests(const struct package_file *file, Header signature, struct error *err)
{
	const char *sha256 = headerGetString(signature, RPMSIGTAG_SHA256);
	const char *sha1 = headerGetString(signature, RPMSIGTAG_SHA1);

	if (!sha256 && !sha1)
		return damaged(file, "it lists no digest of its header", err);
	if (sha256 && !digest_agrees(file, RPM_HASH_SHA256, sha256))
		return damaged(file, "its header does not have the SHA-256 listed for it", err);
	if (sha1 && !digest_agrees(file, RPM_HASH_SHA1, sha1))
		return damaged(file, "its header does not have the SHA-1 listed for it", err);
	return 0;
}

/* The size is not signed, but tells a package that was cut off before it is unpacked. */
static int check_length(const struct package_file *file, Header signature, struct error *err)
{
	uint64_t rest = headerGetNumber(signature, RPMSIGTAG_LONGSIZE);

	if (!rest)
		rest = headerGetNumber(signature, RPMSIGTAG_SIZE);
	if (rest > file->size - file->main_offset)
		return damaged(file, "it was cut off", err);
	return 0;
}

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

/* What was found out about a signature so far: RPMRC_NOKEY until a key of its ID came by. */
struct verdict {
	rpmRC rc;
	char *fingerprint;
};

static void try_certificates(const uint8_t *packets, size_t size, pgpDigParams signature,
			     DIGEST_CTX ctx, struct verdict *verdict)
{
	while (size && verdict->rc != RPMRC_OK) {
		cleanup(keyring_freep) struct rpmKeyring_s *keyring = NULL;
		_cleanup_free_ uint8_t *fingerprint = NULL;
		size_t len, fingerprint_len;
		rpmRC rc;

		if (pgpPubKeyCertLen(packets, size, &len) || !len || len > size)
			return;
		keyring = keyring_of(packets, len);
		rc = keyring ? rpmKeyringVerifySig(keyring, signature, ctx) : RPMRC_NOKEY;
		if (rc != RPMRC_NOKEY)
			verdict->rc = rc;
		if (rc == RPMRC_OK &&
		    pgpPubkeyFingerprint(packets, len, &fingerprint, &fingerprint_len) == 0)
			verdict->fingerprint = rpmhex(fingerprint, fingerprint_len);
		packets += len;
		size -= len;
	}
}

/* A file of keys: one armored block after the other, or binary. */
static void try_keys(const char *keys, size_t size, pgpDigParams signature, DIGEST_CTX ctx,
		     struct verdict *verdict)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	static const char end[] = "-----END PGP PUBLIC KEY BLOCK-----";
	const char *at = keys;

	if (size && (keys[0] & 0x80)) {
		try_certificates((const uint8_t *)keys, size, signature, ctx, verdict);
		return;
	}
	while (verdict->rc != RPMRC_OK && (at = strstr(at, begin))) {
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
			try_certificates(packets, len, signature, ctx, verdict);
		at = last;
	}
}

static bool is_pinned(const struct trust *trust, const char *fingerprint)
{
	return !trust->keys || !*trust->keys || words__allow(trust->keys, fingerprint);
}

static int judge(const struct package_file *file, const struct trust *trust,
		 pgpDigParams signature, const struct verdict *verdict, struct error *err)
{
	char id[2 * PGP_KEYID_LEN + 1];

	hex__encode(pgpDigParamsSignID(signature), PGP_KEYID_LEN, id);
	if (verdict->rc == RPMRC_OK && verdict->fingerprint) {
		if (is_pinned(trust, verdict->fingerprint))
			return 0;
		return error__set(err, EKEYREJECTED,
				  "%s is signed by the key %s, which is in a keyring, but is none "
				  "of those that the manifest names for this: if you trust it, add "
				  "it to 'key' there", file->path, verdict->fingerprint);
	}
	if (verdict->rc == RPMRC_NOKEY) {
		_cleanup_free_ char *names = words__join(trust->keyrings);

		return error__set(err, EKEYREJECTED,
				  "%s is signed by the key %s, which is not in %s: add the "
				  "distribution's key to it if you trust that key", file->path, id,
				  names ? names : "the keyring");
	}
	return error__set(err, EKEYREJECTED,
			  "%s: the signature by the key %s does not fit the package: get it again "
			  "from the distribution", file->path, id);
}

/* Files are read one after the other until a key is found that fits. */
static int try_keyrings(const struct trust *trust, pgpDigParams signature, DIGEST_CTX ctx,
			struct verdict *verdict, struct error *err)
{
	_cleanup_words_ char **files = NULL;
	int rc = keyring__files(trust->keyrings, &files, err);

	if (rc)
		return rc == -ENOMEM ? rc : -EKEYREJECTED;
	if (!*files) {
		_cleanup_free_ char *names = words__join(trust->keyrings);

		return error__set(err, EKEYREJECTED, "cannot read the keyring %s: there is none",
				  names ? names : "");
	}
	for (char **file = files; *file && verdict->rc != RPMRC_OK; file++) {
		_cleanup_free_ void *keys = NULL;
		size_t size;

		rc = file__read(*file, KEYRING_MAX, &keys, &size);
		if (rc)
			return error__set(err, EKEYREJECTED, "cannot read the keyring %s: %s",
					  *file, strerror(-rc));
		try_keys(keys, size, signature, ctx, verdict);
	}
	return 0;
}

static int check_signature_packet(const struct package_file *file, const struct trust *trust,
				  struct rpmtd_s *packet, char **signed_by, struct error *err)
{
	cleanup(params_freep) struct pgpDigParams_s *signature = NULL;
	struct verdict verdict = { .rc = RPMRC_NOKEY };
	DIGEST_CTX ctx;
	int rc;

	if (pgpPrtParams(packet->data, packet->count, PGPTAG_SIGNATURE, &signature) ||
	    pgpSignatureType(signature) != PGPSIGTYPE_BINARY)
		return rejected(file, "its signature can't be read", err);
	ctx = rpmDigestInit(pgpDigParamsAlgo(signature, PGPVAL_HASHALGO), RPMDIGEST_NONE);
	if (!ctx || pgpDigParamsAlgo(signature, PGPVAL_HASHALGO) == PGPHASHALGO_MD5) {
		rpmDigestFinal(ctx, NULL, NULL, 0);
		return rejected(file, "its signature uses a hash that is not trusted", err);
	}
	rpmDigestUpdate(ctx, file->main.bytes, file->main.size);
	rc = try_keyrings(trust, signature, ctx, &verdict, err);
	rpmDigestFinal(ctx, NULL, NULL, 0);
	for (char *digit = verdict.fingerprint; digit && *digit; digit++)
		*digit = *digit >= 'a' ? *digit - 'a' + 'A' : *digit;
	if (!rc)
		rc = judge(file, trust, signature, &verdict, err);
	if (rc) {
		free(verdict.fingerprint);
		return rc;
	}
	*signed_by = verdict.fingerprint;
	return 0;
}

static int check_signature(const struct package_file *file, const struct trust *trust,
			   Header signature, char **signed_by, struct error *err)
{
	static const rpmTagVal tags[] = { RPMSIGTAG_RSA, RPMSIGTAG_DSA };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		struct rpmtd_s packet = {};
		int rc;

		if (!headerGet(signature, tags[i], &packet, HEADERGET_MINMEM))
			continue;
		rc = packet.type == RPM_BIN_TYPE ?
			     check_signature_packet(file, trust, &packet, signed_by, err) :
			     rejected(file, "its signature can't be read", err);
		rpmtdFreeData(&packet);
		return rc;
	}
	return rejected(file, "its header is not signed", err);
}

/* ---- files ------------------------------------------------------------------------- */

static int take_file(rpmfiles files, int index, struct rpm_file *file)
{
	_cleanup_free_ char *path = rpmfilesFN(files, index);
	const unsigned char *digest;
	int algorithm = 0;
	size_t len = 0;

	file->mode = rpmfilesFMode(files, index);
	file->size = rpmfilesFSize(files, index);
	file->path = path ? strdup(path + strspn(path, "/")) : NULL;
	if (!file->path)
		return -ENOMEM;
	digest = rpmfilesFDigest(files, index, &algorithm, &len);
	if (digest && len && len <= sizeof(file->digest)) {
		memcpy(file->digest, digest, len);
		file->digest_len = len;
		file->digest_algorithm = algorithm;
	}
	return 0;
}

static int take_files(const struct package_file *file, Header main, struct rpm_header *header,
		      struct error *err)
{
	cleanup(files_freep) struct rpmfiles_s *files =
		rpmfilesNew(NULL, main, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY);
	size_t count;

	if (!files)
		return damaged(file, "its list of files can't be read", err);
	count = rpmfilesFC(files);
	header->files = calloc(count + 1, sizeof(*header->files));
	if (!header->files)
		return error__oom(err);
	for (size_t i = 0; i < count; i++) {
		if (!S_ISREG(rpmfilesFMode(files, i)))
			continue;
		/* counted first, so that it is freed also when it is half done */
		if (take_file(files, i, &header->files[header->file_count++]))
			return error__oom(err);
	}
	return 0;
}

static int read_headers(const struct package_file *file, const struct trust *trust,
			struct rpm_header *header, struct error *err)
{
	cleanup(header_freep) struct headerToken_s *signature = import(&file->signature);
	cleanup(header_freep) struct headerToken_s *main = NULL;
	int rc;

	if (!signature)
		return damaged(file, "its signature header is malformed", err);
	rc = check_digests(file, signature, err);
	if (!rc && trust && trust->keyrings)
		rc = check_signature(file, trust, signature, &header->signed_by, err);
	if (!rc)
		rc = check_length(file, signature, err);
	if (rc)
		return rc;
	main = import(&file->main);
	if (!main)
		return damaged(file, "its header is malformed", err);
	return take_files(file, main, header, err);
}

/* What librpm says on stderr is said here, with the file's name. */
static int read_headers_locked(const struct package_file *file, const struct trust *trust,
			       struct rpm_header *header, struct error *err)
{
	int mask, rc;

	pthread_mutex_lock(&librpm_lock);
	mask = rpmlogSetMask(RPMLOG_MASK(RPMLOG_EMERG));
	rpmInitCrypto();
	rc = read_headers(file, trust, header, err);
	rpmlogSetMask(mask);
	pthread_mutex_unlock(&librpm_lock);
	return rc;
}

int rpm_header__read(const char *path, const struct trust *trust, struct rpm_header *header,
		     struct error *err)
{
	struct package_file file = { .path = path };
	struct stat st;
	int rc;

	*header = (struct rpm_header){};
	file.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0 || fstat(file.fd, &st) < 0) {
		rc = error__set(err, errno, "cannot open %s: %s", path, strerror(errno));
	} else {
		file.size = st.st_size;
		rc = read_package(&file, err);
	}
	if (!rc)
		rc = read_headers_locked(&file, trust, header, err);
	package_file__close(&file);
	if (rc)
		rpm_header__free(header);
	return rc;
}

void rpm_header__free(struct rpm_header *header)
{
	for (size_t i = 0; i < header->file_count; i++)
		free(header->files[i].path);
	free(header->files);
	free(header->signed_by);
	*header = (struct rpm_header){};
}

const struct rpm_file *rpm_header__find(const struct rpm_header *header, const char *path)
{
	for (size_t i = 0; i < header->file_count; i++)
		if (strcmp(header->files[i].path, path) == 0)
			return &header->files[i];
	return NULL;
}

/* ---- digests of content ------------------------------------------------------------- */

struct rpm_digest {
	DIGEST_CTX ctx;
	const struct rpm_file *file;
};

bool rpm_file__is_strong(const struct rpm_file *file)
{
	switch (file->digest_algorithm) {
	case RPM_HASH_SHA224:
	case RPM_HASH_SHA256:
	case RPM_HASH_SHA384:
	case RPM_HASH_SHA512:
		return file->digest_len != 0;
	default:
		return false;
	}
}

struct rpm_digest *rpm_digest__new(const struct rpm_file *file)
{
	struct rpm_digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return NULL;
	digest->file = file;
	pthread_mutex_lock(&librpm_lock);
	rpmInitCrypto();
	digest->ctx = rpmDigestInit(file->digest_algorithm, RPMDIGEST_NONE);
	pthread_mutex_unlock(&librpm_lock);
	if (!digest->ctx) {
		free(digest);
		return NULL;
	}
	return digest;
}

/* a context is one thread's own, so there is nothing to lock */
void rpm_digest__update(struct rpm_digest *digest, const void *data, size_t size)
{
	rpmDigestUpdate(digest->ctx, data, size);
}

bool rpm_digest__matches(struct rpm_digest *digest)
{
	void *mine = NULL;
	size_t len = 0;
	bool matches;

	rpmDigestFinal(steal_ptr(digest->ctx), &mine, &len, 0);
	matches = mine && len == digest->file->digest_len &&
		  memcmp(mine, digest->file->digest, len) == 0;
	free(mine);
	return matches;
}

void rpm_digest__free(struct rpm_digest *digest)
{
	if (!digest)
		return;
	rpmDigestFinal(digest->ctx, NULL, NULL, 0);
	free(digest);
}
