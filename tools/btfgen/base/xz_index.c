/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/xz_index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* 8 bytes or so a block: a package of 1 GB has two hundred. */
#define INDEX_BYTES_MAX ((uint64_t)4 << 20)
#define INDEX_MEMORY_MAX ((uint64_t)64 << 20)
/* A few are kept at a time; of `xz -6` they have 24 MiB. */
#define BLOCK_MAX ((uint64_t)64 << 20)
#define FILTER_MEMORY_MAX ((uint64_t)256 << 20)
/* With fewer there is nothing to leave out. */
#define BLOCKS_MIN 2

static int damaged(struct byte_source *source, const char *what, struct error *err)
{
	return error__set(err, EBADMSG, "%s: %s: the package is damaged or was cut off; get it again",
			  byte_source__name(source), what);
}

static int streams_only(struct byte_source *source, const char *why, struct error *err)
{
	return error__set(err, ENOTSUP, "%s: its .xz data %s", byte_source__name(source), why);
}

/* What liblzma thinks of a part. Nothing that it gives here is a failure of ours but ENOMEM. */
static int judge(struct byte_source *source, lzma_ret ret, const char *what, struct error *err)
{
	switch (ret) {
	case LZMA_OK:
		return 0;
	case LZMA_MEM_ERROR:
		return error__oom(err);
	case LZMA_OPTIONS_ERROR:
		return streams_only(source, "is of a kind that is not known here", err);
	case LZMA_MEMLIMIT_ERROR:
		return streams_only(source, "has an index that is too large", err);
	default:
		return damaged(source, what, err);
	}
}

/* The footer's flags, and that it is the header's, too. */
static int read_flags(struct byte_source *source, uint64_t offset, uint64_t size,
		      lzma_stream_flags *footer, struct error *err)
{
	uint8_t bytes[LZMA_STREAM_HEADER_SIZE];
	lzma_stream_flags header;
	int rc;

	if (size < 2 * LZMA_STREAM_HEADER_SIZE)
		return damaged(source, "its .xz data is too short to be any", err);
	rc = byte_source__read(source, offset, bytes, sizeof(bytes), err);
	if (rc)
		return rc;
	rc = judge(source, lzma_stream_header_decode(&header, bytes), "its .xz data is none", err);
	if (rc)
		return rc;
	rc = byte_source__read(source, offset + size - sizeof(bytes), bytes, sizeof(bytes), err);
	if (rc)
		return rc;
	/* zeros: xz calls that padding */
	if (!bytes[sizeof(bytes) - 1] && !bytes[sizeof(bytes) - 2])
		return streams_only(source, "is padded", err);
	rc = judge(source, lzma_stream_footer_decode(footer, bytes), "its .xz data has no good end",
		   err);
	if (rc)
		return rc;
	return judge(source, lzma_stream_flags_compare(&header, footer),
		     "beginning and end of its .xz data disagree", err);
}

static int decode_index(struct byte_source *source, uint64_t offset, uint64_t size,
			const lzma_stream_flags *footer, lzma_index **index, struct error *err)
{
	uint64_t len = footer->backward_size, memory = INDEX_MEMORY_MAX;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t at = 0;
	int rc;

	if (len > INDEX_BYTES_MAX)
		return streams_only(source, "has an index that is too large", err);
	if (len > size - 2 * LZMA_STREAM_HEADER_SIZE)
		return damaged(source, "its index is longer than it", err);
	bytes = malloc(len);
	if (!bytes)
		return error__oom(err);
	rc = byte_source__read(source, offset + size - LZMA_STREAM_HEADER_SIZE - len, bytes, len,
			       err);
	if (rc)
		return rc;
	rc = judge(source, lzma_index_buffer_decode(index, &memory, NULL, bytes, &at, len),
		   "its .xz data has a broken index", err);
	if (rc)
		return rc;
	if (at != len)
		return damaged(source, "its .xz data has a broken index", err);
	if (lzma_index_file_size(*index) != size)
		return streams_only(source, "is of several streams", err);
	return 0;
}

static int take_blocks(struct byte_source *source, uint64_t offset, const lzma_index *from,
		       struct xz_index *index, struct error *err)
{
	uint64_t count = lzma_index_block_count(from);
	lzma_index_iter iter;

