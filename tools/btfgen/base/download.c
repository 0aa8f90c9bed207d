/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/download.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/url.h"

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the file ------------------------------------------------------------------- */

static int disk_full(struct download *download, uint64_t need)
{
	const char *path = download->transfer->path;
	_cleanup_free_ char *copy = strdup(path);
	const char *dir = copy ? dirname(copy) : path;
	struct statvfs fs = {};

	statvfs(dir, &fs);
	return error__set(download->err, ENOSPC,
			  "%s: the disk of %s is full: %.1f MB more are needed and %.1f MB are "
			  "free; free some, or work in another directory",
			  download->url, dir, need / 1e6,
			  (double)fs.f_bavail * fs.f_frsize / 1e6);
}

static int write_failed(struct download *download, int code)
{
	uint64_t left = download->announced > download->at ?
			download->announced - download->at : 0;

	if (code == ENOSPC || code == EDQUOT)
		return disk_full(download, left);
	if (code == EFBIG)
		return error__set(download->err, ENOSPC,
				  "%s: %s would grow over the limit for files: raise ulimit -f",
				  download->url, download->transfer->path);
	return error__set(download->err, EIO, "%s: cannot write %s: %s", download->url,
			  download->transfer->path, strerror(code));
}

/*
 * Room for what is still to come. Blocks are taken now, without changing the file's
 * size, so that several downloads at once don't count on the same ones.
 */
static int reserve(struct download *download)
{
	uint64_t need = download->announced - download->at;
	struct statvfs fs;
	struct stat st;

	if (download->announced <= download->at)
		return 0;
	if (fstatvfs(download->fd, &fs) == 0 && fstat(download->fd, &st) == 0) {
		uint64_t have = (uint64_t)st.st_blocks * 512;
		uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;

		/* an earlier try may have reserved it already */
		if (download->announced > have && download->announced - have > room)
			return disk_full(download, download->announced - have);
	}
	if (need > INT64_MAX - download->at)
		return disk_full(download, need);
	if (fallocate(download->fd, FALLOC_FL_KEEP_SIZE, download->at, need) == 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT) {
		if (ftruncate(download->fd, download->at) < 0)
			return write_failed(download, errno);
		return disk_full(download, need);
	}
	return errno == EFBIG ? write_failed(download, EFBIG) : 0; /* some can't reserve */
}

static uint64_t size_of_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0;
}

/* ---- the answer ----------------------------------------------------------------- */

/* An answer of the wrong length: mostly a mirror at odds with its index, or a web page. */
static int wrong_length(struct download *download, const char *prefix, uint64_t length)
{
	return error__set(download->err, EBADMSG,
			  "%s: the answer has %s%" PRIu64 " bytes where %" PRIu64
			  " were expected%s; try again later, or another mirror",
			  download->url, prefix, length, download->transfer->expect_size,
			  answer__is_html(&download->answer) ?
			  ": it is a web page (text/html), as a proxy or a login page sends" : "");
}

static bool is_http(const struct download *download)
{
	return strncasecmp(download->transfer->url, "http", 4) == 0;
}

