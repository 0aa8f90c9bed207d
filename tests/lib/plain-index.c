/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copies an archive, from the standard input, with an index that is not compressed. */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "columns.h"
#include "format.h"

#define ROOM (64u << 20)

/* As columns.h says: columns apart, each as long as it is stored. */
static void put_plain(const struct cursor *columns, struct buf *out)
{
	buf__add_u8(out, 0);
	for (unsigned int i = 0; i < INDEX_COLUMNS; i++) {
		buf__add_varint(out, columns[i].len);
		if (columns[i].len)
			buf__add_varint(out, columns[i].len);
		else
			buf__add_u8(out, 0); /* the next one is not left out */
	}
	for (unsigned int i = 0; i < INDEX_COLUMNS; i++)
		buf__add(out, columns[i].data, columns[i].len);
}

static int copy(const struct buf *file, struct buf *out)
{
	const struct columns none = {};
	struct columns_reader reader = {};
	struct cursor columns[INDEX_COLUMNS];
	struct cursor footer = cursor__over(file->data + file->len - FORMAT_FOOTER_SIZE,
					    FORMAT_FOOTER_SIZE);
	uint64_t offset = cursor__u64(&footer), size = cursor__u64(&footer);
	struct cursor index = cursor__over(file->data + offset, size);
	uint8_t digest[DIGEST_SIZE];

	if (columns__unpack(&reader, &index, &none, INDEX_COLUMNS, columns))
		return 1;
	buf__add(out, file->data, offset);
	put_plain(columns, out);
	columns_reader__free(&reader);
	size = out->len - offset;
	digest__of(out->data + offset, size, digest);
	buf__add_u64(out, offset);
	buf__add_u64(out, size);
	buf__add(out, digest, sizeof(digest));
	buf__add_u64(out, 0);
	buf__add(out, FORMAT_END_MAGIC, FORMAT_MAGIC_SIZE);
	return buf__failed(out);
}

int main(void)
{
	_cleanup_buf_ struct buf file = {}, out = {};
	uint8_t *room = buf__reserve(&file, ROOM);

	if (!room)
		return 1;
	file.len = fread(room, 1, ROOM, stdin);
	if (file.len < FORMAT_HEADER_SIZE + FORMAT_FOOTER_SIZE || copy(&file, &out)) {
		fprintf(stderr, "plain-index: this is no archive\n");
		return 1;
	}
	return fwrite(out.data, 1, out.len, stdout) != out.len;
}