	if (count < BLOCKS_MIN)
		return streams_only(source, "is of one block", err);
	index->blocks = calloc(count, sizeof(*index->blocks));
	if (!index->blocks)
		return error__oom(err);
	lzma_index_iter_init(&iter, from);
	while (!lzma_index_iter_next(&iter, LZMA_INDEX_ITER_BLOCK) && index->count < count) {
		uint64_t size = iter.block.uncompressed_size;

		if (size > BLOCK_MAX)
			return streams_only(source, "is of very large blocks", err);
		index->blocks[index->count++] = (struct xz_block){
			.at = offset + iter.block.compressed_file_offset,
			.packed = iter.block.total_size,
			.unpadded = iter.block.unpadded_size,
			.from = iter.block.uncompressed_file_offset,
			.size = size,
		};
	}
	index->size = lzma_index_uncompressed_size(from);
	return 0;
}

int xz_index__read(struct byte_source *source, uint64_t offset, uint64_t size,
		   struct xz_index *index, struct error *err)
{
	lzma_stream_flags footer;
	lzma_index *decoded = NULL;
	int rc;

	*index = (struct xz_index){};
	rc = read_flags(source, offset, size, &footer, err);
	if (!rc)
		rc = decode_index(source, offset, size, &footer, &decoded, err);
	if (!rc)
		rc = take_blocks(source, offset, decoded, index, err);
	lzma_index_end(decoded, NULL);
	index->check = footer.check;
	if (rc)
		xz_index__free(index);
	return rc;
}

void xz_index__free(struct xz_index *index)
{
	free(index->blocks);
	*index = (struct xz_index){};
}

size_t xz_index__find(const struct xz_index *index, uint64_t offset)
{
	size_t low = 0, high = index->count;

	/* the last that begins at or before it */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (index->blocks[mid].from <= offset)
			low = mid;
		else
			high = mid;
	}
	return low;
}

void xz_filters__free(struct xz_filters *filters)
{
	for (size_t i = 0; i < LZMA_FILTERS_MAX && filters->list[i].id != LZMA_VLI_UNKNOWN; i++)
		free(filters->list[i].options);
	filters->list[0].id = LZMA_VLI_UNKNOWN;
}

static int check_header(const struct xz_block *block, struct byte_source *source,
			lzma_block *header, const struct xz_filters *filters, struct error *err)
{
	uint64_t memory;
	int rc = judge(source, lzma_block_compressed_size(header, block->unpadded),
		       "a block's header disagrees with the index", err);

	if (rc)
		return rc;
	if (header->uncompressed_size == LZMA_VLI_UNKNOWN)
		header->uncompressed_size = block->size;
	if (header->uncompressed_size != block->size)
		return damaged(source, "a block's header disagrees with the index", err);
	memory = lzma_raw_decoder_memusage(filters->list);
	if (memory > FILTER_MEMORY_MAX)
		return streams_only(source, "is of a kind that is not known here", err);
	return 0;
}

int xz_index__read_header(const struct xz_index *index, struct byte_source *source, size_t number,
			  lzma_block *header, struct xz_filters *filters, struct error *err)
{
	const struct xz_block *block = &index->blocks[number];
	uint8_t bytes[LZMA_BLOCK_HEADER_SIZE_MAX];
	int rc;

	filters->list[0].id = LZMA_VLI_UNKNOWN;
	*header = (lzma_block){ .version = 1, .check = index->check, .filters = filters->list };
	rc = byte_source__read(source, block->at, bytes, 1, err);
	if (rc)
		return rc;
	header->header_size = bytes[0] ? lzma_block_header_size_decode(bytes[0]) : 0;
	if (!header->header_size || header->header_size >= block->packed)
		return damaged(source, "a block of its .xz data has no header", err);
	rc = byte_source__read(source, block->at, bytes, header->header_size, err);
	if (rc)
		return rc;
	rc = judge(source, lzma_block_header_decode(header, NULL, bytes),
		   "a block of its .xz data has a broken header", err);
	if (!rc)
		rc = check_header(block, source, header, filters, err);
	if (rc)
		xz_filters__free(filters);
	return rc;
}
