/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/cursor.h"

#include <string.h>

const uint8_t *cursor__take(struct cursor *cur, size_t len)
{
	const uint8_t *at;

	if (cur->failed || len > cur->len - cur->pos) {
		cur->failed = true;
		return NULL;
	}
	at = cur->data + cur->pos;
	cur->pos += len;
	return at;
}

static uint64_t take_le(struct cursor *cur, size_t len)
{
	const uint8_t *at = cursor__take(cur, len);
	uint64_t value = 0;

	for (size_t i = len; at && i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

uint8_t cursor__u8(struct cursor *cur)
{
	return take_le(cur, 1);
}

uint32_t cursor__u32(struct cursor *cur)
{
	return take_le(cur, 4);
}

uint64_t cursor__u64(struct cursor *cur)
{
	return take_le(cur, 8);
}

uint32_t cursor__count(struct cursor *cur, size_t min_item_size)
{
	uint32_t count = cursor__u32(cur);

	if (count > (cur->len - cur->pos) / min_item_size) {
		cur->failed = true;
		return 0;
	}
	return count;
}

const char *cursor__str(struct cursor *cur)
{
	uint32_t len = cursor__u32(cur);
	const char *at = (const char *)cursor__take(cur, (size_t)len + 1);

	if (at && memchr(at, '\0', (size_t)len + 1) == at + len)
		return at;
	cur->failed = true;
	return NULL;
}
