/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parts of one file on an HTTP server, by range requests: several at once, of 1 MiB at most,
 * over connections that are kept. What came is kept until the end.
 *
 * All answers must be of one and the same file: 206, the range that was asked for, one length,
 * one ETag and one Last-Modified (or none in all of them). Connections that fail, stall or break
 * off, 408, 429 and 5xx are tried again as in transfer.h, from where they stopped, but twice at
 * most where nobody answers at all: there are other ways to the file, and other mirrors.
 * Not supported: answers of several ranges, and files over 64 GiB.
 */
#ifndef BTFGEN_HTTP_RANGES_H
#define BTFGEN_HTTP_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/transfer.h"

struct http_ranges;

struct http_ranges_opts {
	const struct transfer_identity *identity; /* or NULL; lent */
	uint64_t expect_size;    /* 0: unknown. A file of another size is refused. */
	unsigned int parallel;   /* requests at once; 0: 6 */
	unsigned int tries;      /* in a row without a page of 4 KiB; 0: 4 */
	unsigned int stall_s;    /* 0: 30 */
	unsigned int backoff_ms; /* before the second try, doubled each time; 0: 1000 */
	/* from one request to the next, which then are for as much as can be asked for at once */
	unsigned int delay_ms;
};

/*
 * Ask for the beginning, and where the size is known already for the end; the answer tells
 * whether the server does ranges. Errors, from here on sticky: -ENOTSUP (the server sends whole
 * files only), -EBADMSG (another size than expected, another range than asked for, answers too
 * long), -ESTALE (the file changed between two answers), -EFBIG, -ENOENT, -EACCES, -EHOSTUNREACH,
 * -EIO, -ECANCELED, -ENOMEM.
 */
int http_ranges__open(const char *url, const struct http_ranges_opts *opts,
		      struct http_ranges **ranges, struct error *err);
void http_ranges__free(struct http_ranges *ranges);

uint64_t http_ranges__size(const struct http_ranges *ranges);
/* Bytes of bodies that came so far. */
uint64_t http_ranges__received(struct http_ranges *ranges);
/* These bytes will be read, after those wanted before. What lies behind the end is ignored. */
void http_ranges__want(struct http_ranges *ranges, uint64_t offset, uint64_t len);
/* Waits until they are there. Must lie within the file. Any thread may call it. */
int http_ranges__read(struct http_ranges *ranges, uint64_t offset, void *buf, size_t len,
		      struct error *err);

#endif
