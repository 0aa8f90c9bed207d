/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/digest.h"

#include <sodium.h>

void digest__of(const void *data, size_t size, uint8_t digest[DIGEST_SIZE])
{
	crypto_generichash_blake2b(digest, DIGEST_SIZE, data, size, NULL, 0);
}
