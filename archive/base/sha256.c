/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"

void sha256__of(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	crypto_hash_sha256(digest, data, size);
}

int sha256__of_file(const char *path, uint8_t digest[SHA256_SIZE])
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	crypto_hash_sha256_state state;
	uint8_t chunk[65536];
	ssize_t got;

	if (fd < 0)
		return -errno;
	crypto_hash_sha256_init(&state);
	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		crypto_hash_sha256_update(&state, chunk, got);
	}
	crypto_hash_sha256_final(&state, digest);
	return 0;
}

char *hex__encode(const uint8_t *data, size_t size, char *hex)
{
	return sodium_bin2hex(hex, 2 * size + 1, data, size);
}

bool hex__decode(const char *hex, uint8_t *data, size_t size)
{
	size_t len;

	return strlen(hex) == 2 * size &&
	       sodium_hex2bin(data, size, hex, 2 * size, NULL, &len, NULL) == 0 && len == size;
}
