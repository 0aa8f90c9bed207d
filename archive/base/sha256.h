/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * SHA-256 (FIPS 180-4) of memory and files, and digests as hex. libsodium computes;
 * neither needs sodium_init(), which waits for the kernel's random numbers: on a machine
 * that has just booted an old kernel that can take minutes.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE crypto_hash_sha256_BYTES
#define SHA256_HEX_SIZE (2 * SHA256_SIZE + 1)

void sha256__of(const void *data, size_t size, uint8_t digest[SHA256_SIZE]);
int sha256__of_file(const char *path, uint8_t digest[SHA256_SIZE]);

/* Lower-case hex and a NUL: `hex` holds 2 * size + 1 bytes. Returns hex. */
char *hex__encode(const uint8_t *data, size_t size, char *hex);
/* Exactly `size` bytes from 2 * size hex digits of either case; false otherwise. */
bool hex__decode(const char *hex, uint8_t *data, size_t size);

#endif
