/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/xz_blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <lzma.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/large.h"
#include "base/thread.h"
#include "base/xz_index.h"

#define THREADS_MAX 8
#define IN_SIZE ((size_t)256 << 10)
/* Readers that wait for the beginning of a block see it in steps of this. */
#define OUT_STEP ((size_t)1 << 20)

enum slot_state { SLOT_FREE, SLOT_BUSY, SLOT_READY };

/* One decompressed block. */
struct slot {
	enum slot_state state;
	size_t block;
	uint8_t *data;
	size_t capacity;
	size_t filled;       /* bytes that may be read */
	bool read;           /* somebody read of it: it is no longer kept for anybody */
	bool pinned;         /* somebody reads of it */
	uint64_t last_use;
};

struct xz_blocks {
	struct byte_source *source;
	struct xz_index index;

	pthread_t threads[THREADS_MAX];
	unsigned int thread_count;
	pthread_mutex_t lock;      /* of all below */
	pthread_cond_t changed;    /* for readers */
	pthread_cond_t work;       /* for workers */
	bool stopping;
	int failed;                /* the first failure, with `err` set */
	struct error err;
	struct slot slots[THREADS_MAX + 2];
	unsigned int slot_count;
	bool *planned;             /* blocks that will be read and are not decompressed yet, */
	size_t plan_at;            /* all of them from here on */
	size_t needed;             /* a reader waits for this one; SIZE_MAX: none */
	size_t current;            /* what it read of last, and may read more of */
	uint64_t clock;
	size_t used;
};

/* ---- one block --------------------------------------------------------------------- */

static int bad_block(struct xz_blocks *blocks, size_t block, lzma_ret ret, struct error *err)
{
	if (ret == LZMA_MEM_ERROR)
		return error__oom(err);
	return error__set(err, EBADMSG, "%s: block %zu of its .xz data is broken: the package is "
			  "damaged; get it again", byte_source__name(blocks->source), block + 1);
}

static void note_progress(struct xz_blocks *blocks, struct slot *slot, size_t filled)
{
	pthread_mutex_lock(&blocks->lock);
	slot->filled = filled;
	pthread_cond_broadcast(&blocks->changed);
	pthread_mutex_unlock(&blocks->lock);
}

/* The block's bytes behind its header, through `lzma`, which liblzma holds to their checksum. */
static int decode_body(struct xz_blocks *blocks, size_t number, lzma_stream *lzma, uint64_t at,
		       uint64_t left, uint8_t *in, struct slot *slot, struct error *err)
{
	const struct xz_block *block = &blocks->index.blocks[number];
	lzma_ret ret = LZMA_OK;
	int rc;

	lzma->next_out = slot->data;
	while (ret == LZMA_OK) {
		size_t done = lzma->next_out - slot->data;

		if (!lzma->avail_in && left) {
			size_t len = left < IN_SIZE ? left : IN_SIZE;

			rc = byte_source__read(blocks->source, at, in, len, err);
			if (rc)
				return rc;
			at += len;
			left -= len;
			lzma->next_in = in;
			lzma->avail_in = len;
		}
		if (!lzma->avail_out && done < block->size)
			lzma->avail_out = block->size - done < OUT_STEP ? block->size - done : OUT_STEP;
		ret = lzma_code(lzma, left ? LZMA_RUN : LZMA_FINISH);
		if ((size_t)(lzma->next_out - slot->data) > done)
			note_progress(blocks, slot, lzma->next_out - slot->data);
	}
	if (ret != LZMA_STREAM_END || left || lzma->avail_in ||
	    (size_t)(lzma->next_out - slot->data) != block->size)
		return bad_block(blocks, number, ret, err);
	return 0;
}

static int decode_block(struct xz_blocks *blocks, size_t number, struct slot *slot,
			struct error *err)
{
	const struct xz_block *block = &blocks->index.blocks[number];
	_cleanup_free_ uint8_t *in = malloc(IN_SIZE);
	struct xz_filters filters;
	lzma_stream lzma = LZMA_STREAM_INIT;
	lzma_block header;
	lzma_ret ret;
	int rc;

	if (!in)
		return error__oom(err);
	rc = xz_index__read_header(&blocks->index, blocks->source, number, &header, &filters, err);
	if (rc)
		return rc;
	ret = lzma_block_decoder(&lzma, &header);
	if (ret == LZMA_OK)
		rc = decode_body(blocks, number, &lzma, block->at + header.header_size,
				 block->packed - header.header_size, in, slot, err);
	else
		rc = bad_block(blocks, number, ret, err);
	lzma_end(&lzma);
	xz_filters__free(&filters);
	return rc;
}

/* ---- slots, under the lock --------------------------------------------------------- */

static struct slot *find_slot(struct xz_blocks *blocks, size_t block)
{
	for (unsigned int i = 0; i < blocks->slot_count; i++)
		if (blocks->slots[i].state != SLOT_FREE && blocks->slots[i].block == block)
			return &blocks->slots[i];
	return NULL;
}

/* A free one, or the one that was read longest ago; `any`: even one that nobody has read yet. */
static struct slot *spare_slot(struct xz_blocks *blocks, bool any)
{
	struct slot *best = NULL;

