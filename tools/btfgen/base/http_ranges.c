/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/http_ranges.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/answer.h"
#include "base/cancel.h"
#include "base/log.h"
#include "base/page_map.h"
#include "base/request_setup.h"
#include "base/thread.h"
#include "base/url.h"

/*
 * Some mirrors put a range together before they send its first byte: small ones come sooner
 * (on one, 1 MB in 0.1 s and 4 MB in 3 s), and six at once fill the line all the same.
 */
#define REQUEST_BYTES ((uint64_t)1 << 20)
#define PARALLEL_MAX 16
/* of a server that has not said a word yet */
#define FIRST_TRIES 2
/* The first request: an ar archive's headers, and the beginning of what it holds. */
#define HEAD ((uint64_t)256 << 10)
/* The index of a .xz of a thousand blocks. */
#define TAIL ((uint64_t)16 << 10)
#define SIZE_MAX_ ((uint64_t)64 << 30)
#define POLL_MAX_MS 1000
#define BACKOFF_MAX_MS 60000

/* One handle, used for one request after the other; the thread's. */
struct request {
	struct http_ranges *ranges;
	CURL *easy;
	struct answer answer;
	bool busy;
	bool begun;               /* the body is the range that was asked for */
	bool advanced;            /* a page of it came: the next one asks for less */
	uint64_t start, asked;    /* the bytes that were asked for */
	uint64_t end;             /* up to here they were announced, */
	uint64_t at;              /* and up to here they came */
	char reason[CURL_ERROR_SIZE];
};

struct http_ranges {
	char *url;
	char *name;               /* the URL for messages */
	const struct transfer_identity *identity;
	struct request_setup setup;
	unsigned int parallel, tries, backoff_ms, delay_ms;
	pthread_t thread;
	CURLM *multi;             /* the thread's; others only wake it up */
	struct request requests[PARALLEL_MAX];
	unsigned int failures;    /* in a row, without a page in between */
	uint64_t not_before_ms;   /* for the next request */
	bool answered;            /* the first good answer set these */
	char *etag;
	curl_off_t modified;

