/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/file_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmpgp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/cleanup.h"

#define READ_CHUNK ((size_t)256 << 10)

static void init_once(void)
{
	rpmInitCrypto();
}

static int digest_all(int fd, const char *name, struct meter *meter, uint64_t size,
		      DIGEST_CTX digest, struct error *err)
{
	_cleanup_free_ uint8_t *chunk = malloc(READ_CHUNK);
	uint64_t done = 0;

	if (!chunk)
		return error__oom(err);
	for (;;) {
		ssize_t got = pread(fd, chunk, READ_CHUNK, done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error__set(err, EIO, "%s: cannot read it: %s", name,
					  strerror(errno));
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: interrupted", name);
		if (!got)
			return 0;
		if (rpmDigestUpdate(digest, chunk, got))
			return error__set(err, EIO, "%s: librpm can't compute its SHA-256", name);
		done += got;
		meter__advance(meter, done, size);
	}
}

int file_digest__sha256(int fd, const char *name, struct meter *meter,
			uint8_t digest[SHA256_SIZE], struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	_cleanup_free_ void *result = NULL;
	struct stat st = {};
	DIGEST_CTX ctx;
	size_t len = 0;
	int rc;

	pthread_once(&once, init_once);
	ctx = rpmDigestInit(RPM_HASH_SHA256, RPMDIGEST_NONE);
	if (!ctx)
		return error__set(err, EIO, "%s: librpm has no SHA-256 here", name);
	fstat(fd, &st); /* for the meter alone */
	meter__stage(meter, "check", st.st_size);
	rc = digest_all(fd, name, meter, st.st_size, ctx, err);
	if ((rpmDigestFinal(ctx, &result, &len, 0) || !result || len != SHA256_SIZE) && !rc)
		rc = error__set(err, EIO, "%s: librpm can't compute its SHA-256", name);
	if (!rc)
		memcpy(digest, result, SHA256_SIZE);
	return rc;
}

int file_digest__sha256_of(const char *path, struct meter *meter,
			   uint8_t digest[SHA256_SIZE], struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error__set(err, errno, "%s: %s", path, strerror(errno));
	return file_digest__sha256(fd, path, meter, digest, err);
}
