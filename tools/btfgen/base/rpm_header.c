/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/rpm_header.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rpm/header.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmtd.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/rpm_signature.h"

#define LEAD_SIZE 96
#define INTRO_SIZE 16 /* magic and version, reserved, number of entries, size of the data */
#define HEADER_MAX ((uint64_t)256 << 20) /* librpm's own limit */
#define SIGNATURES_MAX 16 /* each has the keyrings read once more */

/* Of format 6, which librpm 4 reads without names for them. */
#define TAG_OPENPGP 278
#define TAG_SHA3_256 279
#define TAG_PAYLOAD_SIZE 5112
#define HASH_SHA3_256 12
#define HASH_SHA3_512 14

DEFINE_CLEANUP(header_freep, struct headerToken_s, headerFree)
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

/* 0, or -EBADMSG; -ENOTSUP: this librpm does not compute it. */
static int check_digest(const struct package_file *file, int algorithm, const char *hex)
{
	DIGEST_CTX ctx = rpmDigestInit(algorithm, RPMDIGEST_NONE);
	void *mine = NULL;
	bool agrees;

	if (!ctx)
		return -ENOTSUP;
	rpmDigestUpdate(ctx, file->main.bytes, file->main.size);
	rpmDigestFinal(ctx, &mine, NULL, 1);
	agrees = mine && strcasecmp(mine, hex) == 0;
	free(mine);
	return agrees ? 0 : -EBADMSG;
}

static int check_digests(const struct package_file *file, Header signature, struct error *err)
{
	static const struct {
		rpmTagVal tag;
		int algorithm;
		const char *wrong;
	} kinds[] = {
		{ RPMSIGTAG_SHA256, RPM_HASH_SHA256,
		  "its header does not have the SHA-256 listed for it" },
		{ RPMSIGTAG_SHA1, RPM_HASH_SHA1,
		  "its header does not have the SHA-1 listed for it" },
		{ TAG_SHA3_256, HASH_SHA3_256,
		  "its header does not have the SHA3-256 listed for it" },
	};
	bool checked = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *hex = headerGetString(signature, kinds[i].tag);
		int rc = hex ? check_digest(file, kinds[i].algorithm, hex) : -ENOTSUP;

		if (rc == -EBADMSG)
			return damaged(file, kinds[i].wrong, err);
		checked |= !rc;
	}
	return checked ? 0 : damaged(file, "it lists no digest of its header", err);
}

/*
 * Tells a package that was cut off before it is unpacked. The size stands in the
 * signature header, where nobody signed it, or in format 6 in the main one.
 */
static int check_length(const struct package_file *file, Header signature, Header main,
			struct error *err)
{
	uint64_t payload = headerGetNumber(main, TAG_PAYLOAD_SIZE);
	uint64_t rest = headerGetNumber(signature, RPMSIGTAG_LONGSIZE);
	uint64_t there = file->size - file->main_offset;

	if (!rest)
		rest = headerGetNumber(signature, RPMSIGTAG_SIZE);
	if (rest > there || payload > there - file->main.size)
		return damaged(file, "it was cut off", err);
	return 0;
}

/* All signatures under one tag: a packet, or in format 6 one or more as texts. */
static int judge_signatures(const struct package_file *file, const struct trust *trust,
			    struct rpmtd_s *values, struct rpm_verdict *verdict,
			    struct error *err)
{
	const struct raw_header *main = &file->main;
	const char *text;
	int rc = 0;

	if (values->type == RPM_BIN_TYPE)
		return rpm_verdict__add(verdict, trust, main->bytes, main->size, values->data,
					values->count, err);
	if (values->type != RPM_STRING_ARRAY_TYPE)
		return rejected(file, "its signature can't be read", err);
	if (values->count > SIGNATURES_MAX)
		return rejected(file, "it has more than 16 signatures", err);
	while (!rc && verdict->standing != RPM_GOOD && (text = rpmtdNextString(values)))
		rc = rpm_verdict__add_text(verdict, trust, main->bytes, main->size, text, err);
	return rc;
}

/* A package of format 6 may have one as format 4 has it beside its own. */
static int check_signature(const struct package_file *file, const struct trust *trust,
			   Header signature, char **signed_by, struct error *err)
{
	static const rpmTagVal tags[] = { TAG_OPENPGP, RPMSIGTAG_RSA, RPMSIGTAG_DSA };
	cleanup(rpm_verdict__free) struct rpm_verdict verdict = {};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags) && verdict.standing != RPM_GOOD; i++) {
		struct rpmtd_s values = {};
		int rc;

		if (!headerGet(signature, tags[i], &values, HEADERGET_MINMEM))
			continue;
		rc = judge_signatures(file, trust, &values, &verdict, err);
		rpmtdFreeData(&values);
		if (rc)
			return rc;
	}
	if (verdict.standing == RPM_GOOD)
		*signed_by = steal_ptr(verdict.fingerprint);
	return rpm_verdict__say(&verdict, trust, file->path, err);
}

/* ---- files ------------------------------------------------------------------------- */

/*
 * How many bytes the payload has for it, which format 6 says nowhere else. Of several
 * names of one file the last comes with its content; a link's is where it points.
 */
static uint64_t stored_size(rpmfiles files, int index, const struct rpm_file *file,
			    const int *names)
{
	bool further = file->names > 1 && names[file->names - 1] != index;

	if (rpmfilesFFlags(files, index) & RPMFILE_GHOST)
		return 0;
	if (S_ISLNK(file->mode) || (S_ISREG(file->mode) && !further))
		return file->size;
	return 0;
}

static int take_names(rpmfiles files, int index, struct rpm_file *file)
{
	const char *target = rpmfilesFLink(files, index);
	_cleanup_free_ char *path = rpmfilesFN(files, index);

	file->path = path ? strdup(path + strspn(path, "/")) : NULL;
	if (!file->path)
		return -ENOMEM;
	if (!S_ISLNK(file->mode))
		return 0;
	file->link_target = strdup(target ? target : "");
	return file->link_target ? 0 : -ENOMEM;
}

static int take_file(rpmfiles files, int index, struct rpm_file *file)
{
	const unsigned char *digest;
	const int *names = NULL;
	int algorithm = 0;
	size_t len = 0;

	file->mode = rpmfilesFMode(files, index);
	file->size = rpmfilesFSize(files, index);
	file->names = rpmfilesFLinks(files, index, &names);
	file->stored = stored_size(files, index, file, names);
	if (take_names(files, index, file))
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
	/* counted first, so that it is freed also when it is half done */
	for (size_t i = 0; i < count; i++)
		if (take_file(files, i, &header->files[header->file_count++]))
			return error__oom(err);
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
	if (rc)
		return rc;
	main = import(&file->main);
	if (!main)
		return damaged(file, "its header is malformed", err);
	rc = check_length(file, signature, main, err);
	return rc ? rc : take_files(file, main, header, err);
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
	for (size_t i = 0; i < header->file_count; i++) {
		free(header->files[i].path);
		free(header->files[i].link_target);
	}
	free(header->files);
	free(header->signed_by);
	*header = (struct rpm_header){};
}

const struct rpm_file *rpm_header__find(const struct rpm_header *header, const char *path)
{
	for (size_t i = 0; i < header->file_count; i++)
		if (S_ISREG(header->files[i].mode) && strcmp(header->files[i].path, path) == 0)
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
	case HASH_SHA3_256:
	case HASH_SHA3_512:
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