	pthread_mutex_t lock;     /* of all below */
	pthread_cond_t changed;   /* a page has come, or it failed */
	bool stopping;
	int failed;               /* -errno, with `err` set */
	struct error err;
	struct page_map map;      /* of size 0 until that is known */
	uint64_t received;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- under the lock ---------------------------------------------------------------- */

/* The first failure counts. */
static void fail(struct http_ranges *ranges, int code)
{
	if (!ranges->failed)
		ranges->failed = code;
	pthread_cond_broadcast(&ranges->changed);
}

/* Behind or before all that is wanted already. */
static void want(struct http_ranges *ranges, uint64_t offset, uint64_t len, bool in_front)
{
	if (page_map__want(&ranges->map, offset, len, in_front))
		fail(ranges, error__oom(&ranges->err));
}

static int set_size(struct http_ranges *ranges, uint64_t size)
{
	if (size > SIZE_MAX_)
		return error__set(&ranges->err, EFBIG, "%s: %" PRIu64 " bytes are more than a "
				  "package has", ranges->name, size);
	/* which needs no memory for it, but addresses */
	if (page_map__init(&ranges->map, size))
		return error__set(&ranges->err, ENOTSUP, "%s: no room to map a file of %" PRIu64
				  " bytes", ranges->name, size);
	return 0;
}

/* ---- the answer -------------------------------------------------------------------- */

static const char *without_null(const char *text)
{
	return text ? text : "";
}

/* Whether this answer is of the file that the others are of. */
static int check_identity(struct http_ranges *ranges, struct request *request)
{
	curl_off_t modified = -1;

	curl_easy_getinfo(request->easy, CURLINFO_FILETIME_T, &modified);
	if (!ranges->answered) {
		ranges->answered = true;
		ranges->modified = modified;
		ranges->etag = strdup(without_null(request->answer.etag));
		return ranges->etag ? 0 : error__oom(&ranges->err);
	}
	if (modified == ranges->modified &&
	    strcmp(ranges->etag, without_null(request->answer.etag)) == 0)
		return 0;
	return error__set(&ranges->err, ESTALE, "%s: the file changed while it was read",
			  ranges->name);
}

static int check_size(struct http_ranges *ranges, uint64_t total)
{
	if (!total)
		return error__set(&ranges->err, ENOTSUP, "%s: the server does not tell the file's "
				  "size along with a range", ranges->name);
	if (!ranges->map.size)
		return set_size(ranges, total);
	if (ranges->map.size != total)
		return error__set(&ranges->err, ranges->answered ? ESTALE : EBADMSG,
				  "%s: it has %" PRIu64 " bytes where %" PRIu64 " were expected; try "
				  "again later, or another mirror", ranges->name, total,
				  ranges->map.size);
	return 0;
}

/* A server may give less than was asked for, which is asked for again; no more, and no other. */
static int check_range(struct http_ranges *ranges, struct request *request)
{
	const struct answer *answer = &request->answer;
	uint64_t len = answer->range_end - answer->range_start + 1;

	if (answer->has_range && answer->range_start == request->start &&
	    answer->range_end < request->asked &&
	    (answer->length < 0 || (uint64_t)answer->length == len))
		return 0;
	return error__set(&ranges->err, EBADMSG, "%s: the server sent another range than asked for; "
			  "try another mirror", ranges->name);
}

/* Under the lock. */
static int check_answer(struct http_ranges *ranges, struct request *request, long code)
{
	bool is_first = !ranges->map.size;
	int rc;

	if (code == 200)
		return error__set(&ranges->err, ENOTSUP, "%s: the server does not do ranges",
				  ranges->name);
	rc = check_range(ranges, request);
	if (!rc)
		rc = check_size(ranges, request->answer.range_total);
	if (!rc)
		rc = check_identity(ranges, request);
	if (rc)
		return rc;
	if (request->answer.range_end >= ranges->map.size)
		return error__set(&ranges->err, EBADMSG, "%s: the server sent a range beyond the "
				  "file's end", ranges->name);
	if (request->asked > ranges->map.size)
		request->asked = ranges->map.size;
	if (is_first)
		page_map__expect(&ranges->map, 0, request->asked);
	return 0;
}

/* All headers are there. Nonzero ends the request. */
static int begin_body(struct request *request, long code)
{
	struct http_ranges *ranges = request->ranges;
	int rc;

	pthread_mutex_lock(&ranges->lock);
	rc = check_answer(ranges, request, code);
	if (rc)
		fail(ranges, rc);
	request->end = request->answer.range_end + 1;
	request->begun = !rc;
	pthread_mutex_unlock(&ranges->lock);
	return rc;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct request *request = arg;
	size_t len = size * count;
	long code = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &code);
	if (len >= 5 && strncmp(line, "HTTP/", 5) == 0)
		answer__reset(&request->answer);
	else if (line[0] != '\r' && line[0] != '\n')
		answer__read_header(&request->answer, line, len);
	else if ((code == 200 || code == 206) && !request->begun && begin_body(request, code))
		return 0;
	return len;
}

/* Under the lock. */
static void note_bytes(struct http_ranges *ranges, struct request *request, size_t len)
{
	uint64_t from = request->at;

	ranges->received += len;
	request->at += len;
	if (!page_map__arrive(&ranges->map, from, request->at))
		return;
	request->advanced = true;
	ranges->failures = 0;
	pthread_cond_broadcast(&ranges->changed);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct request *request = arg;
	struct http_ranges *ranges = request->ranges;
	size_t len = size * count;
	bool go_on;

	if (!request->begun)
		return 0; /* the body of an answer that is judged by its code */
	if (len <= request->end - request->at)
		memcpy(ranges->map.bytes + request->at, data, len);
	pthread_mutex_lock(&ranges->lock);
	if (len <= request->end - request->at)
		note_bytes(ranges, request, len);
	else
		fail(ranges, error__set(&ranges->err, EBADMSG, "%s: the server sent more than it "
					"had announced; try another mirror", ranges->name));
	go_on = !ranges->failed;
	pthread_mutex_unlock(&ranges->lock);
	return go_on ? len : 0;
}

/* ---- the thread -------------------------------------------------------------------- */

