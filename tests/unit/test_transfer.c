/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <time.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/transfer.h"
#include "faultd.h"

#define SIZE 300000

/* One server with one file, /f, and what one test needs besides. */
struct fixture {
	struct faultd faultd;
	struct transfers *transfers;
	struct transfer_result result;
	struct error err;
	uint8_t *data;
	char url[256];
	char path[4096];
};

static void setup(struct fixture *fixture, const char *const *faults)
{
	static const struct transfers_opts opts = {
		.tries = 3, .stall_s = 1, .backoff_ms = 20,
	};

	*fixture = (struct fixture){ .data = noise(SIZE) };
	faultd__start(&fixture->faultd, faults);
	temp_file(temp_path(fixture->faultd.dir, "f"), fixture->data, SIZE);
	snprintf(fixture->url, sizeof(fixture->url), "%s/f", fixture->faultd.url);
	snprintf(fixture->path, sizeof(fixture->path), "%s/out", fixture->faultd.dir);
	fixture->transfers = transfers__new(&opts, &fixture->err);
	assert_non_null(fixture->transfers);
}

static void teardown(struct fixture *fixture)
{
	transfer_result__free(&fixture->result);
	transfers__free(fixture->transfers);
	faultd__stop(&fixture->faultd);
	free(fixture->data);
}

static int get(struct fixture *fixture, struct transfer *transfer)
{
	if (!transfer->url)
		transfer->url = fixture->url;
	if (!transfer->path)
		transfer->path = fixture->path;
	transfer_result__free(&fixture->result);
	return transfers__get(fixture->transfers, transfer, &fixture->result, &fixture->err);
}

static void assert_whole(const struct fixture *fixture, const char *path)
{
	_cleanup_free_ void *data = NULL;
	size_t size;

	assert_int_equal(file__read(path, 10 * SIZE, &data, &size), 0);
	assert_int_equal(size, SIZE);
	assert_memory_equal(data, fixture->data, SIZE);
}

#define assert_text(fixture, part) \
	do { \
		if (!strstr((fixture)->err.text, part)) \
			fail_msg("\"%s\" is not in \"%s\"", part, (fixture)->err.text); \
	} while (0)

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void a_longer_answer_is_cut_off(void **state)
{
	static const char *const no_length[] = { "/f no_length=1", NULL };
	struct transfer transfer = { .max_size = SIZE };
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	transfer.max_size = SIZE - 1;
	assert_int_equal(get(&fixture, &transfer), -EFBIG);
	assert_text(&fixture, "299999");
	teardown(&fixture);
	transfer.url = transfer.path = NULL;
	/* also where no length is announced */
	setup(&fixture, no_length);
	assert_int_equal(get(&fixture, &transfer), -EFBIG);
	assert_true(file_size(fixture.path) < SIZE);
	assert_text(&fixture, "299999");
	teardown(&fixture);
}

static void plain_and_not_modified(void **state)
{
	struct transfer transfer = { .expect_size = SIZE };
	struct fixture fixture;
	_cleanup_free_ char *etag = NULL;

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(fixture.result.bytes, SIZE);
	assert_false(fixture.result.not_modified);
	assert_non_null(fixture.result.etag);
	assert_true(fixture.result.modified > 1600000000);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"user_agent\": \"btfgen/", 1), 1);

	etag = strdup(fixture.result.etag);
	transfer.if_etag = etag;
	temp_file(fixture.path, "mine", 4);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_true(fixture.result.not_modified);
	assert_int_equal(file_size(fixture.path), 4);

	transfer.if_etag = "\"other\"";
	transfer.if_modified = INT64_C(4000000000); /* counts for nothing beside an ETag */
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_false(fixture.result.not_modified);
	assert_whole(&fixture, fixture.path);

	transfer.if_etag = NULL;
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_true(fixture.result.not_modified);
	transfer.if_modified = 86400;
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_false(fixture.result.not_modified);
	assert_int_equal(faultd__wait(&fixture.faultd, "Fri, 02 Jan 1970 00:00:00 GMT", 1), 1);
	teardown(&fixture);
}

static void empty_and_shorter_file(void **state)
{
	struct transfer transfer = {};
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	temp_file(fixture.path, fixture.data, 1000);
	temp_file(temp_path(fixture.faultd.dir, "f"), "", 0);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_int_equal(file_size(fixture.path), 0);
	temp_file(fixture.path, fixture.data, SIZE);
	temp_file(temp_path(fixture.faultd.dir, "f"), "short", 5);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_int_equal(file_size(fixture.path), 5);
	teardown(&fixture);
}

