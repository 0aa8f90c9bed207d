/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A growing run of bytes, and numbers put into it in little endian. An append that
 * finds no memory marks the buffer as failed and all later ones do nothing, so a
 * writer asks once, at the end: buf__failed().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	bool failed;
};

void buf__free(struct buf *buf);
/* The bytes, whose owner is the caller from now on; NULL if any append failed. */
uint8_t *buf__steal(struct buf *buf, size_t *len);
static inline bool buf__failed(const struct buf *buf)
{
	return buf->failed;
}
/* Room for `len` more bytes, to be written by the caller and then added to buf->len. */
uint8_t *buf__reserve(struct buf *buf, size_t len);
void buf__add(struct buf *buf, const void *data, size_t len);
/* Inline: streams of kernels are written byte by byte. */
static inline void buf__add_u8(struct buf *buf, uint8_t value)
{
	if (buf->len < buf->cap && !buf->failed)
		buf->data[buf->len++] = value;
	else
		buf__add(buf, &value, 1);
}
void buf__add_u32(struct buf *buf, uint32_t value);
void buf__add_u64(struct buf *buf, uint64_t value);
/* u32 length, the bytes, and a NUL that the length does not count. NULL counts as "". */
void buf__add_str(struct buf *buf, const char *str);
void buf__printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A NUL after the last byte that is not counted in len; NULL if any append failed. */
const char *buf__cstr(struct buf *buf);

#define _cleanup_buf_ __attribute__((__cleanup__(buf__free)))

#endif