static void start_request(struct http_ranges *ranges, struct request *request, uint64_t start,
			  uint64_t end)
{
	CURL *easy = request->easy;
	char range[64];

	answer__reset(&request->answer);
	request->start = request->at = start;
	request->asked = request->end = end;
	request->begun = request->advanced = false;
	request->reason[0] = '\0';
	curl_easy_reset(easy); /* keeps connections and the like */
	request_setup__apply(&ranges->setup, easy, ranges->url, ranges->identity);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->reason);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, start, end - 1);
	curl_easy_setopt(easy, CURLOPT_RANGE, range);
	request->busy = curl_multi_add_handle(ranges->multi, easy) == CURLM_OK;
	if (!request->busy) {
		pthread_mutex_lock(&ranges->lock);
		fail(ranges, error__oom(&ranges->err));
		pthread_mutex_unlock(&ranges->lock);
	}
}

/* The next bytes to ask for. While the size is unknown there is but one request. */
static bool take_bytes(struct http_ranges *ranges, uint64_t *start, uint64_t *end)
{
	bool any = false;

	*start = 0;
	*end = HEAD;
	pthread_mutex_lock(&ranges->lock);
	if (!ranges->failed && ranges->map.size)
		any = page_map__take(&ranges->map, ranges->delay_ms ? SIZE_MAX_ : REQUEST_BYTES,
				     start, end);
	else if (!ranges->failed)
		any = !ranges->requests[0].busy;
	pthread_mutex_unlock(&ranges->lock);
	return any;
}

static void start_requests(struct http_ranges *ranges)
{
	uint64_t start, end;

	for (unsigned int i = 0; i < ranges->parallel; i++) {
		struct request *request = &ranges->requests[i];

		if (request->busy)
			continue;
		if (now_ms() < ranges->not_before_ms || !take_bytes(ranges, &start, &end))
			return;
		start_request(ranges, request, start, end);
		if (ranges->delay_ms)
			ranges->not_before_ms = now_ms() + ranges->delay_ms;
	}
}

/* What an answer's code says: whether to try again, or the error. */
static int judge_code(struct http_ranges *ranges, long code)
{
	static const struct {
		long code;
		int errnum;
		const char *what;
	} verdicts[] = {
		{ 404, ENOENT, "not found" },
		{ 410, ENOENT, "not found" },
		{ 401, EACCES, "access refused" },
		{ 403, EACCES, "access refused" },
		{ 407, EACCES, "access refused by the proxy" },
		{ 412, ESTALE, "the file changed while it was read" },
		{ 416, ENOTSUP, "the server refuses a range" },
	};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (verdicts[i].code == code)
			return error__set(&ranges->err, verdicts[i].errnum, "%s: %s (HTTP %ld)",
					  ranges->name, verdicts[i].what, code);
	return error__set(&ranges->err, EIO, "%s: unexpected answer (HTTP %ld)", ranges->name, code);
}

/* 0, or the error where the server asks for more patience than there is. */
static int put_off(struct http_ranges *ranges, const struct request *request)
{
	uint64_t pause_ms = ranges->backoff_ms;
	curl_off_t retry_after = 0;

	for (unsigned int i = 1; i < ranges->failures && pause_ms < BACKOFF_MAX_MS; i++)
		pause_ms *= 2;
	curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (retry_after > REQUEST_RETRY_AFTER_MAX_S)
		return error__set(&ranges->err, EIO, "%s: the server asks to be left alone for "
				  "%ld s; try again later, or another mirror", ranges->name,
				  (long)retry_after);
	if (retry_after > 0 && pause_ms < (uint64_t)retry_after * 1000)
		pause_ms = (uint64_t)retry_after * 1000;
	ranges->not_before_ms = now_ms() + pause_ms;
	log__verbose("%s: a range broke off; trying again in %.1f s", ranges->name,
		     pause_ms / 1000.0);
	return 0;
}

/* Not all of it came: 0 if it is worth another try, or the error. */
static int judge(struct http_ranges *ranges, const struct request *request, long code,
		 CURLcode result)
{
	const char *why = request->reason[0] ? request->reason : curl_easy_strerror(result);
	unsigned int tries = ranges->tries;

	if (!code && !ranges->answered && tries > FIRST_TRIES)
		tries = FIRST_TRIES;
	if (code >= 500 || code == 408 || code == 429)
		why = "the server failed";
	else if (code && code != 206 && result != CURLE_TOO_MANY_REDIRECTS)
		return judge_code(ranges, code);
	else if (result != CURLE_OK && !request__lost_connection(result))
		return error__set(&ranges->err, EIO, "%s: %s", ranges->name, why);
	else if (result == CURLE_OK && request->advanced)
		return 0;
	if (++ranges->failures < tries)
		return put_off(ranges, request);
	return error__set(&ranges->err, EHOSTUNREACH, "%s: %s, %u times in a row; check the "
			  "network and the mirror", ranges->name,
			  result == CURLE_OK ? "the answer broke off" : why, tries);
}