static void server_errors(void **state)
{
	static const char *const faults[] = {
		"/404 status=404", "/410 status=410", "/401 status=401", "/403 status=403",
		"/407 status=407", "/503 status=503", "/500 status=500", "/418 status=418",
		"/204 status=204", "/loop redirect=loop", "/evil redirect=file:///etc/passwd", NULL,
	};
	static const struct {
		const char *path;
		int status;
		const char *text;
		unsigned int requests;
	} cases[] = {
		{ "/404", -ENOENT, "not found (HTTP 404)", 1 },
		{ "/410", -ENOENT, "(HTTP 410)", 1 },
		{ "/nothing", -ENOENT, "(HTTP 404)", 1 },
		{ "/401", -EACCES, "(HTTP 401)", 1 },
		{ "/403", -EACCES, "access refused (HTTP 403)", 1 },
		{ "/407", -EACCES, "http_proxy", 1 },
		{ "/503", -EIO, "(HTTP 503)", 3 },
		{ "/500", -EIO, "the server failed (HTTP 500)", 3 },
		{ "/418", -EIO, "unexpected answer (HTTP 418)", 1 },
		{ "/204", -EIO, "(HTTP 204)", 1 },
		{ "/loop", -EIO, "redirected more than 10 times", 11 },
		{ "/evil", -EIO, "file", 1 },
	};
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct transfer transfer = {};
		char url[256], logged[64];

		snprintf(url, sizeof(url), "%s%s", fixture.faultd.url, cases[i].path);
		snprintf(logged, sizeof(logged), "\"path\": \"%s\"", cases[i].path);
		transfer.url = url;
		assert_int_equal(get(&fixture, &transfer), cases[i].status);
		assert_text(&fixture, url);
		assert_text(&fixture, cases[i].text);
		assert_int_equal(file_size(fixture.path), -1);
		assert_int_equal(faultd__wait(&fixture.faultd, logged, cases[i].requests),
				 cases[i].requests);
	}
	teardown(&fixture);
}

static void comes_back(void **state)
{
	static const char *const faults[] = {
		"/f status=503 times=1", "/f status=429 retry_after=1 times=1", NULL,
	};
	struct transfer transfer = { .expect_size = SIZE };
	struct fixture fixture;
	double began;

	(void)state;
	setup(&fixture, faults);
	began = seconds();
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_true(seconds() - began >= 1); /* Retry-After, over a backoff of 20 and 40 ms */
	assert_int_equal(faultd__wait(&fixture.faultd, "\"path\": \"/f\"", 3), 3);
	teardown(&fixture);
}

static void cut_and_resumed(void **state)
{
	static const char *const faults[] = { "/f cut=100000 times=2", NULL };
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(fixture.result.bytes, SIZE); /* not one of them twice */
	assert_int_equal(faultd__wait(&fixture.faultd, "\"range\": \"bytes=100000-\"", 1), 1);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"range\": \"bytes=200000-\"", 1), 1);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"if_range\": \"\\\"", 2), 2);
	teardown(&fixture);
}

static void cut_without_resume_is_whole_too(void **state)
{
	static const char *const faults[] = {
		"/f cut=100000 no_etag=1 times=1", "/f cut=100000 times=1", NULL,
	};
	struct transfer transfer = {};
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	/* without a validator all again; with one only the rest */
	assert_int_equal(fixture.result.bytes, 100000 + SIZE);
	teardown(&fixture);
}

static void cut_to_the_last(void **state)
{
	static const char *const faults[] = { "/f cut=50000", NULL };
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, fixture.url);
	assert_text(&fixture, "broke off after 150000 of 300000 bytes");
	assert_int_equal(file_size(fixture.path), 150000); /* left for the next time */
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	teardown(&fixture);
}

static void changed_between_tries(void **state)
{
	static const char *const faults[] = {
		"/f cut=100000 etag=old flip=5 times=1", "/f etag=new", NULL,
	};
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path); /* not the old one's beginning */
	teardown(&fixture);
}

static void resumes_what_is_there(void **state)
{
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	temp_file(fixture.path, fixture.data, 123456);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(fixture.result.bytes, SIZE - 123456);
	/* all there: nothing is asked */
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_int_equal(fixture.result.bytes, 0);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"path\"", 1), 1);
	/* more than there is to have */
	temp_file(fixture.path, fixture.data, SIZE);
	assert_int_equal(truncate(fixture.path, SIZE + 10), 0);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	/* size unknown, and all there: the server's 416 begins again */
	transfer.expect_size = 0;
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"status\": 416", 1), 1);
	teardown(&fixture);
}

