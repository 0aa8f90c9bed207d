/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packages that are entered anywhere. The first byte says what follows:
 *   t  a tar archive: it is walked, and a vmlinux looked for at both of its ends
 *   x  a .xz, whose headers get the checksums that they should have: all of it is read
 *   e  an ELF file: it is packed, and its needed parts are read from there
 *   d  a .deb as it is
 */
#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/small_deb.h"
#include "base/sparse_image.h"
#include "base/vmlinux.h"
#include "base/vmlinux_member.h"
#include "base/xz_blocks.h"
#include "base/xz_index.h"
#include "harness.h"
#include "memory_file.h"

#define PATTERNS "vmlinux* */vmlinux*"
#define READ_MAX ((uint64_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- tar ------------------------------------------------------------------------- */

static void check_member(const struct tar_member *member, uint64_t size)
{
	expect(member->body >= 512 && member->body <= size);
	expect(member->size <= size - member->body);
	expect(member->header < member->body);
	expect(strlen(member->name) <= TAR_NAME_MAX);
}

/* Checksums of what looks like a header become right, or none would ever be read. */
static void mend_headers(struct bytes *tar)
{
	for (size_t at = 0; at + 512 <= tar->size; at += 512)
		if (memcmp(tar->data + at + 257, "ustar", 5) == 0)
			tar__seal(tar->data + at);
}

static void try_tar(const uint8_t *data, size_t size)
{
	static struct tar_member member;
	struct read_tar tar = {};
	struct tar_walk walk;
	struct error err;
	uint64_t before;
	int rc;

	bytes__add(&tar.tar, data, size);
	mend_headers(&tar.tar);
	walk = (struct tar_walk){ tar__read, &tar, "input", size, 0 };
	do {
		before = walk.at;
		rc = tar_walk__next(&walk, &member, &err);
		if (rc > 0) {
			expect(walk.at > before);
			check_member(&member, size);
		}
	} while (rc > 0);
	walk.at = 0;
	for (int from_end = 0; from_end < 2; from_end++) {
		if (vmlinux_member__find(&walk, PATTERNS, from_end ? 0 : size, &member, &err) == 0) {
			check_member(&member, size);
			expect(member.is_file && strstr(member.name, "vmlinux"));
		}
	}
	bytes__free(&tar.tar);
}

/* ---- xz -------------------------------------------------------------------------- */

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = value >> 8 * i;
}

/* Header, footer, and the index as long as the footer says. */
static void mend_ends(uint8_t *data, size_t size)
{
	uint64_t index;

	if (size < 36)
		return;
	memcpy(data, "\xfd" "7zXZ", 6);
	memcpy(data + size - 2, "YZ", 2);
	data[size - 4] = data[6];
	data[size - 3] = data[7];
	put_u32(data + 8, lzma_crc32(data + 6, 2, 0));
	put_u32(data + size - 12, lzma_crc32(data + size - 8, 6, 0));
	index = 4 + 4 * (uint64_t)(data[size - 8] | data[size - 7] << 8);
	if (index < 8 || index > size - 24)
		return;
	put_u32(data + size - 16, lzma_crc32(data + size - 12 - index, index - 4, 0));
}

static void mend_block(uint8_t *data, size_t size, const struct xz_block *block)
{
	size_t len;

	if (block->at >= size || !data[block->at])
		return;
	len = 4 * (data[block->at] + (size_t)1);
	if (len <= size - block->at)
		put_u32(data + block->at + len - 4, lzma_crc32(data + block->at, len - 4, 0));
}

static struct byte_source *source_of(const uint8_t *data, size_t size)
{
	struct byte_source *source;
	struct error err;

	expect(byte_source__open_file(memory_file(data, size), &source, &err) == 0);
	return source;
}

static void read_all(struct byte_source *source, size_t size)
{
	struct xz_blocks *blocks;
	struct xz_span all = {};
	struct error err;
	uint64_t len;
	uint8_t *buf;

	if (xz_blocks__open(source, 0, size, 2, &blocks, &err))
		return;
	all.len = len = xz_blocks__size(blocks);
	if (len <= READ_MAX) {
		buf = malloc(len + 1);
		expect(buf != NULL);
		xz_blocks__want(blocks, &all, 1);
		xz_blocks__read(blocks, len / 2, buf, len - len / 2, &err);
		xz_blocks__read(blocks, 0, buf, len, &err);
		xz_blocks__settle(blocks, &err);
		free(buf);
	}
	xz_blocks__free(blocks);
}

static void try_xz(const uint8_t *data, size_t size)
{
	struct byte_source *source;
	struct xz_index index;
	struct bytes xz = {};
	struct error err;

	bytes__add(&xz, data, size);
	mend_ends(xz.data, size);
	source = source_of(xz.data, size);
	if (xz_index__read(source, 0, size, &index, &err) == 0) {
		expect(index.count >= 2);
		for (size_t i = 0; i < index.count; i++)
			mend_block(xz.data, size, &index.blocks[i]);
		xz_index__free(&index);
	}
	byte_source__free(source);
	source = source_of(xz.data, size);
	read_all(source, size);
	byte_source__free(source);
	bytes__free(&xz);
}

/* ---- packages -------------------------------------------------------------------- */

static void try_deb(const uint8_t *data, size_t size)
{
	struct package_place place = { .member = PATTERNS, .want_btf = true, .threads = 1 };
	struct sparse_image image;
	struct kernel_image kernel;
	struct error err;
	struct stat st;
	char path[64];

	place.path = memory_file(data, size);
	if (sparse_image__open(&place, &image, &err) == 0) {
		expect(fstat(image.fd, &st) == 0 && (uint64_t)st.st_size == image.size);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", image.fd);
		if (vmlinux__inspect(path, true, &kernel, &err) == 0)
			kernel_image__free(&kernel);
		sparse_image__close(&image);
	} else {
		expect(err.text[0] && image.fd == -1);
	}
}

static void try_elf(const uint8_t *data, size_t size)
{
	struct bytes tar = {}, xz, deb;

	tar__add(&tar, "./vmlinux", '0', data, size);
	tar__end(&tar);
	xz = xz__store(&tar, tar.size / 3 + 1);
	deb = deb__around("data.tar.xz", &xz);
	try_deb(deb.data, deb.size);
	bytes__free(&tar);
	bytes__free(&xz);
	bytes__free(&deb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0]) {
	case 't':
		try_tar(data + 1, size - 1);
		break;
	case 'x':
		try_xz(data + 1, size - 1);
		break;
	case 'e':
		try_elf(data + 1, size - 1);
		break;
	default:
		try_deb(data + 1, size - 1);
		break;
	}
	return 0;
}