static void end_request(struct http_ranges *ranges, struct request *request, CURLcode result)
{
	long code = 0;
	int rc;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_multi_remove_handle(ranges->multi, request->easy);
	request->busy = false;
	pthread_mutex_lock(&ranges->lock);
	if (!ranges->failed && (!request->begun || request->at < request->asked)) {
		rc = judge(ranges, request, code, result);
		if (rc)
			fail(ranges, rc);
		else if (ranges->map.size &&
			 page_map__give_back(&ranges->map, request->start, request->asked))
			fail(ranges, error__oom(&ranges->err));
	}
	pthread_mutex_unlock(&ranges->lock);
}

static void reap(struct http_ranges *ranges)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(ranges->multi, &left))) {
		struct request *request = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		end_request(ranges, request, message->data.result);
	}
}

/* Whether to go on. */
static bool take_orders(struct http_ranges *ranges)
{
	bool go_on;

	pthread_mutex_lock(&ranges->lock);
	if (cancel__requested() && !ranges->failed)
		fail(ranges, error__set(&ranges->err, ECANCELED, "%s: interrupted", ranges->name));
	go_on = !ranges->stopping && !ranges->failed;
	pthread_mutex_unlock(&ranges->lock);
	return go_on;
}

static void wait_for_more(struct http_ranges *ranges)
{
	struct curl_waitfd stop = { .fd = cancel__fd(), .events = CURL_WAIT_POLLIN };
	uint64_t now = now_ms(), pause_ms = POLL_MAX_MS;

	if (ranges->not_before_ms > now && ranges->not_before_ms < now + pause_ms)
		pause_ms = ranges->not_before_ms - now;
	curl_multi_poll(ranges->multi, stop.fd >= 0 ? &stop : NULL, stop.fd >= 0, pause_ms, NULL);
}

static void *run(void *arg)
{
	struct http_ranges *ranges = arg;
	int running;

	while (take_orders(ranges)) {
		start_requests(ranges);
		curl_multi_perform(ranges->multi, &running);
		reap(ranges);
		start_requests(ranges);
		wait_for_more(ranges);
	}
	for (unsigned int i = 0; i < ranges->parallel; i++)
		if (ranges->requests[i].busy)
			curl_multi_remove_handle(ranges->multi, ranges->requests[i].easy);
	return NULL;
}

/* ---- for other threads ------------------------------------------------------------- */

static int make_handles(struct http_ranges *ranges, struct error *err)
{
	ranges->multi = curl_multi_init();
	if (!ranges->multi)
		return error__oom(err);
	for (unsigned int i = 0; i < ranges->parallel; i++) {
		ranges->requests[i].ranges = ranges;
		ranges->requests[i].easy = curl_easy_init();
		if (!ranges->requests[i].easy)
			return error__oom(err);
	}
	return 0;
}

static int start_thread(struct http_ranges *ranges, struct error *err)
{
	int status = thread__start(&ranges->thread, run, ranges);

	if (status)
		return error__set(err, status, "%s: cannot start a thread: %s", ranges->name,
				  strerror(-status));
	return 0;
}

static void free_memory(struct http_ranges *ranges)
{
	for (unsigned int i = 0; i < ranges->parallel; i++) {
		answer__reset(&ranges->requests[i].answer);
		if (ranges->requests[i].easy)
			curl_easy_cleanup(ranges->requests[i].easy);
	}
	if (ranges->multi)
		curl_multi_cleanup(ranges->multi);
	page_map__free(&ranges->map);
	pthread_cond_destroy(&ranges->changed);
	pthread_mutex_destroy(&ranges->lock);
	free(ranges->etag);
	free(ranges->url);
	free(ranges->name);
	free(ranges);
}

static unsigned int within(unsigned int value, unsigned int fallback, unsigned int most)
{
	if (!value)
		value = fallback;
	return value < most ? value : most;
}