static void ranges_that_fail(void **state)
{
	static const char *const faults[][2] = {
		{ "/f no_ranges=1", NULL },
		{ "/f refuse_range=1", NULL },
		{ "/f range_shift=7", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct transfer transfer = { .expect_size = SIZE, .resume = true };
		struct fixture fixture;

		setup(&fixture, faults[i]);
		temp_file(fixture.path, "other bytes", 11);
		assert_int_equal(get(&fixture, &transfer), 0);
		assert_whole(&fixture, fixture.path);
		teardown(&fixture);
	}
}

static void wrong_lengths(void **state)
{
	static const char *const faults[] = {
		"/f html=1 times=2", "/long length=+1000", "/short length=-1000", "/free no_length=1 no_etag=1",
		NULL,
	};
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct fixture fixture;
	char url[256];

	(void)state;
	setup(&fixture, faults);
	temp_file(fixture.path, fixture.data, 1000);
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, "56 bytes where 300000 were expected");
	assert_text(&fixture, "web page (text/html)");
	assert_int_equal(file_size(fixture.path), 1000); /* what was there is as it was */
	assert_int_equal(get(&fixture, &transfer), 0);

	transfer.url = url;
	temp_file(temp_path(fixture.faultd.dir, "long"), fixture.data, SIZE);
	temp_file(temp_path(fixture.faultd.dir, "short"), fixture.data, SIZE);
	temp_file(temp_path(fixture.faultd.dir, "free"), fixture.data, SIZE);
	unlink(fixture.path);
	snprintf(url, sizeof(url), "%s/long", fixture.faultd.url);
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, "301000 bytes where 300000 were expected");
	transfer.expect_size = 0;
	transfer.resume = false;
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, "after 300000 of 301000 bytes");

	transfer.expect_size = SIZE;
	snprintf(url, sizeof(url), "%s/short", fixture.faultd.url);
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, "299000 bytes where 300000 were expected");

	snprintf(url, sizeof(url), "%s/free", fixture.faultd.url);
	transfer.expect_size = 100000;
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, "more than 100000 bytes");
	assert_true(file_size(fixture.path) <= 100000);
	transfer.expect_size = SIZE + 5;
	assert_int_equal(get(&fixture, &transfer), -EBADMSG);
	assert_text(&fixture, "only 300000 bytes where 300005 were expected");
	transfer.expect_size = SIZE;
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	teardown(&fixture);
}

static void stalls(void **state)
{
	static const char *const faults[] = { "/f stall=1000 times=1", "/dead stall=1000", NULL };
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct transfer dead = { .expect_size = SIZE };
	struct fixture fixture;
	char url[256];

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(fixture.result.bytes, SIZE);
	temp_file(temp_path(fixture.faultd.dir, "dead"), fixture.data, SIZE);
	snprintf(url, sizeof(url), "%s/dead", fixture.faultd.url);
	dead.url = url;
	assert_int_equal(get(&fixture, &dead), -EHOSTUNREACH);
	assert_text(&fixture, url);
	assert_text(&fixture, "nothing more came");
	teardown(&fixture);
}

/* A port where nobody listens, and one where nobody accepts. */
static void no_connection(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	struct transfer transfer = {};
	struct fixture fixture;
	char url[256];
	int fd;

	(void)state;
	setup(&fixture, NULL);
	transfer.url = url;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(url, sizeof(url), "http://user:secret@127.0.0.1:%d/f", ntohs(address.sin_port));
	assert_int_equal(get(&fixture, &transfer), -EHOSTUNREACH);
	assert_text(&fixture, "http://127.0.0.1:");
	assert_null(strstr(fixture.err.text, "secret"));
	assert_text(&fixture, "http_proxy");
	assert_int_equal(listen(fd, 1), 0); /* connects, and never says a word */
	assert_int_equal(get(&fixture, &transfer), -EHOSTUNREACH);
	close(fd);
	transfer.url = "http://no-such-host.invalid/f";
	assert_int_equal(get(&fixture, &transfer), -EHOSTUNREACH);
	assert_text(&fixture, "no-such-host.invalid");
	transfer.url = "gopher://127.0.0.1/f";
	assert_int_equal(get(&fixture, &transfer), -EIO);
	assert_text(&fixture, "gopher");
	teardown(&fixture);
}

