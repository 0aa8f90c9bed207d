/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The headers of a server's answer that a download looks at (RFC 9110), line by line. */
#ifndef BTFGEN_ANSWER_H
#define BTFGEN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
	char *etag;             /* as sent, with its quotes; or NULL */
	char *content_type;     /* or NULL */
	int64_t length;         /* Content-Length; -1: not announced, or of no meaning */
	bool has_range;         /* a Content-Range that could be read */
	uint64_t range_start;
	uint64_t range_end;     /* the last byte, as the header counts: inclusive */
	uint64_t range_total;   /* 0: "*" */
	bool chunked;
};

/* Forget what was read: a redirect's answer is followed by another. */
void answer__reset(struct answer *answer);
/* One header line; those of no interest are passed over. */
void answer__read_header(struct answer *answer, const char *line, size_t len);
bool answer__is_html(const struct answer *answer);
/* The ETag, lent, if it changes whenever a byte does (a strong one); else NULL. */
const char *answer__strong_etag(const struct answer *answer);

#endif