static long http_status(const struct download *download)
{
	long status = 0;

	if (is_http(download))
		curl_easy_getinfo(download->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static int too_long(struct download *download)
{
	return error__set(download->err, EFBIG,
			  "%s: the answer is over %" PRIu64 " bytes, more than such a file has; try "
			  "another mirror", download->url, download->transfer->max_size);
}

/* What the server is about to send is known: is it what was asked for? */
static int check_answer(struct download *download, bool partial)
{
	const struct answer *answer = &download->answer;
	uint64_t expect = download->transfer->expect_size;

	if (partial && (!answer->has_range || answer->range_start != download->start)) {
		download->mixed_up = download->start > 0;
		return error__set(download->err, EBADMSG,
				  "%s: the server sent another range than asked for; try another "
				  "mirror", download->url);
	}
	if (partial && answer->range_total)
		download->announced = answer->range_total;
	else if (answer->length >= 0)
		download->announced = answer->length + (partial ? download->start : 0);
	if (download->transfer->max_size && download->announced > download->transfer->max_size)
		return too_long(download);
	if (expect && download->announced && download->announced != expect)
		return wrong_length(download, "", download->announced);
	if (expect)
		download->announced = expect;
	return 0;
}

static void remember_validator(struct download *download)
{
	const char *etag = answer__strong_etag(&download->answer);

	free(download->validator);
	download->validator = etag ? strdup(etag) : NULL;
}

/* The first byte of the wanted body, or its end if it has none. */
static int begin_body(struct download *download)
{
	bool partial = is_http(download) ? http_status(download) == 206 : download->start > 0;
	int status = 0;

	if (is_http(download))
		status = check_answer(download, partial);
	else
		download->announced = download->transfer->expect_size;
	if (status)
		return status;
	download->at = partial ? download->start : 0;
	download->fd = open(download->transfer->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (download->fd < 0)
		return write_failed(download, errno);
	/* a length of its own that equals the wanted one keeps what was reserved behind it */
	if ((size_of_file(download->transfer->path) != download->at &&
	     ftruncate(download->fd, download->at) < 0) ||
	    lseek(download->fd, download->at, SEEK_SET) < 0)
		return write_failed(download, errno);
	remember_validator(download);
	download->answered = true;
	download->begun = true;
	download->heard_ms = now_ms();
	meter__advance(download->transfer->meter, download->at, download->announced);
	return reserve(download);
}

/* ---- curl's callbacks ----------------------------------------------------------- */

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct download *download = arg;
	size_t len = size * count;
	long code = http_status(download);

	download->answered = true;
	if (len >= 5 && strncmp(line, "HTTP/", 5) == 0)
		answer__reset(&download->answer);
	else if (line[0] != '\r' && line[0] != '\n')
		answer__read_header(&download->answer, line, len);
	else if ((code == 200 || code == 206) && !download->begun)
		download->status = begin_body(download);
	return download->status ? 0 : len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct download *download = arg;
	uint64_t expect = download->transfer->expect_size;
	size_t len = size * count;
	int status;

	if (!download->begun && is_http(download))
		return 0; /* the body of an answer that is judged by its code */
	if (!download->begun)
		download->status = begin_body(download);
	if (download->status)
		return 0;
	download->heard_ms = now_ms();
	download->result->bytes += len;
	if (expect && len > expect - download->at) {
		download->status = wrong_length(download, "more than ", expect);
		return 0;
	}
	if (download->transfer->max_size && len > download->transfer->max_size - download->at) {
		download->status = too_long(download);
		return 0;
	}
	status = file__write(download->fd, data, len);
	if (status) {
		download->status = write_failed(download, -status);
		return 0;
	}
	download->at += len;
	meter__advance(download->transfer->meter, download->at, download->announced);
	return len;
}

/* ---- the request ---------------------------------------------------------------- */

/* As RFC 9110 wants dates, in whatever locale. */
static void format_date(int64_t seconds, char text[64])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t when = seconds;
	struct tm tm = {};

	gmtime_r(&when, &tm);
	snprintf(text, 64, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT", days + tm.tm_wday * 3,
		 tm.tm_mday, months + tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
}

static int add_header(struct download *download, const char *name, const char *value)
{
	_cleanup_free_ char *line = NULL;
	struct curl_slist *longer;

	if (asprintf(&line, "%s: %s", name, value) < 0) {
		line = NULL;
		return error__oom(download->err);
	}
	longer = curl_slist_append(download->headers, line);
	if (!longer)
		return error__oom(download->err);
	download->headers = longer;
	return 0;
}

/*
 * Conditions are sent as headers: CURLOPT_TIMECONDITION would also drop an answer whose
 * date is not newer, though its ETag says that it is another.
 */
static int add_conditions(struct download *download)
{
	const struct transfer *transfer = download->transfer;
	char date[64];
	int status = 0;

	if (transfer->if_etag)
		status = add_header(download, "If-None-Match", transfer->if_etag);
	if (!status && transfer->if_modified) {
		format_date(transfer->if_modified, date);
		status = add_header(download, "If-Modified-Since", date);
	}
	if (!status && download->start && download->validator)
		status = add_header(download, "If-Range", download->validator);
	return status;
}

/* Where to go on from: what an earlier run left is the caller's word, ours has an ETag. */
static uint64_t start_of_rest(const struct download *download)
{
	const struct transfer *transfer = download->transfer;
	uint64_t have = size_of_file(transfer->path);

	if (download->from_zero || (!transfer->resume && !download->validator))
		return 0;
	return transfer->expect_size && have >= transfer->expect_size ? 0 : have;
}

static void set_options(struct download *download, const struct request_setup *setup)
{
	CURL *easy = download->easy;

	request_setup__apply(setup, easy, download->transfer->url, download->transfer->identity);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, download->reason);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, download);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, download);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, download);
}