static void local_files(void **state)
{
	struct transfer transfer = { .expect_size = SIZE, .resume = true };
	struct fixture fixture;
	char url[4200];

	(void)state;
	setup(&fixture, NULL);
	transfer.url = url;
	snprintf(url, sizeof(url), "file://%s/f", fixture.faultd.dir);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(truncate(fixture.path, 1000), 0);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	assert_int_equal(fixture.result.bytes, SIZE - 1000);
	snprintf(url, sizeof(url), "file://%s/none", fixture.faultd.dir);
	assert_int_equal(get(&fixture, &transfer), 0); /* it is all there already */
	unlink(fixture.path);
	assert_int_equal(get(&fixture, &transfer), -ENOENT);
	assert_text(&fixture, url);
	teardown(&fixture);
}

static void full_disk_before_the_first_byte(void **state)
{
	struct transfer transfer = { .expect_size = UINT64_C(1) << 60, .resume = true };
	static const char *const faults[] = { "/f length=1000000000000000000", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), -EBADMSG); /* the two don't agree */
	transfer.expect_size = UINT64_C(1000000000000000000);
	assert_int_equal(get(&fixture, &transfer), -ENOSPC);
	assert_text(&fixture, fixture.url);
	assert_text(&fixture, fixture.faultd.dir);
	assert_text(&fixture, "1000000000000.0 MB more are needed");
	assert_int_equal(fixture.result.bytes, 0);
	assert_int_equal(file_size(fixture.path), 0);
	transfer.expect_size = 0; /* announced is as good as expected */
	assert_int_equal(get(&fixture, &transfer), -ENOSPC);
	teardown(&fixture);
}

static void file_size_limit(void **state)
{
	struct transfer transfer = {};
	struct rlimit before, limit;
	struct fixture fixture;
	int status;

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	status = get(&fixture, &transfer); /* no SIGXFSZ kills us */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(status, -ENOSPC);
	assert_text(&fixture, "ulimit -f");
	teardown(&fixture);
}

static void unwritable(void **state)
{
	struct transfer transfer = { .path = "/nonexistent/directory/file" };
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(get(&fixture, &transfer), -EIO);
	assert_text(&fixture, "/nonexistent/directory/file");
	teardown(&fixture);
}

struct one {
	struct fixture *fixture;
	pthread_t thread;
	struct transfer_result result;
	struct error err;
	char path[4096];
	int status;
	double ended;
};

static void *get_one(void *arg)
{
	struct one *one = arg;
	struct transfer transfer = { .url = one->fixture->url, .path = one->path,
				     .expect_size = SIZE };

	one->status = transfers__get(one->fixture->transfers, &transfer, &one->result, &one->err);
	transfer_result__free(&one->result);
	one->ended = seconds();
	return NULL;
}

static void start_ones(struct fixture *fixture, struct one *ones, int count)
{
	for (int i = 0; i < count; i++) {
		ones[i].fixture = fixture;
		snprintf(ones[i].path, sizeof(ones[i].path), "%s/out%d", fixture->faultd.dir, i);
		assert_int_equal(pthread_create(&ones[i].thread, NULL, get_one, &ones[i]), 0);
	}
}

/* What one transfer is told to wait for, all others of the host do, too. */
static void host_is_left_alone(void **state)
{
	static const char *const faults[] = { "/f status=429 retry_after=2 times=1", NULL };
	/* one after the other: none has begun when the answer comes */
	static const struct transfers_opts opts = { .parallel_per_host = 1, .tries = 2, .backoff_ms = 20 };
	static struct one ones[3];
	struct fixture fixture;
	double began;

	(void)state;
	setup(&fixture, faults);
	transfers__free(fixture.transfers);
	fixture.transfers = transfers__new(&opts, &fixture.err);
	began = seconds();
	start_ones(&fixture, ones, 3);
	for (int i = 0; i < 3; i++) {
		pthread_join(ones[i].thread, NULL);
		assert_int_equal(ones[i].status, 0);
		assert_true(ones[i].ended - began >= 2);
	}
	assert_int_equal(faultd__wait(&fixture.faultd, "\"path\": \"/f\"", 4), 4);
	teardown(&fixture);
}

