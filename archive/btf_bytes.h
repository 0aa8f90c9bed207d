/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* BTF as bytes in little endian, which whoever writes them takes room for. */
#ifndef ARCHIVE_BTF_BYTES_H
#define ARCHIVE_BTF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BTF_MAGIC_NUMBER 0xeb9f
#define BTF_HEADER_SIZE 24

static inline uint8_t *btf_bytes__put(uint8_t *at, uint32_t word)
{
	at[0] = (uint8_t)word;
	at[1] = (uint8_t)(word >> 8);
	at[2] = (uint8_t)(word >> 16);
	at[3] = (uint8_t)(word >> 24);
	return at + 4;
}

/* Kind, flag, and what is counted. */
static inline uint8_t *btf_bytes__put_info(uint8_t *at, uint8_t kind, bool flag, uint32_t count)
{
	return btf_bytes__put(at, (uint32_t)flag << 31 | (uint32_t)kind << 24 | count);
}

/* Types follow at once, and strings at once behind them. */
static inline void btf_bytes__put_header(uint8_t *at, uint32_t types_size, uint32_t text_size)
{
	at = btf_bytes__put(at, BTF_MAGIC_NUMBER | 1 << 16);
	at = btf_bytes__put(at, BTF_HEADER_SIZE);
	at = btf_bytes__put(at, 0);
	at = btf_bytes__put(at, types_size);
	at = btf_bytes__put(at, types_size);
	btf_bytes__put(at, text_size);
}

#endif
