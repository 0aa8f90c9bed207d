/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/buf.h"

#include "base/large.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf__free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){};
}

uint8_t *buf__steal(struct buf *buf, size_t *len)
{
	uint8_t *data = buf->data;

	if (buf->failed) {
		buf__free(buf);
		return NULL;
	}
	if (len)
		*len = buf->len;
	*buf = (struct buf){};
	return data;
}

uint8_t *buf__reserve(struct buf *buf, size_t len)
{
	size_t cap = buf->cap ? buf->cap : 64;
	uint8_t *data;

	if (buf->failed)
		return NULL;
	if (len > SIZE_MAX / 2 - buf->len) {
		buf->failed = true;
		return NULL;
	}
	while (cap < buf->len + len)
		cap *= 2;
	if (cap != buf->cap) {
		data = large__grow(buf->data, buf->len, cap);
		if (!data) {
			buf->failed = true;
			return NULL;
		}
		buf->data = data;
		buf->cap = cap;
	}
	return buf->data + buf->len;
}

void buf__add(struct buf *buf, const void *data, size_t len)
{
	uint8_t *room = buf__reserve(buf, len);

	if (!room || !len)
		return;
	memcpy(room, data, len);
	buf->len += len;
}

void buf__add_u32(struct buf *buf, uint32_t value)
{
	uint8_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = value >> (8 * i);
	buf__add(buf, bytes, sizeof(bytes));
}

void buf__add_u64(struct buf *buf, uint64_t value)
{
	buf__add_u32(buf, value);
	buf__add_u32(buf, value >> 32);
}

void buf__add_str(struct buf *buf, const char *str)
{
	size_t len = str ? strlen(str) : 0;

	if (len > UINT32_MAX) {
		buf->failed = true;
		return;
	}
	buf__add_u32(buf, len);
	buf__add(buf, len ? str : "", len + 1);
}

void buf__printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	uint8_t *room;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	room = len < 0 ? NULL : buf__reserve(buf, (size_t)len + 1);
	if (!room) {
		buf->failed = true;
		return;
	}
	va_start(args, fmt);
	vsnprintf((char *)room, (size_t)len + 1, fmt, args);
	va_end(args);
	buf->len += len;
}

const char *buf__cstr(struct buf *buf)
{
	uint8_t *room = buf__reserve(buf, 1);

	if (!room)
		return NULL;
	*room = '\0';
	return (const char *)buf->data;
}