/* A thousand packages of a dead mirror must not take hours. */
static void silent_host_is_given_up(void **state)
{
	static const char *const faults[] = { "/f status=503 times=3", NULL };
	static const struct transfers_opts opts = { .tries = 1 };
	struct transfer transfer = { .expect_size = SIZE };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	transfers__free(fixture.transfers);
	fixture.transfers = transfers__new(&opts, &fixture.err);
	/* errors are answers */
	for (int i = 0; i < 3; i++)
		assert_int_equal(get(&fixture, &transfer), -EIO);
	assert_int_equal(get(&fixture, &transfer), 0);
	unlink(fixture.path);
	for (int i = 0; i < 5; i++) {
		struct transfer dead = { .url = "http://127.0.0.1:9/f", .path = fixture.path };
		struct transfer_result result;
		bool given_up;

		assert_int_equal(transfers__get(fixture.transfers, &dead, &result, &fixture.err), -EHOSTUNREACH);
		transfer_result__free(&result);
		given_up = strstr(fixture.err.text, "not asked again for now");
		if (given_up != (i >= 3))
			fail_msg("transfer %d: %s", i, fixture.err.text);
	}
	/* others are asked all the same */
	assert_int_equal(get(&fixture, &transfer), 0);
	teardown(&fixture);
}

/* Three hosts of this machine where nobody listens. */
static void ask_the_dead(struct fixture *fixture)
{
	static const char *const urls[] = { "http://127.0.0.2:9/f", "http://127.0.0.3:9/f",
					    "http://127.0.0.4:9/f" };

	for (size_t i = 0; i < 3; i++) {
		struct transfer dead = { .url = urls[i] };

		assert_int_equal(get(fixture, &dead), -EHOSTUNREACH);
	}
}

/* Without a network each further host is asked once; as soon as one has answered there is one. */
static void no_network(void **state)
{
	/* the first request gets no answer in time */
	static const char *const faults[] = { "/f delay=4 times=1", NULL };
	struct transfer transfer = {}, local = {}, other = {};
	struct fixture fixture;
	char url[300];

	(void)state;
	setup(&fixture, faults);
	/* files of this machine are no sign of a network */
	snprintf(url, sizeof(url), "file://%s/f", fixture.faultd.dir);
	local.url = url;
	assert_int_equal(get(&fixture, &local), 0);
	ask_the_dead(&fixture);
	assert_int_equal(get(&fixture, &transfer), -EHOSTUNREACH);
	assert_int_equal(get(&fixture, &transfer), 0);
	assert_whole(&fixture, fixture.path);
	teardown(&fixture);

	transfer = (struct transfer){};
	setup(&fixture, faults);
	temp_file(temp_path(fixture.faultd.dir, "g"), fixture.data, SIZE);
	snprintf(url, sizeof(url), "%s/g", fixture.faultd.url);
	other.url = url;
	assert_int_equal(get(&fixture, &other), 0);
	ask_the_dead(&fixture);
	/* tried again, as ever */
	assert_int_equal(get(&fixture, &transfer), 0);
	teardown(&fixture);
}

/* Nobody waits for an hour; and nobody comes sooner. */
static void asked_to_wait_long(void **state)
{
	static const char *const faults[] = { "/f status=503 retry_after=3600", NULL };
	struct transfer transfer = { .expect_size = SIZE };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(get(&fixture, &transfer), -EBUSY);
	assert_non_null(strstr(fixture.err.text, "asks to wait for 3600 s (HTTP 503)"));
	assert_int_equal(faultd__wait(&fixture.faultd, "\"path\": \"/f\"", 1), 1);
	teardown(&fixture);
}

static void delay_between_requests(void **state)
{
	static const struct transfers_opts opts = { .tries = 1, .delay_ms = 300 };
	static struct one ones[4];
	struct fixture fixture;
	double began;

	(void)state;
	setup(&fixture, NULL);
	transfers__free(fixture.transfers);
	fixture.transfers = transfers__new(&opts, &fixture.err);
	began = seconds();
	start_ones(&fixture, ones, 4);
	for (int i = 0; i < 4; i++) {
		pthread_join(ones[i].thread, NULL);
		assert_int_equal(ones[i].status, 0);
	}
	assert_true(seconds() - began >= 0.9);
	teardown(&fixture);
}

/* Twelve at once, two at a time of one host; those that wait longer than a stall don't stall. */
static void many_at_once(void **state)
{
	static const char *const faults[] = { "/f rate=600000", NULL };
	static const struct transfers_opts opts = {
		.parallel = 6, .parallel_per_host = 2, .tries = 1, .stall_s = 1,
	};
	static struct one ones[12];
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	transfers__free(fixture.transfers);
	fixture.transfers = transfers__new(&opts, &fixture.err);
	start_ones(&fixture, ones, 12);
	for (int i = 0; i < 12; i++) {
		pthread_join(ones[i].thread, NULL);
		if (ones[i].status)
			fail_msg("%s", ones[i].err.text);
		assert_whole(&fixture, ones[i].path);
	}
	assert_int_equal(faultd__wait(&fixture.faultd, "\"status\": 200", 12), 12);
	assert_int_not_equal(faultd__count(&fixture.faultd, "\"concurrent\": 2}"), 0);
	assert_int_equal(faultd__count(&fixture.faultd, "\"concurrent\": 4}"), 0);
	teardown(&fixture);
}