int download__begin(struct download *download, const struct request_setup *setup)
{
	char range[32];
	int status;

	curl_easy_reset(download->easy); /* keeps connections and the like */
	curl_slist_free_all(steal_ptr(download->headers));
	answer__reset(&download->answer);
	download->reason[0] = '\0';
	download->status = 0;
	download->answered = false;
	download->begun = false;
	download->mixed_up = false;
	download->announced = 0;
	download->at = 0;
	download->start = start_of_rest(download);
	if (download->start > download->most)
		download->most = download->start;
	set_options(download, setup);
	if (download->start) {
		snprintf(range, sizeof(range), "%" PRIu64 "-", download->start);
		curl_easy_setopt(download->easy, CURLOPT_RANGE, range);
	}
	status = add_conditions(download);
	if (!status && download->headers)
		curl_easy_setopt(download->easy, CURLOPT_HTTPHEADER, download->headers);
	return status;
}

bool download__has_stalled(const struct download *download, unsigned int stall_s)
{
	return download->begun && now_ms() - download->heard_ms >= stall_s * 1000ULL;
}

/* ---- the judgement -------------------------------------------------------------- */

static enum download_next judge_http(struct download *download, long code)
{
	static const char fmt[] = "%s: %s (HTTP %ld)%s";
	const char *url = download->url;

	if (code == 403 && download->transfer->may_be_absent)
		code = 404;
	switch (code) {
	case 404:
	case 410:
		download->status = error__set(download->err, ENOENT, fmt, url, "not found", code,
					      "; what names it may be out of date: refresh the "
					      "index, or try another mirror");
		return DOWNLOAD_OVER;
	case 401:
	case 403:
	case 407:
		download->status = error__set(download->err, EACCES, fmt, url, "access refused",
					      code, code == 407 ?
					      "; the proxy wants a login: see http_proxy" :
					      "; a login can be given in ~/.netrc");
		return DOWNLOAD_OVER;
	case 416:
		if (download->start) {
			download->mixed_up = true;
			return DOWNLOAD_AGAIN_NOW;
		}
		break;
	case 429:
		download->status = error__set(download->err, EBUSY, fmt, url,
					      "the server wants fewer requests", code,
					      "; try again later, with --per-host 1 or --delay, or "
					      "another mirror");
		return DOWNLOAD_AGAIN;
	default:
		break;
	}
	download->status = error__set(download->err, EIO, fmt, url, code >= 500 ?
				      "the server failed" : "unexpected answer", code,
				      "; try again later, or another mirror");
	return code >= 500 || code == 408 ? DOWNLOAD_AGAIN : DOWNLOAD_OVER;
}

/* The connection did not last, or never was. */
static enum download_next judge_connection(struct download *download, CURLcode code)
{
	const char *why = download->reason[0] ? download->reason : curl_easy_strerror(code);

	if (code == CURLE_PARTIAL_FILE || (download->begun && download->announced))
		download->status = error__set(
			download->err, code == CURLE_OPERATION_TIMEDOUT ? EHOSTUNREACH : EBADMSG,
			"%s: %s after %" PRIu64 " of %" PRIu64 " bytes (%s); %s", download->url,
			code == CURLE_OPERATION_TIMEDOUT ? "nothing more came" :
			"the answer broke off", download->at, download->announced, why,
			download->transfer->resume ? "the same command goes on from there" :
			"try again later, or another mirror");
	else
		download->status = error__set(download->err, EHOSTUNREACH,
					      "%s: %s; check the network, the proxy settings "
					      "(http_proxy, https_proxy) and the mirror",
					      download->url, why);
	return DOWNLOAD_AGAIN;
}

/* What FTP and file: say, and what is wrong with the request itself. */
static enum download_next judge_rest(struct download *download, CURLcode code)
{
	const char *why = download->reason[0] ? download->reason : curl_easy_strerror(code);

	switch (code) {
	case CURLE_REMOTE_FILE_NOT_FOUND:
	case CURLE_FTP_COULDNT_RETR_FILE:
	case CURLE_FILE_COULDNT_READ_FILE:
		download->status = error__set(download->err, ENOENT, "%s: not found (%s)",
					      download->url, why);
		break;
	case CURLE_LOGIN_DENIED:
	case CURLE_REMOTE_ACCESS_DENIED:
		download->status = error__set(download->err, EACCES, "%s: access refused (%s)",
					      download->url, why);
		break;
	case CURLE_TOO_MANY_REDIRECTS:
		download->status = error__set(download->err, EIO,
					      "%s: redirected more than %ld times; try another "
					      "mirror", download->url, REQUEST_MAX_REDIRECTS);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		download->status = error__set(download->err, EIO,
					      "%s: the server's certificate is not trusted (%s); "
					      "install ca-certificates, or name a file of them in "
					      "SSL_CERT_FILE", download->url, why);
		break;
	case CURLE_OUT_OF_MEMORY:
		download->status = error__oom(download->err);
		break;
	default:
		download->status = error__set(download->err, EIO, "%s: %s", download->url, why);
		break;
	}
	return DOWNLOAD_OVER;
}

