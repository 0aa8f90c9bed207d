/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "ext_records.h"

#include <errno.h>
#include <string.h>

/* The header begins: magic, version and flags; its length; offset and length of each part. */
#define HEADER_WORDS (2 + 2 * EXT_PART_COUNT)
/* the oldest has no relocations */
#define HEADER_MIN (4 * (HEADER_WORDS - 2))

/* One part: u32 size of its records, then by section u32 name, u32 count and the records. */
static int each_of_part(uint8_t *part, size_t size, const struct btf *btf, ext_record_fn fn,
			void *ctx)
{
	uint32_t record_size, head[2];
	size_t at = sizeof(record_size);

	if (size < at)
		return size ? -EBADMSG : 0;
	memcpy(&record_size, part, sizeof(record_size));
	if (record_size < sizeof(uint32_t))
		return -EBADMSG;
	while (at < size) {
		const char *section;

		if (size - at < sizeof(head))
			return -EBADMSG;
		memcpy(head, part + at, sizeof(head));
		at += sizeof(head);
		section = btf__name_by_offset(btf, head[0]);
		if (!section || head[1] > (size - at) / record_size)
			return -EBADMSG;
		for (uint32_t i = 0; i < head[1]; i++, at += record_size) {
			int res = fn(ctx, section, part + at, record_size);

			if (res)
				return res;
		}
	}
	return 0;
}

/* Behind the magic number, the version and the flags all are words of 32 bits. */
void ext_records__swap(uint8_t *data, size_t size)
{
	uint8_t first;

	if (size < 4)
		return;
	first = data[0];
	data[0] = data[1];
	data[1] = first;
	for (size_t at = 4; at + 4 <= size; at += 4) {
		uint32_t word;

		memcpy(&word, data + at, sizeof(word));
		word = __builtin_bswap32(word);
		memcpy(data + at, &word, sizeof(word));
	}
}

int ext_records__each(uint8_t *data, size_t size, const struct btf *btf, enum ext_part part,
		      ext_record_fn fn, void *ctx)
{
	uint32_t header[HEADER_WORDS] = {}, length;
	uint64_t offset;

	if (!btf || size < HEADER_MIN)
		return -EBADMSG;
	memcpy(header, data, size < sizeof(header) ? size : sizeof(header));
	if (header[1] < HEADER_MIN || header[1] > size)
		return -EBADMSG;
	if (header[1] < 4 * (4 + 2 * (uint32_t)part))
		return 0; /* an older header, without this part */
	offset = (uint64_t)header[1] + header[2 + 2 * part];
	length = header[3 + 2 * part];
	if (offset > size || length > size - offset)
		return -EBADMSG;
	return each_of_part(data + offset, length, btf, fn, ctx);
}
