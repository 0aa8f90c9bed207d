/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Reading of foreign bytes. There is one bounds gate, cursor__take(): every other
 * read goes through it. A read past the end marks the cursor as failed and gives
 * zeroes from then on, so a parser checks cursor__failed() where it matters: before
 * it believes a count, and at the end.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *data;
	size_t len;
	size_t pos;
	bool failed;
};

static inline struct cursor cursor__over(const void *data, size_t len)
{
	return (struct cursor){ .data = data, .len = len };
}

static inline bool cursor__failed(const struct cursor *cur)
{
	return cur->failed;
}

/* The next `len` bytes, lent; NULL (and failed) if there are fewer. */
const uint8_t *cursor__take(struct cursor *cur, size_t len);
uint8_t cursor__u8(struct cursor *cur);
uint32_t cursor__u32(struct cursor *cur);
uint64_t cursor__u64(struct cursor *cur);
/*
 * A count of items of at least `min_item_size` bytes each that follow: fails, and
 * gives 0, if so many cannot fit in what is left.
 */
uint32_t cursor__count(struct cursor *cur, size_t min_item_size);
/* A string as buf__add_str() wrote it, lent; NULL (and failed) unless it is one. */
const char *cursor__str(struct cursor *cur);

#endif