static enum download_next judge_complete(struct download *download)
{
	uint64_t expect = download->transfer->expect_size;

	if (!download->begun)
		download->status = begin_body(download);
	if (download->status)
		return DOWNLOAD_OVER;
	if (expect && download->at < expect)
		download->status = wrong_length(download, "only ", download->at);
	return DOWNLOAD_OVER;
}

static enum download_next judge(struct download *download, CURLcode code)
{
	long http = http_status(download);

	if (download->status)
		return DOWNLOAD_OVER;
	/* how the connection ended matters no more when all is here */
	if (download->begun && download->at == download->transfer->expect_size)
		return DOWNLOAD_OVER;
	switch (code) {
	case CURLE_OK:
	case CURLE_WRITE_ERROR:
	case CURLE_HTTP_RETURNED_ERROR:
		if (http == 304 && (download->transfer->if_etag || download->transfer->if_modified)) {
			download->result->not_modified = true;
			return DOWNLOAD_OVER;
		}
		if (is_http(download) && http != 200 && http != 206)
			return judge_http(download, http);
		return code == CURLE_OK ? judge_complete(download) : judge_rest(download, code);
	default:
		return request__lost_connection(code) ? judge_connection(download, code) :
							judge_rest(download, code);
	}
}

static int close_file(struct download *download)
{
	int fd = steal_fd(&download->fd);

	/* network file systems report a full disk no earlier */
	if (fd >= 0 && close(fd) < 0 && !download->status)
		return write_failed(download, errno);
	return download->status;
}

static void note_answer(struct download *download)
{
	curl_off_t modified = -1;

	free(download->result->etag);
	download->result->etag = steal_ptr(download->answer.etag);
	curl_easy_getinfo(download->easy, CURLINFO_FILETIME_T, &modified);
	download->result->modified = modified > 0 ? modified : 0;
}

/* Longer than anybody would look on: coming sooner would be rude. */
static int asked_to_wait(struct download *download, curl_off_t seconds)
{
	return error__set(download->err, EBUSY,
			  "%s: the server asks to wait for %lld s (HTTP %ld); try again then, or "
			  "another mirror", download->url, (long long)seconds,
			  http_status(download));
}

enum download_next download__end(struct download *download, CURLcode code, unsigned int *wait_s)
{
	enum download_next next = judge(download, code);
	curl_off_t retry_after = 0;

	*wait_s = 0;
	download->status = close_file(download);
	download->gained = download->at > download->most ? download->at - download->most : 0;
	if (download->at > download->most)
		download->most = download->at;
	if (download->mixed_up && !download->from_zero) {
		download->from_zero = true;
		return DOWNLOAD_AGAIN_NOW;
	}
	if (download->status == -EBADMSG && next == DOWNLOAD_OVER && !download->wrong_length) {
		download->wrong_length = true;
		next = DOWNLOAD_AGAIN;
	}
	if (next == DOWNLOAD_AGAIN) {
		curl_easy_getinfo(download->easy, CURLINFO_RETRY_AFTER, &retry_after);
		if (retry_after > REQUEST_RETRY_AFTER_MAX_S) {
			download->status = asked_to_wait(download, retry_after);
			return DOWNLOAD_OVER;
		}
		*wait_s = retry_after > 0 ? retry_after : 0;
	} else if (!download->status) {
		note_answer(download);
	}
	return next;
}

int download__init(struct download *download, const struct transfer *transfer,
		   struct transfer_result *result, struct error *err)
{
	*download = (struct download){
		.transfer = transfer, .result = result, .err = err, .fd = -1,
	};
	download->url = url__display(transfer->url);
	download->easy = download->url ? curl_easy_init() : NULL;
	if (!download->easy) {
		download__free(download);
		return error__oom(err);
	}
	return 0;
}

void download__free(struct download *download)
{
	if (download->easy)
		curl_easy_cleanup(download->easy);
	curl_slist_free_all(download->headers);
	closep(&download->fd);
	answer__reset(&download->answer);
	free(download->validator);
	free(download->url);
	*download = (struct download){ .fd = -1 };
}
