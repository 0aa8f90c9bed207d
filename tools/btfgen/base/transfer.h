/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Transfers over HTTP(S), FTP and file: URLs, by one libcurl multi handle on a thread
 * of its own. Proxies, ca-bundles and .netrc are as curl users know them (http_proxy,
 * https_proxy, no_proxy, CURL_CA_BUNDLE, SSL_CERT_FILE).
 *
 * A transfer is tried again with backoff on a connection error, a stall, an answer that
 * breaks off, 408, 429 and 5xx, and once on an answer of the wrong length; not on any other
 * 4xx. Tries that fetched much are not counted. A URL that redirects more than 10 times fails.
 * A host that says Retry-After is left alone for so long by all transfers; where that is over
 * 120 s, the transfer fails. A host that gave no answer at all to three transfers in a row is
 * given up for five minutes: what is asked of it fails at once. Where three hosts were silent so
 * and no host has answered yet, there is no network, and all others are tried once.
 */
#ifndef BTFGEN_TRANSFER_H
#define BTFGEN_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/meter.h"

struct transfers;

struct transfers_opts {
	unsigned int parallel;          /* transfers at once; 0: 6 */
	unsigned int parallel_per_host; /* 0: 4 */
	unsigned int delay_ms;          /* from one request to the next of a host; 0: none */
	unsigned int rest_s;            /* for which a silent host is given up; 0: 300 */
	unsigned int tries;             /* per transfer; 0: 4 */
	unsigned int stall_s;           /* seconds below 1 byte/s that count as a stall; 0: 30 */
	unsigned int backoff_ms;        /* before the second try, doubled each time; 0: 1000 */
};

struct transfers *transfers__new(const struct transfers_opts *opts, struct error *err);
/* As they were given, for who asks the same hosts by other means. */
const struct transfers_opts *transfers__opts(const struct transfers *transfers);
/* Ends the thread; what is under way ends with -ECANCELED. */
void transfers__free(struct transfers *transfers);

/* PEM files, lent; each may be NULL. */
struct transfer_identity {
	const char *certificate; /* by which the server knows who asks */
	const char *key;
	const char *ca_file;     /* who signed the server's, in place of the machine's */
};

struct transfer {
	const char *url;
	const struct transfer_identity *identity; /* or NULL */
	/*
	 * File to write. With `resume` what it already holds is taken as the beginning
	 * and only the rest is asked for; a server that does not do ranges sends it all
	 * again. Without, it is truncated first. After a failure what came is left there.
	 */
	const char *path;
	bool resume;
	uint64_t expect_size;    /* 0: unknown. A longer answer is cut off and fails. */
	bool may_be_absent;      /* 403 is -ENOENT, too: stores like S3 say that of what is not there */
	uint64_t max_size;       /* 0: any. A longer answer is cut off and fails. */
	const char *if_etag;     /* send If-None-Match, or NULL */
	int64_t if_modified;     /* send If-Modified-Since (seconds since 1970), or 0 */
	struct meter *meter;     /* or NULL */
};

struct transfer_result {
	bool not_modified;       /* 304: the file was not touched */
	uint64_t bytes;          /* that came over the network, in all tries */
	char *etag;              /* or NULL; malloc'ed */
	int64_t modified;        /* Last-Modified, or 0 */
};

/*
 * Block until the transfer has ended; any number of threads may do so at once.
 * Errors, all with the URL in *err: -ENOENT (404, 410, missing file), -EACCES (401,
 * 403, 407), -EBUSY (429, or a longer Retry-After), -EHOSTUNREACH (no connection, no such host, timeout), -EBADMSG (length
 * differs from what was announced or expected), -EFBIG (over max_size), -ENOSPC (disk full; found from the
 * expected or announced size before the first byte where it is known), -ECANCELED, -EIO
 * (any other answer, 5xx to the last, a redirect loop, TLS, the file can't be written).
 * *result must be freed in each case.
 */
int transfers__get(struct transfers *transfers, const struct transfer *transfer,
		   struct transfer_result *result, struct error *err);
void transfer_result__free(struct transfer_result *result);

#endif
