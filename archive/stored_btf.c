/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "stored_btf.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "base/cleanup.h"

static int check_digest(const uint8_t expected[DIGEST_SIZE], const void *bytes, size_t size)
{
	uint8_t digest[DIGEST_SIZE];

	digest__of(bytes, size, digest);
	return memcmp(digest, expected, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
}

int blob__follow_on(const struct blob *blob, bool functions, struct lineage *lineage)
{
	const uint8_t *function_stream = functions ? blob->stored + blob->data_size : NULL;
	size_t function_size = functions ? blob->stored_size - blob->data_size : 0;
	int err = check_digest(blob->data_digest, blob->stored, blob->data_size);

	if (!err && functions)
		err = check_digest(blob->function_digest, function_stream, function_size);
	if (err)
		return err;
	return lineage__follow(lineage, blob->stored, blob->data_size, function_stream,
			       function_size);
}

int blob__follow(const struct blob *blob, bool functions, struct lineage *lineage)
{
	int err = lineage__init(lineage);

	for (size_t left = blob ? blob->depth + 1 : 0; !err && left > 0; left--) {
		const struct blob *next = blob;

		for (size_t i = 1; i < left; i++)
			next = next->base;
		err = blob__follow_on(next, functions, lineage);
	}
	if (err)
		lineage__free(lineage);
	return err;
}

int blob__unpack(const struct blob *blob, bool functions, void **data, size_t *size)
{
	_cleanup_free_ void *bytes = NULL;
	struct lineage lineage;
	int err = blob__follow(blob, functions, &lineage);

	if (err)
		return err;
	err = record_set__write(&lineage.pool, &lineage.set, functions, &bytes, size);
	lineage__free(&lineage);
	/* without functions, there is nothing but the streams' digests, checked on the way */
	if (!err && functions)
		err = *size == blob->size ? check_digest(blob->digest, bytes, *size) : -EBADMSG;
	if (!err)
		*data = steal_ptr(bytes);
	return err;
}

int frame__unpack(const struct frame *frame, void **data)
{
	_cleanup_free_ void *bytes = NULL;
	int err = check_digest(frame->digest, frame->stored, frame->stored_size);

	if (err)
		return err;
	bytes = malloc(frame->size + 1);
	if (!bytes)
		return -ENOMEM;
	/* all at once: to stop behind a part takes a second buffer, and twice the time */
	if (ZSTD_decompress(bytes, frame->size, frame->stored, frame->stored_size) != frame->size)
		return -EBADMSG;
	*data = steal_ptr(bytes);
	return 0;
}

int part__unpack(const struct part *part, void **data, size_t *size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	void *own;
	int err = frame__unpack(part->frame, (void **)&bytes);

	if (err)
		return err;
	own = malloc(part->size + 1);
	if (!own)
		return -ENOMEM;
	memcpy(own, bytes + part->offset, part->size);
	*size = part->size;
	*data = own;
	return 0;
}
