/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <utime.h>

#include <cmocka.h>

#include "base/byte_source.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/page_map.h"
#include "faultd.h"

#define SIZE ((size_t)5000000)

/* One server with one file, /f. */
struct fixture {
	struct faultd faultd;
	struct byte_source *source;
	struct http_ranges_opts opts;
	struct error err;
	uint8_t *data;
	char url[256];
};

static void setup(struct fixture *fixture, const char *const *faults)
{
	*fixture = (struct fixture){
		.data = noise(SIZE),
		.opts = { .expect_size = SIZE, .tries = 3, .stall_s = 1, .backoff_ms = 20 },
	};
	faultd__start(&fixture->faultd, faults);
	temp_file(temp_path(fixture->faultd.dir, "f"), fixture->data, SIZE);
	snprintf(fixture->url, sizeof(fixture->url), "%s/f", fixture->faultd.url);
}

static int open_source(struct fixture *fixture)
{
	byte_source__free(fixture->source);
	return byte_source__open_url(fixture->url, &fixture->opts, &fixture->source, &fixture->err);
}

static void teardown(struct fixture *fixture)
{
	byte_source__free(fixture->source);
	faultd__stop(&fixture->faultd);
	free(fixture->data);
}

static int read_at(struct fixture *fixture, uint64_t offset, size_t len)
{
	_cleanup_free_ uint8_t *buf = malloc(len);
	int rc = byte_source__read(fixture->source, offset, buf, len, &fixture->err);

	if (!rc)
		assert_memory_equal(buf, fixture->data + offset, len);
	return rc;
}

static void assert_text(const struct fixture *fixture, const char *part)
{
	if (!strstr(fixture->err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, fixture->err.text);
}

static void bytes_that_are_asked_for(void **state)
{
	struct fixture fixture;
	uint64_t before;

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(byte_source__size(fixture.source), SIZE);
	/* what was asked for to begin with */
	assert_int_equal(read_at(&fixture, 0, 256 << 10), 0);
	assert_int_equal(read_at(&fixture, SIZE - (16 << 10), 16 << 10), 0);
	before = byte_source__count(fixture.source);
	assert_true(before <= (256 + 16 + 4) << 10);
	/* from one page into the next, and no more than those */
	assert_int_equal(read_at(&fixture, 2000000, 5000), 0);
	assert_true(byte_source__count(fixture.source) - before <= 3 * 4096);
	before = byte_source__count(fixture.source);
	assert_int_equal(read_at(&fixture, 2000100, 4000), 0);
	assert_int_equal(byte_source__count(fixture.source), before);
	assert_true(faultd__wait(&fixture.faultd, "btfgen/", 1) > 0);
	assert_int_equal(read_at(&fixture, 0, SIZE), 0);
	assert_int_equal(byte_source__count(fixture.source), SIZE);
	assert_int_equal(byte_source__read(fixture.source, SIZE, fixture.data, 1, &fixture.err),
			 -EBADMSG);
	assert_int_equal(byte_source__read(fixture.source, SIZE - 1, fixture.data, UINT32_MAX,
					   &fixture.err), -EBADMSG);
	teardown(&fixture);
}

/* Several requests at once, of 1 MiB at most, and no more than allowed. */
static void what_is_wanted_comes_in_parallel(void **state)
{
	static const char *const slow[] = { "/f rate=4000000", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, slow);
	fixture.opts.parallel = 3;
	assert_int_equal(open_source(&fixture), 0);
	byte_source__want(fixture.source, 0, SIZE);
	byte_source__want(fixture.source, SIZE, 10);
	byte_source__want(fixture.source, 1, UINT64_MAX);
	assert_int_equal(read_at(&fixture, 0, SIZE), 0);
	assert_true(faultd__wait(&fixture.faultd, "\"concurrent\": 3", 1) >= 1);
	assert_int_equal(faultd__count(&fixture.faultd, "\"concurrent\": 4"), 0);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"sent\": 1048576", 4), 4);
	teardown(&fixture);
}

/* One after the other, and then as much at once as there is. */
static void with_a_delay(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	fixture.opts.delay_ms = 300;
	fixture.opts.parallel = 1;
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(read_at(&fixture, 0, SIZE), 0);
	/* the beginning, and the rest; or the end before what is between them */
	assert_true(faultd__wait(&fixture.faultd, "\"path\": \"/f\"", 2) >= 2);
	assert_true(faultd__wait(&fixture.faultd, "\"path\": \"/f\"", 4) <= 3);
	teardown(&fixture);
}