static void free_ends_them(void **state)
{
	static const char *const faults[] = { "/f rate=1000", NULL };
	static struct one ones[8];
	struct fixture fixture;
	double began;

	(void)state;
	setup(&fixture, faults);
	start_ones(&fixture, ones, 8);
	usleep(200000);
	began = seconds();
	transfers__free(fixture.transfers);
	fixture.transfers = NULL;
	assert_true(seconds() - began < 2);
	for (int i = 0; i < 8; i++) {
		pthread_join(ones[i].thread, NULL);
		assert_int_equal(ones[i].status, -ECANCELED);
		assert_non_null(strstr(ones[i].err.text, fixture.url));
	}
	teardown(&fixture);
}

/* In a child: a stop requested stays requested. */
static void signal_ends_them(void **state)
{
	static const char *const faults[] = { "/f rate=1000", NULL };
	struct faultd faultd;
	char url[256];
	double began = seconds();
	int status;
	pid_t pid;

	(void)state;
	faultd__start(&faultd, faults);
	temp_file(temp_path(faultd.dir, "f"), "0123456789abcdef", 16);
	assert_int_equal(truncate(temp_path(faultd.dir, "f"), SIZE), 0);
	snprintf(url, sizeof(url), "%s/f", faultd.url);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *path = temp_path(faultd.dir, "out");
		struct transfer transfer = { .url = url, .path = path };
		struct transfer_result result;
		struct error err;
		struct transfers *transfers;

		cancel__install();
		transfers = transfers__new(NULL, &err);
		alarm(20);
		if (transfers__get(transfers, &transfer, &result, &err) != -ECANCELED)
			_exit(1);
		transfer_result__free(&result);
		/* and so does each one after it */
		if (transfers__get(transfers, &transfer, &result, &err) != -ECANCELED)
			_exit(2);
		transfers__free(transfers);
		_exit(strstr(err.text, "interrupted") ? 0 : 3);
	}
	for (int i = 0; i < 500 && file_size(temp_path(faultd.dir, "out")) <= 0; i++)
		usleep(10000);
	kill(pid, SIGINT);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(seconds() - began < 15);
	faultd__stop(&faultd);
}

static void no_proxy_answers(void **state)
{
	struct transfer transfer = {};
	struct fixture fixture;
	int status;

	(void)state;
	setup(&fixture, NULL);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("no_proxy", "", 1);
	status = get(&fixture, &transfer);
	setenv("no_proxy", "127.0.0.1", 1);
	assert_int_equal(status, -EHOSTUNREACH);
	assert_int_equal(get(&fixture, &transfer), 0);
	unsetenv("http_proxy");
	assert_whole(&fixture, fixture.path);
	teardown(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_not_modified),
		cmocka_unit_test(a_longer_answer_is_cut_off),
		cmocka_unit_test(empty_and_shorter_file),
		cmocka_unit_test(server_errors),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(host_is_left_alone),
		cmocka_unit_test(silent_host_is_given_up),
		cmocka_unit_test(no_network),
		cmocka_unit_test(asked_to_wait_long),
		cmocka_unit_test(delay_between_requests),
		cmocka_unit_test(cut_and_resumed),
		cmocka_unit_test(cut_without_resume_is_whole_too),
		cmocka_unit_test(cut_to_the_last),
		cmocka_unit_test(changed_between_tries),
		cmocka_unit_test(resumes_what_is_there),
		cmocka_unit_test(ranges_that_fail),
		cmocka_unit_test(wrong_lengths),
		cmocka_unit_test(stalls),
		cmocka_unit_test(no_connection),
		cmocka_unit_test(local_files),
		cmocka_unit_test(full_disk_before_the_first_byte),
		cmocka_unit_test(file_size_limit),
		cmocka_unit_test(unwritable),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(free_ends_them),
		cmocka_unit_test(signal_ends_them),
		cmocka_unit_test(no_proxy_answers),
	};

	/* the machine's own proxy is none of these tests' business */
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