	for (unsigned int i = 0; i < blocks->slot_count; i++) {
		struct slot *slot = &blocks->slots[i];

		if (slot->state == SLOT_FREE)
			return slot;
		if (slot->state == SLOT_BUSY || slot->pinned)
			continue;
		if (!any && (!slot->read || slot->block == blocks->current))
			continue;
		if (!best || slot->last_use < best->last_use)
			best = slot;
	}
	return best;
}

/* The first of those planned; SIZE_MAX: there are none. */
static size_t next_planned(struct xz_blocks *blocks)
{
	for (; blocks->plan_at < blocks->index.count; blocks->plan_at++)
		if (blocks->planned[blocks->plan_at])
			return blocks->plan_at;
	return SIZE_MAX;
}

/* Which block a worker should do next, and where; NULL: none, or no room for it. */
static struct slot *take_work(struct xz_blocks *blocks)
{
	bool urgent = blocks->needed != SIZE_MAX && !find_slot(blocks, blocks->needed);
	size_t block = urgent ? blocks->needed : next_planned(blocks);
	struct slot *slot = block == SIZE_MAX ? NULL : spare_slot(blocks, urgent);

	if (!slot)
		return NULL;
	blocks->planned[block] = false;
	slot->state = SLOT_BUSY;
	slot->block = block;
	slot->filled = 0;
	slot->read = false;
	slot->last_use = ++blocks->clock;
	blocks->used++;
	return slot;
}

/* Not under the lock: the slot is the worker's. */
static int make_room(struct slot *slot, size_t size, struct error *err)
{
	if (slot->capacity >= size)
		return 0;
	free(slot->data);
	slot->data = large__alloc(size);
	slot->capacity = slot->data ? size : 0;
	return slot->data ? 0 : error__oom(err);
}

static void *run(void *arg)
{
	struct xz_blocks *blocks = arg;

	pthread_mutex_lock(&blocks->lock);
	while (!blocks->stopping && !blocks->failed) {
		struct slot *slot = take_work(blocks);
		struct error err;
		int rc;

		if (!slot) {
			pthread_cond_wait(&blocks->work, &blocks->lock);
			continue;
		}
		pthread_mutex_unlock(&blocks->lock);
		rc = make_room(slot, blocks->index.blocks[slot->block].size, &err);
		if (!rc)
			rc = decode_block(blocks, slot->block, slot, &err);
		pthread_mutex_lock(&blocks->lock);
		slot->state = rc ? SLOT_FREE : SLOT_READY;
		if (rc && !blocks->failed) {
			blocks->failed = rc;
			blocks->err = err;
		}
		pthread_cond_broadcast(&blocks->changed);
		pthread_cond_broadcast(&blocks->work);
	}
	pthread_mutex_unlock(&blocks->lock);
	return NULL;
}

/* ---- for the reader ---------------------------------------------------------------- */

/* Fewer than wanted will do. */
static int start_threads(struct xz_blocks *blocks, unsigned int count, struct error *err)
{
	int status = 0;

	while (!status && blocks->thread_count < count) {
		status = thread__start(&blocks->threads[blocks->thread_count], run, blocks);
		blocks->thread_count += !status;
	}
	if (blocks->thread_count)
		return 0;
	return error__set(err, status, "cannot start a thread: %s", strerror(-status));
}

int xz_blocks__open(struct byte_source *source, uint64_t offset, uint64_t size,
		    unsigned int threads, struct xz_blocks **blocks_out, struct error *err)
{
	struct xz_blocks *blocks = calloc(1, sizeof(*blocks));
	int rc;

	*blocks_out = NULL;
	if (!blocks)
		return error__oom(err);
	if (!threads)
		threads = lzma_cputhreads() ?: 1;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	blocks->source = source;
	blocks->slot_count = threads + 2;
	blocks->needed = blocks->current = SIZE_MAX;
	pthread_mutex_init(&blocks->lock, NULL);
	pthread_cond_init(&blocks->changed, NULL);
	pthread_cond_init(&blocks->work, NULL);
	rc = xz_index__read(source, offset, size, &blocks->index, err);
	if (!rc) {
		blocks->planned = calloc(blocks->index.count, sizeof(*blocks->planned));
		rc = blocks->planned ? 0 : error__oom(err);
	}
	if (!rc)
		rc = start_threads(blocks, threads, err);
	if (rc)
		xz_blocks__free(blocks);
	else
		*blocks_out = blocks;
	return rc;
}

void xz_blocks__free(struct xz_blocks *blocks)
{
	if (!blocks)
		return;
	pthread_mutex_lock(&blocks->lock);
	blocks->stopping = true;
	pthread_cond_broadcast(&blocks->work);
	pthread_mutex_unlock(&blocks->lock);
	for (unsigned int i = 0; i < blocks->thread_count; i++)
		pthread_join(blocks->threads[i], NULL);
	for (unsigned int i = 0; i < blocks->slot_count; i++)
		free(blocks->slots[i].data);
	pthread_cond_destroy(&blocks->work);
	pthread_cond_destroy(&blocks->changed);
	pthread_mutex_destroy(&blocks->lock);
	xz_index__free(&blocks->index);
	free(blocks->planned);
	free(blocks);
}

