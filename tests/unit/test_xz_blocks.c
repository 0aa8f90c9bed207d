/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/byte_source.h"
#include "base/cleanup.h"
#include "base/xz_blocks.h"
#include "small_deb.h"
#include "temp_dir.h"

#define BLOCK ((size_t)100000)
#define SIZE (BLOCK * 20 + 12345)

/* A .xz in a file, with other bytes before and behind it, and what it is made of. */
struct fixture {
	struct bytes plain, xz;
	char *dir;
	struct byte_source *source;
	struct xz_blocks *blocks;
	struct error err;
};

static void setup(struct fixture *fixture, size_t block_size)
{
	*fixture = (struct fixture){ .dir = temp_dir__new() };
	fixture->plain.data = noise(SIZE);
	fixture->plain.size = SIZE;
	/* half of it can be made smaller */
	for (size_t i = 0; i < SIZE; i++)
		if (i / 5000 % 2)
			fixture->plain.data[i] = i / 5000;
	fixture->xz = xz__pack(&fixture->plain, block_size);
}

static int open_blocks(struct fixture *fixture, unsigned int threads)
{
	struct bytes file = {};

	bytes__add(&file, "before", 6);
	bytes__add(&file, fixture->xz.data, fixture->xz.size);
	bytes__add(&file, "behind", 6);
	temp_file(temp_path(fixture->dir, "f"), file.data, file.size);
	bytes__free(&file);
	assert_int_equal(byte_source__open_file(temp_path(fixture->dir, "f"), &fixture->source,
						&fixture->err), 0);
	return xz_blocks__open(fixture->source, 6, fixture->xz.size, threads, &fixture->blocks,
			       &fixture->err);
}

static void close_blocks(struct fixture *fixture)
{
	xz_blocks__free(fixture->blocks);
	fixture->blocks = NULL;
	byte_source__free(fixture->source);
	fixture->source = NULL;
}

static void teardown(struct fixture *fixture)
{
	close_blocks(fixture);
	temp_dir__remove(fixture->dir);
	bytes__free(&fixture->plain);
	bytes__free(&fixture->xz);
}

static int read_at(struct fixture *fixture, uint64_t offset, size_t len)
{
	_cleanup_free_ uint8_t *buf = malloc(len ? len : 1);
	int rc = xz_blocks__read(fixture->blocks, offset, buf, len, &fixture->err);

	if (!rc)
		assert_memory_equal(buf, fixture->plain.data + offset, len);
	return rc;
}

static void any_bytes_in_any_order(void **state)
{
	static const unsigned int threads[] = { 1, 2, 8 };
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fixture fixture;

		setup(&fixture, BLOCK);
		assert_int_equal(open_blocks(&fixture, threads[i]), 0);
		assert_int_equal(xz_blocks__count(fixture.blocks), 21);
		assert_int_equal(xz_blocks__size(fixture.blocks), SIZE);
		for (int j = 0; j < 100; j++) {
			uint64_t offset = (random = random * 1664525 + 1013904223) % SIZE;
			size_t len = (random = random * 1664525 + 1013904223) % (2 * BLOCK);

			if (len > SIZE - offset)
				len = SIZE - offset;
			assert_int_equal(read_at(&fixture, offset, len), 0);
		}
		assert_int_equal(read_at(&fixture, 0, SIZE), 0);
		assert_int_equal(read_at(&fixture, SIZE, 0), 0);
		assert_int_equal(xz_blocks__settle(fixture.blocks, &fixture.err), 0);
		teardown(&fixture);
	}
}

static void what_is_not_wanted_is_not_read(void **state)
{
	const struct xz_span spans[] = {
		{ 15 * BLOCK + 10, 10 }, { 3 * BLOCK - 1, 2 }, { 2 * BLOCK, 5 }, { 0, 0 },
		{ SIZE, 10 }, { SIZE - 1, 2 }, { 1, UINT64_MAX },
	};
	struct fixture fixture;

	(void)state;
	setup(&fixture, BLOCK);
	assert_int_equal(open_blocks(&fixture, 2), 0);
	assert_true(byte_source__count(fixture.source) < 1000);
	xz_blocks__want(fixture.blocks, spans, 7);
	/* in the order of offsets */
	assert_int_equal(read_at(&fixture, 2 * BLOCK, 5), 0);
	assert_int_equal(read_at(&fixture, 3 * BLOCK - 1, 2), 0);
	assert_int_equal(read_at(&fixture, 15 * BLOCK + 10, 10), 0);
	assert_int_equal(xz_blocks__settle(fixture.blocks, &fixture.err), 0);
	/* blocks 2, 3 and 15, each once */
	assert_int_equal(xz_blocks__used(fixture.blocks), 3);
	assert_true(byte_source__count(fixture.source) < 4 * BLOCK);
	teardown(&fixture);
}

