/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes of a package by their offsets, wherever it lies: on disk, or on a server that does
 * ranges (http_ranges.h). Nothing that nobody wants is read. Any thread may read.
 */
#ifndef BTFGEN_BYTE_SOURCE_H
#define BTFGEN_BYTE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/http_ranges.h"

struct byte_source;

/* Errors: those of open(2); -EINVAL (no regular file). */
int byte_source__open_file(const char *path, struct byte_source **source, struct error *err);
/* Errors: those of http_ranges__open(); -ENOTSUP also for URLs that are neither http: nor file:. */
int byte_source__open_url(const char *url, const struct http_ranges_opts *opts,
			  struct byte_source **source, struct error *err);
void byte_source__free(struct byte_source *source);

/* Path or URL, for messages. Lent. */
const char *byte_source__name(const struct byte_source *source);
uint64_t byte_source__size(const struct byte_source *source);
/* Bytes that were read so far, from the disk or the server. */
uint64_t byte_source__count(struct byte_source *source);
/* A hint: these bytes will be read, after those wanted before. */
void byte_source__want(struct byte_source *source, uint64_t offset, uint64_t len);
/*
 * Errors: -EBADMSG (what lies behind the end is asked for, or the file got shorter), and those of
 * reading.
 */
int byte_source__read(struct byte_source *source, uint64_t offset, void *buf, size_t len,
		      struct error *err);

#endif
