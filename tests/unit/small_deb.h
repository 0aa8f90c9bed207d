/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packages made in memory: tar, .xz of several blocks, .deb. Aborts rather than go on without. */
#ifndef TESTS_SMALL_DEB_H
#define TESTS_SMALL_DEB_H

#include <elf.h>
#include <errno.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct bytes {
	uint8_t *data;
	size_t size;
};

static inline void bytes__add(struct bytes *bytes, const void *data, size_t size)
{
	bytes->data = realloc(bytes->data, bytes->size + size + 1);
	if (!bytes->data)
		abort();
	if (data)
		memcpy(bytes->data + bytes->size, data, size);
	else
		memset(bytes->data + bytes->size, 0, size);
	bytes->size += size;
}

static inline void bytes__free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){};
}

/* ---- tar ------------------------------------------------------------------------- */

static inline void tar__seal(uint8_t *header)
{
	unsigned int sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

/* A header of GNU's kind, whose offset it gives. */
static inline size_t tar__header(struct bytes *tar, const char *name, char type, uint64_t size)
{
	size_t at = tar->size;
	uint8_t *header;

	bytes__add(tar, NULL, 512);
	header = tar->data + at;
	memcpy(header, name, strlen(name) < 100 ? strlen(name) : 100);
	memcpy(header + 100, "0000644\0000000000\0000000000", 23);
	for (size_t i = 0; i < 11; i++)
		header[124 + i] = '0' + (size >> 3 * (10 - i) & 7);
	memcpy(header + 136, "00000000000", 11);
	header[156] = type;
	memcpy(header + 257, "ustar  ", 8);
	tar__seal(header);
	return at;
}

static inline size_t tar__add(struct bytes *tar, const char *name, char type, const void *body,
			      size_t size)
{
	size_t at = tar__header(tar, name, type, size);

	bytes__add(tar, body, size);
	bytes__add(tar, NULL, -size & 511);
	return at;
}

/* Two blocks of zeros, and more up to the record's end as tar writes them. */
static inline void tar__end(struct bytes *tar)
{
	bytes__add(tar, NULL, 1024);
	bytes__add(tar, NULL, (10240 - tar->size % 10240) % 10240);
}

/* An archive that a walk reads, and how much of it. */
struct read_tar {
	struct bytes tar;
	uint64_t read;
};

static inline int tar__read(void *context, uint64_t offset, void *buf, size_t len,
			    struct error *err)
{
	struct read_tar *archive = context;

	if (offset > archive->tar.size || len > archive->tar.size - offset)
		return error__set(err, EIO, "beyond the end");
	memcpy(buf, archive->tar.data + offset, len);
	archive->read += len;
	return 0;
}

/* ---- xz and ar ------------------------------------------------------------------- */

static inline struct bytes xz__pack(const struct bytes *plain, size_t block_size)
{
	lzma_mt options = { .threads = 1, .block_size = block_size, .preset = 0,
			    .check = LZMA_CHECK_CRC64 };
	lzma_stream lzma = LZMA_STREAM_INIT;
	struct bytes out = {};

	if (lzma_stream_encoder_mt(&lzma, &options) != LZMA_OK)
		abort();
	bytes__add(&out, NULL, plain->size * 2 + 65536);
	lzma.next_in = plain->data;
	lzma.avail_in = plain->size;
	lzma.next_out = out.data;
	lzma.avail_out = out.size;
	if (lzma_code(&lzma, LZMA_FINISH) != LZMA_STREAM_END)
		abort();
	out.size -= lzma.avail_out;
	lzma_end(&lzma);
	return out;
}

/*
 * The same without trying to make it smaller, which takes no time. Its index has `absent` blocks
 * more, of 64 MiB, of which nothing is there.
 */
static inline struct bytes xz__store_with(const struct bytes *plain, size_t block_size,
					  unsigned int absent)
{
	lzma_options_lzma options = { .dict_size = LZMA_DICT_SIZE_MIN };
	lzma_filter filters[2] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };
	lzma_stream_flags flags = { .check = LZMA_CHECK_CRC32 };
	lzma_index *index = lzma_index_init(NULL);
	struct bytes out = {};
	size_t at = 0;

	bytes__add(&out, NULL, 12);
	if (!index || lzma_stream_header_encode(&flags, out.data) != LZMA_OK)
		abort();
	for (size_t from = 0; from < plain->size; from += block_size) {
		lzma_block block = { .version = 1, .check = LZMA_CHECK_CRC32, .filters = filters };
		size_t len = plain->size - from < block_size ? plain->size - from : block_size;
		size_t room = lzma_block_buffer_bound(len);

		at = out.size;
		bytes__add(&out, NULL, room);
		if (lzma_block_uncomp_encode(&block, plain->data + from, len, out.data, &at,
					     out.size) != LZMA_OK ||
		    lzma_index_append(index, NULL, lzma_block_unpadded_size(&block), len) != LZMA_OK)
			abort();
		out.size = at;
	}
	for (; absent; absent--) {
		bytes__add(&out, NULL, 64);
		if (lzma_index_append(index, NULL, 64, 64 << 20) != LZMA_OK)
			abort();
	}
	flags.backward_size = lzma_index_size(index);
	at = out.size;
	bytes__add(&out, NULL, flags.backward_size + 12);
	if (lzma_index_buffer_encode(index, out.data, &at, out.size - 12) != LZMA_OK ||
	    lzma_stream_footer_encode(&flags, out.data + at) != LZMA_OK)
		abort();
	lzma_index_end(index, NULL);
	return out;
}