/* More blocks than are kept at a time, each of them in many small pieces. */
static void each_block_once_in_order(void **state)
{
	const struct xz_span all = { 0, SIZE };
	struct fixture fixture;

	(void)state;
	for (int again = 0; again < 5; again++) {
		setup(&fixture, BLOCK);
		assert_int_equal(open_blocks(&fixture, 2), 0);
		xz_blocks__want(fixture.blocks, &all, 1);
		for (size_t at = 0; at < SIZE; at += 7777)
			assert_int_equal(read_at(&fixture, at, SIZE - at < 7777 ? SIZE - at : 7777),
					 0);
		assert_int_equal(xz_blocks__used(fixture.blocks), 21);
		teardown(&fixture);
	}
}

static size_t index_size(const struct bytes *xz)
{
	const uint8_t *footer = xz->data + xz->size - 12;

	return 4 + 4 * (footer[4] | footer[5] << 8);
}

static void assert_open_fails(struct fixture *fixture, int want, const char *text)
{
	assert_int_equal(open_blocks(fixture, 2), want);
	if (!strstr(fixture->err.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, fixture->err.text);
	close_blocks(fixture);
}

static void what_only_streams(void **state)
{
	struct fixture fixture;
	struct bytes twice = {};

	(void)state;
	setup(&fixture, SIZE);
	assert_open_fails(&fixture, -ENOTSUP, "of one block");
	teardown(&fixture);

	setup(&fixture, BLOCK);
	bytes__add(&twice, fixture.xz.data, fixture.xz.size);
	bytes__add(&fixture.xz, twice.data, twice.size);
	assert_open_fails(&fixture, -ENOTSUP, "several streams");
	fixture.xz.size = twice.size;
	bytes__add(&fixture.xz, NULL, 4);
	assert_open_fails(&fixture, -ENOTSUP, "padded");
	bytes__free(&twice);
	teardown(&fixture);
}

/* Cut off, or with a byte changed: found when it is opened, or when the block is read. */
static void damage_is_found(void **state)
{
	struct fixture fixture;
	size_t whole, index;

	(void)state;
	setup(&fixture, BLOCK);
	whole = fixture.xz.size;
	for (fixture.xz.size = 0; fixture.xz.size < 100; fixture.xz.size++)
		assert_open_fails(&fixture, -EBADMSG, "damaged");
	for (fixture.xz.size = whole - 1; fixture.xz.size > whole - 300; fixture.xz.size -= 7) {
		int rc = open_blocks(&fixture, 2);

		/* zeros look like padding */
		assert_true(rc == -EBADMSG || rc == -ENOTSUP);
		close_blocks(&fixture);
	}
	fixture.xz.size = whole;
	index = index_size(&fixture.xz);
	for (size_t at = whole - 1; at >= whole - 12 - index; at--) {
		fixture.xz.data[at] ^= 0x40;
		assert_true(open_blocks(&fixture, 2) != 0);
		close_blocks(&fixture);
		fixture.xz.data[at] ^= 0x40;
	}
	/* the second block: its header, its middle, and where checksums are */
	for (size_t at = whole / 20; at < whole / 12; at += 997) {
		uint8_t buf[1];
		int rc;

		fixture.xz.data[at] ^= 1;
		assert_int_equal(open_blocks(&fixture, 2), 0);
		rc = read_at(&fixture, 0, 2 * BLOCK);
		assert_true(rc == -EBADMSG || rc == -ENOTSUP);
		/* and it stays an error */
		assert_int_equal(xz_blocks__settle(fixture.blocks, &fixture.err), rc);
		assert_int_equal(xz_blocks__read(fixture.blocks, SIZE - 1, buf, 1, &fixture.err), rc);
		close_blocks(&fixture);
		fixture.xz.data[at] ^= 1;
	}
	teardown(&fixture);
}

/* What was read before the checksum was known to be wrong is disowned. */
static void a_wrong_checksum_is_found_in_the_end(void **state)
{
	struct fixture fixture;
	lzma_index_iter iter;
	lzma_index *index = NULL;
	uint64_t memory = UINT64_MAX;
	size_t in = 0, len;

	(void)state;
	setup(&fixture, BLOCK);
	len = index_size(&fixture.xz);
	assert_int_equal(lzma_index_buffer_decode(&index, &memory, NULL, fixture.xz.data +
						  fixture.xz.size - 12 - len, &in, len), LZMA_OK);
	lzma_index_iter_init(&iter, index);
	assert_false(lzma_index_iter_next(&iter, LZMA_INDEX_ITER_BLOCK));
	/* the last byte of the first block's CRC64 */
	fixture.xz.data[iter.block.compressed_file_offset + iter.block.total_size - 1] ^= 1;
	lzma_index_end(index, NULL);
	assert_int_equal(open_blocks(&fixture, 1), 0);
	read_at(&fixture, 0, 10);
	assert_int_equal(xz_blocks__settle(fixture.blocks, &fixture.err), -EBADMSG);
	assert_non_null(strstr(fixture.err.text, "block 1"));
	teardown(&fixture);
}

/* ---- an index of somebody else's ------------------------------------------------- */

/* The blocks stay; their sizes become what `sizes` says, the compressed total being as it was. */
static void replace_index(struct bytes *xz, const uint64_t (*sizes)[2], size_t count)
{
	lzma_stream_flags flags = { .version = 0, .check = LZMA_CHECK_CRC64 };
	lzma_index *index = lzma_index_init(NULL);
	struct bytes out = {};
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(lzma_index_append(index, NULL, sizes[i][0], sizes[i][1]), LZMA_OK);
	bytes__add(&out, xz->data, 12);
	bytes__add(&out, NULL, lzma_index_total_size(index));
	for (size_t i = 12; i < out.size && i < xz->size; i++)
		out.data[i] = xz->data[i];
	flags.backward_size = lzma_index_size(index);
	bytes__add(&out, NULL, flags.backward_size);
	assert_int_equal(lzma_index_buffer_encode(index, out.data + out.size - flags.backward_size,
						  &at, flags.backward_size), LZMA_OK);
	bytes__add(&out, NULL, 12);
	assert_int_equal(lzma_stream_footer_encode(&flags, out.data + out.size - 12), LZMA_OK);
	lzma_index_end(index, NULL);
	bytes__free(xz);
	*xz = out;
}

static void indexes_that_lie(void **state)
{
	/* unpadded and decompressed sizes; the file's own are other ones */
	const uint64_t huge[][2] = { { 60000, UINT64_C(1) << 40 }, { 60000, 1 } };
	const uint64_t wrong[][2] = { { 60000, 100000 }, { 50000, 100000 } };
	const uint64_t tiny[][2] = { { 8, 100000 }, { 8, 100000 } };
	struct fixture fixture;

	(void)state;
	setup(&fixture, BLOCK);
	replace_index(&fixture.xz, huge, 2);
	assert_open_fails(&fixture, -ENOTSUP, "very large blocks");
	replace_index(&fixture.xz, wrong, 2);
	assert_int_equal(open_blocks(&fixture, 2), 0);
	assert_int_equal(read_at(&fixture, 0, 1), -EBADMSG);
	close_blocks(&fixture);
	replace_index(&fixture.xz, tiny, 2);
	assert_int_equal(open_blocks(&fixture, 2), 0);
	assert_int_equal(read_at(&fixture, 0, 1), -EBADMSG);
	teardown(&fixture);
}

/* A million blocks of nothing, and one more that a reader asks for. */
static void indexes_without_end(void **state)
{
	lzma_stream_flags flags = { .version = 0, .check = LZMA_CHECK_CRC64 };
	struct fixture fixture;

	(void)state;
	setup(&fixture, BLOCK);
	/* an index that says to be of 16 GiB, as long as the format allows */
	flags.backward_size = LZMA_BACKWARD_SIZE_MAX;
	assert_int_equal(lzma_stream_footer_encode(&flags, fixture.xz.data + fixture.xz.size - 12),
			 LZMA_OK);
	assert_open_fails(&fixture, -ENOTSUP, "too large");
	flags.backward_size = (fixture.xz.size + 4096) & ~UINT64_C(3);
	assert_int_equal(lzma_stream_footer_encode(&flags, fixture.xz.data + fixture.xz.size - 12),
			 LZMA_OK);
	assert_open_fails(&fixture, -EBADMSG, "longer than");
	/* 2^60 records in a few bytes */
	flags.backward_size = 16;
	assert_int_equal(lzma_stream_footer_encode(&flags, fixture.xz.data + fixture.xz.size - 12),
			 LZMA_OK);
	memcpy(fixture.xz.data + fixture.xz.size - 28,
	       "\0\x80\x80\x80\x80\x80\x80\x80\x80\x10\0\0\0\0\0\0", 16);
	assert_int_not_equal(open_blocks(&fixture, 2), 0);
	teardown(&fixture);
}

static void beyond_the_end(void **state)
{
	struct fixture fixture;
	uint8_t buf[2];

	(void)state;
	setup(&fixture, BLOCK);
	assert_int_equal(open_blocks(&fixture, 2), 0);
	assert_int_equal(xz_blocks__read(fixture.blocks, SIZE - 1, buf, 2, &fixture.err), -EBADMSG);
	assert_int_equal(xz_blocks__read(fixture.blocks, UINT64_MAX, buf, 2, &fixture.err),
			 -EBADMSG);
	teardown(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_in_any_order),
		cmocka_unit_test(what_is_not_wanted_is_not_read),
		cmocka_unit_test(each_block_once_in_order),
		cmocka_unit_test(what_only_streams),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(a_wrong_checksum_is_found_in_the_end),
		cmocka_unit_test(indexes_that_lie),
		cmocka_unit_test(indexes_without_end),
		cmocka_unit_test(beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