static void of_unknown_size(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	fixture.opts.expect_size = 0;
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(byte_source__size(fixture.source), SIZE);
	assert_int_equal(read_at(&fixture, 1000, SIZE - 1000), 0);
	/* of which there is less than the first request asks for */
	temp_file(temp_path(fixture.faultd.dir, "f"), fixture.data, 100);
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(byte_source__size(fixture.source), 100);
	assert_int_equal(read_at(&fixture, 0, 100), 0);
	teardown(&fixture);
}

/* ---- servers that fail for a while -------------------------------------------------- */

static void assert_read_through(const char *const *faults)
{
	struct fixture fixture;
	int rc;

	setup(&fixture, faults);
	rc = open_source(&fixture);
	if (!rc)
		rc = read_at(&fixture, 0, SIZE);
	if (rc)
		fail_msg("%s: %s", faults[0], fixture.err.text);
	teardown(&fixture);
}

static void failures_that_pass(void **state)
{
	static const char *const faults[][2] = {
		{ "/f status=503 times=2" }, { "/f status=429 times=1 retry_after=0" },
		{ "/f cut=1000 times=2" }, { "/f cut=100000 times=2" }, { "/f cut=0 times=2" },
		{ "/f cut=9000 reset=1 times=2" }, { "/f stall=5000 times=1" },
		{ "/f no_length=1" }, { "/f no_etag=1" }, { "/f weak_etag=1" },
		{ "/f range_most=300000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		assert_read_through(faults[i]);
}

static void redirects_are_followed(void **state)
{
	static const char *const faults[] = { "/other redirect=/f", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	snprintf(fixture.url, sizeof(fixture.url), "%s/other", fixture.faultd.url);
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(read_at(&fixture, 1000, SIZE - 1000), 0);
	teardown(&fixture);
}

/* ---- and those that do for good ---------------------------------------------------- */

static void servers_without_ranges(void **state)
{
	static const char *const faults[][2] = {
		{ "/f no_ranges=1" }, { "/f refuse_range=1" }, { "/f html=1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct fixture fixture;

		setup(&fixture, faults[i]);
		assert_int_equal(open_source(&fixture), -ENOTSUP);
		assert_text(&fixture, "range");
		teardown(&fixture);
	}
}

static void wrong_answers(void **state)
{
	static const struct {
		const char *faults[2];
		int rc;
		const char *text;
	} cases[] = {
		{ { "/f range_shift=10" }, -EBADMSG, "another range" },
		{ { "/f length=+10" }, -EBADMSG, "another range" },
		{ { "/f length=-10" }, -EBADMSG, "another range" },
		{ { "/f status=404" }, -ENOENT, "not found" },
		{ { "/f status=410" }, -ENOENT, "not found" },
		{ { "/f status=401" }, -EACCES, "access refused" },
		{ { "/f status=403" }, -EACCES, "access refused" },
		{ { "/f status=418" }, -EIO, "HTTP 418" },
		{ { "/f status=503" }, -EHOSTUNREACH, "the server failed, 3 times" },
		{ { "/f status=503 retry_after=500" }, -EIO, "left alone for 500 s" },
		{ { "/f cut=0" }, -EHOSTUNREACH, "3 times" },
		{ { "/f stall=0" }, -EHOSTUNREACH, "3 times" },
		/* some bytes each time, and never so many that the next request is for others */
		{ { "/f cut=1000" }, -EHOSTUNREACH, "3 times" },
		{ { "/f range_most=1000" }, -EHOSTUNREACH, "broke off, 3 times" },
		{ { "/f redirect=loop" }, -EIO, "redirects" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture fixture;
		int rc;

		setup(&fixture, cases[i].faults);
		rc = open_source(&fixture);
		if (rc != cases[i].rc)
			fail_msg("%s: %d: %s", cases[i].faults[0], rc, fixture.err.text);
		assert_text(&fixture, cases[i].text);
		teardown(&fixture);
	}
}

static void another_size_than_listed(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	fixture.opts.expect_size = SIZE - 1;
	assert_int_equal(open_source(&fixture), -EBADMSG);
	assert_text(&fixture, "4999999 were expected");
	fixture.opts.expect_size = UINT64_C(1) << 50;
	assert_int_equal(open_source(&fixture), -EFBIG);
	teardown(&fixture);
}

static void nobody_there(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	snprintf(fixture.url, sizeof(fixture.url), "http://127.0.0.1:1/f");
	assert_int_equal(open_source(&fixture), -EHOSTUNREACH);
	assert_int_equal(byte_source__open_url("ftp://127.0.0.1/f", &fixture.opts, &fixture.source,
					       &fixture.err), -ENOTSUP);
	teardown(&fixture);
}

/* By whatever a server tells: ETag, date, length. What came before is no longer given out. */
static void a_file_that_changes(void **state)
{
	static const char *const faults[][2] = {
		{ "/f no_etag=1" }, { "/f delay=0" }, { "/f weak_etag=1" }, { "/f etag=same" },
	};
	const struct utimbuf then = { 1000000000, 1000000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct fixture fixture;

		setup(&fixture, faults[i]);
		assert_int_equal(open_source(&fixture), 0);
		/* until the last answer that open asked for has come */
		assert_int_equal(read_at(&fixture, 0, 256 << 10), 0);
		assert_int_equal(read_at(&fixture, SIZE - (16 << 10), 16 << 10), 0);
		assert_int_equal(utime(temp_path(fixture.faultd.dir, "f"), &then), 0);
		assert_int_equal(read_at(&fixture, 1000000, 100), -ESTALE);
		assert_text(&fixture, "changed while it was read");
		assert_int_equal(read_at(&fixture, 0, 100), -ESTALE);
		teardown(&fixture);
	}
}

static void a_file_that_grows(void **state)
{
	static const char *const faults[] = { "/f etag=same", NULL };
	struct fixture fixture;
	_cleanup_free_ uint8_t *more = noise(SIZE + 1);

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(read_at(&fixture, 0, 256 << 10), 0);
	assert_int_equal(read_at(&fixture, SIZE - 100, 100), 0);
	temp_file(temp_path(fixture.faultd.dir, "f"), more, SIZE + 1);
	assert_int_equal(read_at(&fixture, 1000000, 100), -ESTALE);
	teardown(&fixture);
}

static void *cancel_soon(void *arg)
{
	(void)arg;
	usleep(200000);
	raise(SIGTERM);
	return NULL;
}

static void a_stop_ends_it(void **state)
{
	static const char *const faults[] = { "/f stall=300000", NULL };
	struct fixture fixture;
	pthread_t thread;

	(void)state;
	setup(&fixture, faults);
	fixture.opts.stall_s = 600;
	cancel__install();
	assert_int_equal(open_source(&fixture), 0);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
	assert_int_equal(read_at(&fixture, 300000, 2000000), -ECANCELED);
	pthread_join(thread, NULL);
	teardown(&fixture);
}

/* ---- the pages --------------------------------------------------------------------- */

static void pages(void **state)
{
	struct page_map map;
	uint64_t start, end;

	(void)state;
	assert_int_equal(page_map__init(&map, 100000), 0);
	assert_false(page_map__take(&map, 8192, &start, &end));
	assert_int_equal(page_map__want(&map, 5000, 20000, false), 0);
	assert_int_equal(page_map__want(&map, 99999, 500, false), 0);
	assert_int_equal(page_map__want(&map, 100000, 5, false), 0);
	assert_int_equal(page_map__want(&map, 50000, 1, true), 0);
	assert_true(page_map__take(&map, 8192, &start, &end));
	assert_int_equal(start, 49152);
	assert_int_equal(end, 53248);
	assert_true(page_map__take(&map, 8192, &start, &end));
	assert_int_equal(start, 4096);
	assert_int_equal(end, 12288);
	assert_false(page_map__has(&map, 4096, 1));
	assert_false(page_map__arrive(&map, 4096, 8191));
	assert_true(page_map__arrive(&map, 8191, 9000));
	assert_true(page_map__has(&map, 4096, 4096));
	assert_false(page_map__has(&map, 4096, 4097));
	/* the second page has not come, and goes before the rest */
	assert_int_equal(page_map__give_back(&map, 4096, 12288), 0);
	assert_true(page_map__take(&map, 8192, &start, &end));
	assert_int_equal(start, 8192);
	assert_int_equal(end, 12288);
	assert_true(page_map__take(&map, 1 << 20, &start, &end));
	assert_int_equal(start, 12288);
	assert_int_equal(end, 28672);
	assert_true(page_map__take(&map, 1 << 20, &start, &end));
	assert_int_equal(start, 98304);
	assert_int_equal(end, 100000);
	assert_true(page_map__arrive(&map, start, end));
	assert_true(page_map__has(&map, 99999, 1));
	assert_false(page_map__take(&map, 1 << 20, &start, &end));
	page_map__free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(bytes_that_are_asked_for),
		cmocka_unit_test(what_is_wanted_comes_in_parallel),
		cmocka_unit_test(with_a_delay),
		cmocka_unit_test(of_unknown_size),
		cmocka_unit_test(failures_that_pass),
		cmocka_unit_test(redirects_are_followed),
		cmocka_unit_test(servers_without_ranges),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(another_size_than_listed),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_file_that_changes),
		cmocka_unit_test(a_file_that_grows),
		cmocka_unit_test(a_stop_ends_it), /* for good: the last one */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