static struct http_ranges *new_ranges(const char *url, const struct http_ranges_opts *opts)
{
	struct http_ranges *ranges = calloc(1, sizeof(*ranges));

	if (!ranges)
		return NULL;
	pthread_mutex_init(&ranges->lock, NULL);
	pthread_cond_init(&ranges->changed, NULL);
	ranges->url = strdup(url);
	ranges->name = url__display(url);
	ranges->identity = opts->identity;
	ranges->parallel = within(opts->parallel, 6, PARALLEL_MAX);
	ranges->tries = within(opts->tries, 4, 100);
	ranges->backoff_ms = within(opts->backoff_ms, 1000, BACKOFF_MAX_MS);
	ranges->delay_ms = opts->delay_ms;
	request_setup__init(&ranges->setup, within(opts->stall_s, 30, 3600));
	if (ranges->url && ranges->name)
		return ranges;
	free_memory(ranges);
	return NULL;
}

/* The first answer tells all that there is to know. */
static int await_answer(struct http_ranges *ranges, struct error *err)
{
	int rc;

	pthread_mutex_lock(&ranges->lock);
	while (!ranges->failed && (!ranges->map.size || !page_map__has(&ranges->map, 0, 1)))
		pthread_cond_wait(&ranges->changed, &ranges->lock);
	rc = ranges->failed;
	if (rc)
		*err = ranges->err;
	pthread_mutex_unlock(&ranges->lock);
	return rc;
}

int http_ranges__open(const char *url, const struct http_ranges_opts *opts,
		      struct http_ranges **ranges_out, struct error *err)
{
	static const struct http_ranges_opts defaults;
	struct http_ranges *ranges;
	int rc = 0;

	*ranges_out = NULL;
	if (!opts)
		opts = &defaults;
	ranges = new_ranges(url, opts);
	if (!ranges)
		return error__oom(err);
	if (opts->expect_size) {
		rc = set_size(ranges, opts->expect_size);
		*err = ranges->err;
	}
	if (!rc)
		rc = make_handles(ranges, err);
	if (!rc && ranges->map.size) {
		http_ranges__want(ranges, 0, HEAD);
		http_ranges__want(ranges, ranges->map.size > TAIL ? ranges->map.size - TAIL : 0, TAIL);
	}
	if (!rc)
		rc = start_thread(ranges, err);
	if (rc) {
		free_memory(ranges);
		return rc;
	}
	rc = await_answer(ranges, err);
	if (rc)
		http_ranges__free(ranges);
	else
		*ranges_out = ranges;
	return rc;
}

void http_ranges__free(struct http_ranges *ranges)
{
	if (!ranges)
		return;
	pthread_mutex_lock(&ranges->lock);
	ranges->stopping = true;
	pthread_mutex_unlock(&ranges->lock);
	curl_multi_wakeup(ranges->multi);
	pthread_join(ranges->thread, NULL);
	free_memory(ranges);
}

uint64_t http_ranges__size(const struct http_ranges *ranges)
{
	return ranges->map.size;
}

uint64_t http_ranges__received(struct http_ranges *ranges)
{
	uint64_t received;

	pthread_mutex_lock(&ranges->lock);
	received = ranges->received;
	pthread_mutex_unlock(&ranges->lock);
	return received;
}

void http_ranges__want(struct http_ranges *ranges, uint64_t offset, uint64_t len)
{
	pthread_mutex_lock(&ranges->lock);
	want(ranges, offset, len, false);
	pthread_mutex_unlock(&ranges->lock);
	curl_multi_wakeup(ranges->multi);
}

int http_ranges__read(struct http_ranges *ranges, uint64_t offset, void *buf, size_t len,
		      struct error *err)
{
	int rc;

	pthread_mutex_lock(&ranges->lock);
	if (!page_map__has(&ranges->map, offset, len)) {
		want(ranges, offset, len, true);
		curl_multi_wakeup(ranges->multi);
	}
	while (!ranges->failed && !page_map__has(&ranges->map, offset, len))
		pthread_cond_wait(&ranges->changed, &ranges->lock);
	rc = ranges->failed;
	if (rc)
		*err = ranges->err;
	pthread_mutex_unlock(&ranges->lock);
	if (!rc)
		memcpy(buf, ranges->map.bytes + offset, len);
	return rc;
}
