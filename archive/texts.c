/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "ident.h"

/* No archive's texts come near, and sharing makes few bytes very many. */
#define TEXTS_MAX (256u << 20)

void texts__free(struct texts *texts)
{
	free(texts->items);
	free(texts->bytes);
	free(texts->has_newline);
	*texts = (struct texts){};
}

/* ---- writing ------------------------------------------------------------------------------ */

int texts__add(struct texts *texts, const char *text)
{
	if (texts->count == texts->room) {
		uint32_t room = texts->room ? 2 * texts->room : 64;
		const char **items = realloc(texts->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		texts->items = items;
		texts->room = room;
	}
	texts->items[texts->count++] = text;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int texts__sort(struct texts *texts)
{
	uint32_t kept = 0;
	size_t total = 0;

	qsort(texts->items, texts->count, sizeof(*texts->items), by_bytes);
	for (uint32_t i = 0; i < texts->count; i++)
		if (!kept || strcmp(texts->items[kept - 1], texts->items[i]) != 0)
			texts->items[kept++] = texts->items[i];
	texts->count = kept;
	for (uint32_t i = 0; i < kept; i++)
		total += strlen(texts->items[i]) + 1;
	return total > TEXTS_MAX ? -E2BIG : 0;
}

uint32_t texts__number(const struct texts *texts, const char *text)
{
	const char **at = bsearch(&text, texts->items, texts->count, sizeof(*texts->items), by_bytes);

	return at - texts->items;
}

static size_t shared_bytes(const char *a, const char *b)
{
	size_t shared = 0;

	while (a[shared] && a[shared] == b[shared])
		shared++;
	return shared;
}

void texts__write(const struct texts *texts, struct buf *shared, struct buf *rest)
{
	for (uint32_t i = 1; i < texts->count; i++) {
		size_t same = shared_bytes(texts->items[i - 1], texts->items[i]);

		buf__add_varint(shared, same);
		buf__add(rest, texts->items[i] + same, strlen(texts->items[i] + same) + 1);
	}
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Where each begins and ends, without their bytes. */
static int measure(uint32_t count, struct cursor shared, struct cursor rest, size_t *total)
{
	size_t before = 0;

	*total = 1;
	for (uint32_t i = 1; i < count; i++) {
		uint64_t same = cursor__varint(&shared);
		const uint8_t *end = rest.pos < rest.len ?
			memchr(rest.data + rest.pos, 0, rest.len - rest.pos) : NULL;

		if (shared.failed || !end || same > before)
			return -EBADMSG;
		before = same + (end - (rest.data + rest.pos));
		rest.pos = end + 1 - rest.data;
		*total += before + 1;
		if (*total > TEXTS_MAX)
			return -EBADMSG;
	}
	return 0;
}

/*
 * Where the next one begins. It comes after the one before if the first byte that they do not
 * share does; NULL if not, or if it has control characters.
 */
static char *read_text(struct texts *texts, uint32_t i, struct cursor *shared, struct cursor *rest,
		       char *room)
{
	const char *before = texts->items[i - 1], *tail = (const char *)rest->data + rest->pos;
	size_t same = cursor__varint(shared), length = strlen(tail);

	memcpy(room, before, same);
	memcpy(room + same, tail, length + 1);
	rest->pos += length + 1;
	texts->items[i] = room;
	texts->has_newline[i] = memchr(tail, '\n', length) ||
				(texts->has_newline[i - 1] && memchr(room, '\n', same));
	return (unsigned char)before[same] < (unsigned char)room[same] && text__is_clean(tail, true)
		       ? room + same + length + 1 : NULL;
}

int texts__read(struct texts *texts, uint32_t count, struct cursor *shared, struct cursor *rest)
{
	size_t total;
	char *room;
	int err = measure(count, *shared, *rest, &total);

	if (err)
		return err;
	texts->items = calloc(count, sizeof(*texts->items));
	texts->bytes = room = malloc(total);
	texts->has_newline = calloc(count, sizeof(*texts->has_newline));
	if (!texts->items || !room || !texts->has_newline)
		return -ENOMEM;
	*room = '\0';
	texts->items[0] = room++;
	for (uint32_t i = 1; i < count; i++) {
		room = read_text(texts, i, shared, rest, room);
		if (!room)
			return -EBADMSG;
	}
	texts->count = count;
	return 0;
}
