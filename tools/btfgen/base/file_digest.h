/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SHA-256 (FIPS 180-4) of a whole package: hundreds of megabytes, so with a meter, an ear for
 * Ctrl-C, and the processor's own instructions where it has them. librpm's digests, which are
 * libgcrypt's or OpenSSL's, have those; libsodium's, which all small things are hashed with
 * (base/sha256.h), take six times as long.
 */
#ifndef BTFGEN_FILE_DIGEST_H
#define BTFGEN_FILE_DIGEST_H

#include "base/error.h"
#include "base/meter.h"
#include "base/sha256.h"

/*
 * Of all bytes of `fd`, whose offset stays; `name` is for messages. The meter, or NULL, is at
 * stage "check". Errors: -EIO, -ECANCELED, -ENOMEM.
 */
int file_digest__sha256(int fd, const char *name, struct meter *meter,
			uint8_t digest[SHA256_SIZE], struct error *err);
/* The same of a file by its path; also what open() gives. */
int file_digest__sha256_of(const char *path, struct meter *meter,
			   uint8_t digest[SHA256_SIZE], struct error *err);

#endif
