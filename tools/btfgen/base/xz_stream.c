/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/xz_stream.h"

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define OUT_SIZE ((size_t)1 << 20)
/* A block of `xz -6` needs some 35 MiB; over this there will be fewer threads. */
#define THREADS_MEMORY ((uint64_t)1 << 30)
#define MEMORY_MAX ((uint64_t)2 << 30)
#define THREADS_MAX 8

struct xz_stream {
	lzma_stream lzma;
	xz_stream__pull_fn pull;
	void *context;
	bool input_ended;
	bool ended;
	uint8_t out[OUT_SIZE];
};

static lzma_ret start(lzma_stream *lzma)
{
#if LZMA_VERSION >= UINT32_C(50040002)
	lzma_mt options = {
		.flags = LZMA_CONCATENATED,
		.threads = lzma_cputhreads(),
		.memlimit_threading = THREADS_MEMORY,
		.memlimit_stop = MEMORY_MAX,
	};

	if (!options.threads)
		options.threads = 1;
	if (options.threads > THREADS_MAX)
		options.threads = THREADS_MAX;
	return lzma_stream_decoder_mt(lzma, &options);
#else
	return lzma_stream_decoder(lzma, MEMORY_MAX, LZMA_CONCATENATED);
#endif
}

struct xz_stream *xz_stream__new(xz_stream__pull_fn pull, void *context)
{
	struct xz_stream *stream = malloc(sizeof(*stream));

	if (!stream)
		return NULL;
	stream->lzma = (lzma_stream)LZMA_STREAM_INIT;
	stream->pull = pull;
	stream->context = context;
	stream->input_ended = false;
	stream->ended = false;
	if (start(&stream->lzma) != LZMA_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

void xz_stream__free(struct xz_stream *stream)
{
	if (!stream)
		return;
	lzma_end(&stream->lzma);
	free(stream);
}

static int refill(struct xz_stream *stream)
{
	const void *data;
	ssize_t got = stream->pull(stream->context, &data);

	if (got < 0)
		return got;
	stream->input_ended = !got;
	stream->lzma.next_in = data;
	stream->lzma.avail_in = got;
	return 0;
}

ssize_t xz_stream__read(struct xz_stream *stream, const void **data)
{
	lzma_stream *lzma = &stream->lzma;

	lzma->next_out = stream->out;
	lzma->avail_out = sizeof(stream->out);
	*data = stream->out;
	while (!stream->ended && lzma->avail_out == sizeof(stream->out)) {
		lzma_ret ret;

		if (!lzma->avail_in && !stream->input_ended) {
			int err = refill(stream);

			if (err)
				return err;
		}
		ret = lzma_code(lzma, stream->input_ended ? LZMA_FINISH : LZMA_RUN);
		if (ret == LZMA_STREAM_END)
			stream->ended = true;
		else if (ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR)
			return -ENOMEM;
		else if (ret != LZMA_OK)
			return -EBADMSG;
	}
	return sizeof(stream->out) - lzma->avail_out;
}
