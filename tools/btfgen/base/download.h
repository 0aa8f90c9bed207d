/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One transfer's request, answer and file: a curl easy handle that somebody else drives
 * (transfer.c), and the judgement on how each try ended. Used by one thread.
 */
#ifndef BTFGEN_DOWNLOAD_H
#define BTFGEN_DOWNLOAD_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/answer.h"
#include "base/request_setup.h"
#include "base/transfer.h"

enum download_next {
	DOWNLOAD_OVER,          /* download.status is the result */
	DOWNLOAD_AGAIN,         /* worth another try after a pause */
	DOWNLOAD_AGAIN_NOW      /* the next request will be another one: no pause, no try lost */
};

struct download {
	const struct transfer *transfer;
	struct transfer_result *result;
	struct error *err;
	int status;             /* 0 or -errno, with *err set */
	CURL *easy;
	char *url;              /* for messages */

	/* of all tries */
	uint64_t most;          /* bytes that the file has held at best */
	uint64_t gained;        /* by how much the last try beat that */
	char *validator;        /* strong ETag of the answer that the file's bytes are of */
	bool from_zero;         /* ranges led astray: ask for it all */
	bool wrong_length;      /* an answer of the wrong length came once already */

	/* of the try under way */
	struct curl_slist *headers;
	struct answer answer;
	uint64_t start;         /* first byte asked for */
	bool answered;          /* something came, be it an error */
	bool begun;             /* the body is the wanted one and goes into the file */
	bool mixed_up;          /* the answer is not for the range asked: ask for it all */
	int fd;
	uint64_t at;            /* bytes in the file */
	uint64_t announced;     /* size of the whole; 0: unknown */
	uint64_t heard_ms;      /* when the last byte of the body came */
	char reason[CURL_ERROR_SIZE];
};

int download__init(struct download *download, const struct transfer *transfer,
		   struct transfer_result *result, struct error *err);
void download__free(struct download *download);
/* Make download->easy ready for another try. */
int download__begin(struct download *download, const struct request_setup *setup);
/*
 * Whether the body has begun and then nothing came for `stall_s` seconds: curl's own
 * measure, an average over some seconds, takes longer to notice.
 */
bool download__has_stalled(const struct download *download, unsigned int stall_s);
/*
 * The try has ended with `code`. Where another is worth it, *status and *err say how this
 * one failed, in case it was the last; *wait_s is what the server asked to wait for.
 */
enum download_next download__end(struct download *download, CURLcode code,
				 unsigned int *wait_s);

#endif