static inline struct bytes xz__store(const struct bytes *plain, size_t block_size)
{
	return xz__store_with(plain, block_size, 0);
}

static inline size_t ar__add(struct bytes *ar, const char *name, const void *data, size_t size)
{
	char header[61];
	size_t at;

	if (!ar->size)
		bytes__add(ar, "!<arch>\n", 8);
	snprintf(header, sizeof(header), "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name, 0, 0, 0, 0100644,
		 size);
	bytes__add(ar, header, 60);
	at = ar->size;
	bytes__add(ar, data, size);
	bytes__add(ar, "\n", size % 2);
	return at;
}

/* Around a data.tar of this name. */
static inline struct bytes deb__around(const char *name, const struct bytes *data)
{
	struct bytes deb = {};

	ar__add(&deb, "debian-binary", "2.0\n", 4);
	ar__add(&deb, "control.tar.xz", "control", 7);
	ar__add(&deb, name, data->data, data->size);
	return deb;
}

/* ---- vmlinux --------------------------------------------------------------------- */

struct small_section {
	const char *name;
	uint32_t type, flags;
	const void *data;
	size_t size;
	size_t offset;        /* in the ELF file, once it is made */
};

/*
 * An ELF64 file of this machine's byte order with these sections, the names' section and then the
 * table of them all.
 */
static inline struct bytes elf__make(struct small_section *sections, size_t count)
{
	struct bytes elf = {}, names = {};
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
			     __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_ehsize = sizeof(header), .e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = count + 2, .e_shstrndx = count + 1,
	};
	Elf64_Shdr *table = calloc(count + 2, sizeof(*table));

	if (!table)
		abort();
	bytes__add(&elf, NULL, sizeof(header));
	bytes__add(&names, "", 1);
	for (size_t i = 0; i <= count; i++) {
		struct small_section own = { .name = ".shstrtab", .type = SHT_STRTAB };
		struct small_section *section = i < count ? &sections[i] : &own;

		bytes__add(&elf, NULL, -elf.size & 15);
		section->offset = elf.size;
		table[i + 1].sh_name = names.size;
		table[i + 1].sh_type = section->type;
		table[i + 1].sh_flags = section->flags;
		table[i + 1].sh_offset = elf.size;
		table[i + 1].sh_addralign = 1;
		bytes__add(&names, section->name, strlen(section->name) + 1);
		if (i == count) {
			own.data = names.data;
			own.size = names.size;
		}
		table[i + 1].sh_size = section->size;
		bytes__add(&elf, section->data, section->size);
	}
	bytes__add(&elf, NULL, -elf.size & 7);
	header.e_shoff = elf.size;
	bytes__add(&elf, table, (count + 2) * sizeof(*table));
	free(table);
	memcpy(elf.data, &header, sizeof(header));
	bytes__free(&names);
	return elf;
}

#endif