uint64_t xz_blocks__size(const struct xz_blocks *blocks)
{
	return blocks->index.size;
}

size_t xz_blocks__count(const struct xz_blocks *blocks)
{
	return blocks->index.count;
}

size_t xz_blocks__used(struct xz_blocks *blocks)
{
	size_t used;

	pthread_mutex_lock(&blocks->lock);
	used = blocks->used;
	pthread_mutex_unlock(&blocks->lock);
	return used;
}

/* A hint: all of the block will be read, not just the bytes that its decoder is at. */
static void fetch_block(struct xz_blocks *blocks, size_t block)
{
	byte_source__want(blocks->source, blocks->index.blocks[block].at,
			  blocks->index.blocks[block].packed);
}

static void mark(const struct xz_blocks *blocks, const struct xz_span *span, bool *planned)
{
	uint64_t size = blocks->index.size;

	if (!span->len || span->offset >= size || span->len > size - span->offset)
		return;
	for (size_t i = xz_index__find(&blocks->index, span->offset);
	     i < blocks->index.count && blocks->index.blocks[i].from < span->offset + span->len; i++)
		planned[i] = true;
}

void xz_blocks__want(struct xz_blocks *blocks, const struct xz_span *spans, size_t count)
{
	pthread_mutex_lock(&blocks->lock);
	memset(blocks->planned, 0, blocks->index.count);
	blocks->plan_at = 0;
	for (size_t i = 0; i < count; i++)
		mark(blocks, &spans[i], blocks->planned);
	for (size_t i = 0; i < blocks->index.count; i++) {
		struct slot *slot = blocks->planned[i] ? find_slot(blocks, i) : NULL;

		if (slot)
			slot->read = blocks->planned[i] = false; /* kept until it is read */
		else if (blocks->planned[i])
			fetch_block(blocks, i);
	}
	pthread_cond_broadcast(&blocks->work);
	pthread_mutex_unlock(&blocks->lock);
}

/* Under the lock: until `end` bytes of the block are there. */
static int await_block(struct xz_blocks *blocks, size_t block, size_t end, struct slot **found)
{
	if (!find_slot(blocks, block))
		fetch_block(blocks, block);
	blocks->needed = block;
	for (;;) {
		struct slot *slot = find_slot(blocks, block);

		if (blocks->failed)
			break;
		if (slot && slot->filled >= end) {
			slot->last_use = ++blocks->clock;
			slot->pinned = true;
			blocks->current = block;
			*found = slot;
			break;
		}
		if (!slot)
			pthread_cond_broadcast(&blocks->work);
		pthread_cond_wait(&blocks->changed, &blocks->lock);
	}
	blocks->needed = SIZE_MAX;
	return blocks->failed;
}

static int read_of_block(struct xz_blocks *blocks, size_t block, uint64_t from, uint8_t *buf,
			 size_t len, struct error *err)
{
	struct slot *slot = NULL;
	int rc;

	pthread_mutex_lock(&blocks->lock);
	rc = await_block(blocks, block, from + len, &slot);
	if (rc)
		*err = blocks->err;
	pthread_mutex_unlock(&blocks->lock);
	if (rc)
		return rc;
	memcpy(buf, slot->data + from, len);
	pthread_mutex_lock(&blocks->lock);
	slot->pinned = false;
	slot->read = true;
	pthread_cond_broadcast(&blocks->work);
	pthread_mutex_unlock(&blocks->lock);
	return 0;
}

int xz_blocks__read(struct xz_blocks *blocks, uint64_t offset, void *buf, size_t len,
		    struct error *err)
{
	uint8_t *to = buf;

	if (offset > blocks->index.size || len > blocks->index.size - offset)
		return error__set(err, EBADMSG, "%s: its contents end before what they say to hold: "
				  "the package is damaged; get it again",
				  byte_source__name(blocks->source));
	for (size_t i = len ? xz_index__find(&blocks->index, offset) : 0; len; i++) {
		const struct xz_block *block = &blocks->index.blocks[i];
		uint64_t from = offset - block->from;
		size_t part = block->size - from < len ? block->size - from : len;
		int rc = part ? read_of_block(blocks, i, from, to, part, err) : 0;

		if (rc)
			return rc;
		to += part;
		offset += part;
		len -= part;
	}
	return 0;
}

int xz_blocks__settle(struct xz_blocks *blocks, struct error *err)
{
	bool busy = true;
	int rc;

	pthread_mutex_lock(&blocks->lock);
	while (busy && !blocks->failed) {
		busy = false;
		for (unsigned int i = 0; i < blocks->slot_count; i++)
			busy |= blocks->slots[i].state == SLOT_BUSY;
		if (busy)
			pthread_cond_wait(&blocks->changed, &blocks->lock);
	}
	rc = blocks->failed;
	if (rc)
		*err = blocks->err;
	pthread_mutex_unlock(&blocks->lock);
	return rc;
}
