/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The digest of what an archive holds: BLAKE2b (RFC 7693) of 32 bytes, without a key. It
 * takes a third of SHA-256's time where the processor has no instructions for that.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

void digest__of(const void *data, size_t size, uint8_t digest[DIGEST_SIZE]);

#endif
