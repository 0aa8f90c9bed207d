/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "base/cache.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/url.h"
#include "faultd.h"
#include "stage/fetch.h"

#define SIZE 300000
#define MANY (UINT64_C(1) << 40)

/* One server with one package, /f.deb, and a working directory. */
struct fixture {
	struct faultd faultd;
	struct transfers *transfers;
	struct workdir *work;
	char *top;
	struct package package;
	struct fetched fetched;
	struct error err;
	uint8_t *data;
	char sha256[SHA256_HEX_SIZE];
	char url[256];
};

static const struct transfers_opts opts = { .tries = 2, .stall_s = 5, .backoff_ms = 20 };

static void setup(struct fixture *fixture, const char *const *faults)
{
	uint8_t digest[SHA256_SIZE];

	*fixture = (struct fixture){ .data = noise(SIZE), .top = temp_dir__new() };
	faultd__start(&fixture->faultd, faults);
	temp_file(temp_path(fixture->faultd.dir, "f.deb"), fixture->data, SIZE);
	sha256__of(fixture->data, SIZE, digest);
	hex__encode(digest, sizeof(digest), fixture->sha256);
	snprintf(fixture->url, sizeof(fixture->url), "%s/f.deb", fixture->faultd.url);
	fixture->package = (struct package){
		.name = (char *)"f", .url = fixture->url, .size = SIZE, .sha256 = fixture->sha256,
	};
	fixture->transfers = transfers__new(&opts, &fixture->err);
	fixture->work = workdir__open(fixture->top, &fixture->err);
	assert_non_null(fixture->transfers);
	assert_non_null(fixture->work);
}

static void teardown(struct fixture *fixture)
{
	fetched__free(&fixture->fetched);
	transfers__free(fixture->transfers);
	workdir__close(fixture->work);
	temp_dir__remove(fixture->top);
	faultd__stop(&fixture->faultd);
	free(fixture->data);
}

static int fetch_under(struct fixture *fixture, uint64_t limit)
{
	fetched__free(&fixture->fetched);
	return fetch__package(fixture->transfers, fixture->work, &fixture->package, limit, NULL,
			      &fixture->fetched, &fixture->err);
}

static int fetch(struct fixture *fixture)
{
	return fetch_under(fixture, MANY);
}

static void assert_fetched(const struct fixture *fixture, uint64_t bytes)
{
	_cleanup_free_ void *data = NULL;
	size_t size;

	assert_non_null(fixture->fetched.path);
	assert_int_equal(file__read(fixture->fetched.path, 10 * SIZE, &data, &size), 0);
	assert_int_equal(size, SIZE);
	assert_memory_equal(data, fixture->data, SIZE);
	assert_string_equal(fixture->fetched.sha256, fixture->sha256);
	assert_int_equal(fixture->fetched.bytes, bytes);
}

static unsigned int count_cached(const struct fixture *fixture)
{
	DIR *dir = opendir(workdir__packages(fixture->work));
	struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

#define assert_text(fixture, part) \
	do { \
		if (!strstr((fixture)->err.text, part)) \
			fail_msg("\"%s\" is not in \"%s\"", part, (fixture)->err.text); \
	} while (0)

static void fetched_then_cached(void **state)
{
	struct fixture fixture;
	char upper[SHA256_HEX_SIZE];

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, SIZE);
	assert_string_equal(strrchr(fixture.fetched.path, '/') + 1, fixture.sha256);
	assert_int_equal(count_cached(&fixture), 1);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, 0);
	/* the same package under another URL, and its digest in capitals */
	for (size_t i = 0; i < sizeof(upper); i++)
		upper[i] = fixture.sha256[i] >= 'a' ? fixture.sha256[i] - 32 : fixture.sha256[i];
	fixture.package.sha256 = upper;
	fixture.package.url = (char *)"http://no-such-host.invalid/f.deb";
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, 0);
	teardown(&fixture);
}

static void damaged_cache_is_fetched_again(void **state)
{
	struct fixture fixture;
	_cleanup_free_ char *path = NULL;
	int fd;

	(void)state;
	setup(&fixture, NULL);
	assert_int_equal(fetch(&fixture), 0);
	path = strdup(fixture.fetched.path);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 1000), 1);
	close(fd);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, SIZE);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, SIZE);
	teardown(&fixture);
}

static void no_digest_and_no_size(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	fixture.package.sha256 = NULL;
	fixture.package.size = 0;
	assert_int_equal(fetch(&fixture), -EKEYREJECTED);
	assert_text(&fixture, "nothing vouches for it");
	fixture.package.keyrings = (char *[]){ (char *)"/some/keys", NULL }; /* its signature will be asked for */
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, SIZE); /* the digest is told all the same */
	assert_non_null(strstr(fixture.fetched.path, "/url-"));
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, 0);
	teardown(&fixture);
}

static void digest_that_is_none(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	fixture.package.sha256 = (char *)"../../../../etc/passwd";
	assert_int_equal(fetch(&fixture), -EBADMSG);
	assert_text(&fixture, "is no SHA-256");
	assert_int_equal(count_cached(&fixture), 0);
	teardown(&fixture);
}

static void wrong_digest_twice_is_believed(void **state)
{
	static const char *const faults[] = { "/f.deb flip=77", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(fetch(&fixture), -EBADMSG);
	assert_text(&fixture, fixture.url);
	assert_text(&fixture, fixture.sha256);
	assert_text(&fixture, "mirror");
	assert_null(fixture.fetched.path);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"status\": 200", 2), 2);
	assert_int_equal(count_cached(&fixture), 0);
	teardown(&fixture);
}

static void wrong_digest_once_is_not(void **state)
{
	static const char *const faults[] = { "/f.deb flip=77 times=1", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, 2 * SIZE);
	teardown(&fixture);
}

static void part_of_something_else(void **state)
{
	struct fixture fixture;
	char name[128];

	(void)state;
	setup(&fixture, NULL);
	snprintf(name, sizeof(name), "%s.part", fixture.sha256);
	temp_file(temp_path(workdir__packages(fixture.work), name), "not its beginning", 17);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, SIZE - 17 + SIZE);
	assert_int_equal(count_cached(&fixture), 1);
	teardown(&fixture);
}

static void web_page(void **state)
{
	static const char *const faults[] = { "/f.deb html=1", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, faults);
	assert_int_equal(fetch(&fixture), -EBADMSG);
	assert_text(&fixture, "web page");
	fixture.package.size = 0; /* found by its digest alone */
	assert_int_equal(fetch(&fixture), -EBADMSG);
	assert_text(&fixture, "web page");
	assert_text(&fixture, fixture.sha256);
	assert_int_equal(count_cached(&fixture), 0);
	teardown(&fixture);
}

static void not_there(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	unlink(temp_path(fixture.faultd.dir, "f.deb"));
	assert_int_equal(fetch(&fixture), -ENOENT);
	assert_text(&fixture, fixture.url);
	assert_text(&fixture, "index");
	assert_int_equal(count_cached(&fixture), 0);
	teardown(&fixture);
}

static void local_file_in_place(void **state)
{
	struct fixture fixture;
	char url[4200];

	(void)state;
	setup(&fixture, NULL);
	snprintf(url, sizeof(url), "file://%s/f%%2edeb", fixture.faultd.dir);
	fixture.package.url = url;
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, 0);
	assert_string_equal(fixture.fetched.path, temp_path(fixture.faultd.dir, "f.deb"));
	assert_int_equal(count_cached(&fixture), 0);
	assert_int_equal(truncate(temp_path(fixture.faultd.dir, "f.deb"), 100), 0);
	assert_int_equal(fetch(&fixture), -EBADMSG);
	assert_text(&fixture, "f.deb: it has 100 bytes where the index says 300000");
	assert_int_equal(file_size(temp_path(fixture.faultd.dir, "f.deb")), 100);
	temp_file(temp_path(fixture.faultd.dir, "f.deb"), fixture.data + 1, SIZE - 1);
	fixture.package.size = SIZE - 1;
	assert_int_equal(fetch(&fixture), -EBADMSG);
	assert_text(&fixture, "its SHA-256 is ");
	unlink(temp_path(fixture.faultd.dir, "f.deb"));
	assert_int_equal(fetch(&fixture), -ENOENT);
	fixture.package.url = (char *)"file://elsewhere/f.deb";
	assert_int_equal(fetch(&fixture), -ENOENT);
	assert_text(&fixture, "not a file of this machine");
	teardown(&fixture);
}

static void urls(void **state)
{
	static const struct {
		const char *url;
		const char *path;
	} cases[] = {
		{ "file:///a/b%20c", "/a/b c" },
		{ "file://localhost/a", "/a" },
		{ "FILE:/a", "/a" },
		{ "file:///a%2", NULL },
		{ "file:///a%00b", NULL },
		{ "file:///a%zz", NULL },
		{ "file://host/a", NULL },
		{ "http://host/a", NULL },
	};
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_free_ char *path = url__local_path(cases[i].url);

		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
		else
			assert_null(path);
	}
	text = url__display("https://u:p@ss@host:1/a@b?c");
	assert_string_equal(text, "https://host:1/a@b?c");
	free(text);
	text = url__display("https://host/a@b");
	assert_string_equal(text, "https://host/a@b");
	free(text);
}

/* A process that is fetching, killed in the middle: the next one goes on from there. */
static void killed_and_resumed(void **state)
{
	static const char *const faults[] = { "/f.deb rate=400000 times=1", NULL };
	struct fixture fixture;
	char part[4200];
	int64_t had;
	pid_t pid;

	(void)state;
	setup(&fixture, faults);
	transfers__free(fixture.transfers);
	fixture.transfers = NULL;
	snprintf(part, sizeof(part), "%s/%s.part", workdir__packages(fixture.work),
		 fixture.sha256);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fixture.transfers = transfers__new(&opts, &fixture.err);
		fetch(&fixture);
		_exit(1);
	}
	for (int i = 0; i < 1000 && file_size(part) < 50000; i++)
		usleep(5000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	had = file_size(part);
	assert_in_range(had, 50000, SIZE - 1);
	fixture.transfers = transfers__new(&opts, &fixture.err);
	assert_int_equal(fetch(&fixture), 0);
	assert_fetched(&fixture, SIZE - had);
	assert_int_equal(count_cached(&fixture), 1);
	teardown(&fixture);
}

struct one {
	struct fixture *fixture;
	pthread_t thread;
	struct fetched fetched;
	struct error err;
	int status;
};

static void *fetch_one(void *arg)
{
	struct one *one = arg;

	one->status = fetch__package(one->fixture->transfers, one->fixture->work,
				     &one->fixture->package, MANY, NULL, &one->fetched, &one->err);
	return NULL;
}

/* Four threads and another process want one package: it comes over the network once. */
static void fetched_once_for_all(void **state)
{
	static const char *const faults[] = { "/f.deb rate=1000000", NULL };
	struct one ones[4] = {};
	struct fixture fixture;
	uint64_t bytes = 0;
	int status;
	pid_t pid;

	(void)state;
	setup(&fixture, faults);
	transfers__free(fixture.transfers);
	fixture.transfers = NULL;
	pid = fork();
	assert_true(pid >= 0);
	fixture.transfers = transfers__new(&opts, &fixture.err);
	if (pid == 0)
		_exit(fetch(&fixture) ? 1 : 0);
	for (int i = 0; i < 4; i++) {
		ones[i].fixture = &fixture;
		assert_int_equal(pthread_create(&ones[i].thread, NULL, fetch_one, &ones[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(ones[i].thread, NULL);
		if (ones[i].status)
			fail_msg("%s", ones[i].err.text);
		bytes += ones[i].fetched.bytes;
		fetched__free(&ones[i].fetched);
	}
	assert_true(bytes == 0 || bytes == SIZE);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(faultd__wait(&fixture.faultd, "\"path\"", 1), 1);
	teardown(&fixture);
}

/* A file of the cache, used `age` seconds ago. */
static void add_cached(const struct fixture *fixture, const char *name, int age)
{
	const char *path = temp_path(workdir__packages(fixture->work), name);
	struct timespec times[2];

	temp_file(path, fixture->data, SIZE);
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= age;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int is_cached(const struct fixture *fixture, const char *name)
{
	return access(temp_path(workdir__packages(fixture->work), name), F_OK) == 0;
}

static void oldest_is_dropped_and_held_is_not(void **state)
{
	uint64_t usage, again;
	struct fixture fixture;
	int held;

	(void)state;
	setup(&fixture, NULL);
	add_cached(&fixture, "oldest", 400);
	add_cached(&fixture, "held", 300);
	add_cached(&fixture, "old.part", 200);
	add_cached(&fixture, "young", 100);
	held = open(temp_path(workdir__packages(fixture.work), "held"), O_RDONLY);
	assert_int_equal(flock(held, LOCK_SH), 0);
	assert_int_equal(cache__usage(workdir__packages(fixture.work), &usage), 0);
	assert_in_range(usage, 4 * SIZE, 4 * (SIZE + 65536));
	assert_int_equal(fetch_under(&fixture, usage - usage / 4), 0);
	/* five are there, and room is for three */
	assert_false(is_cached(&fixture, "oldest"));
	assert_true(is_cached(&fixture, "held"));
	assert_false(is_cached(&fixture, "old.part"));
	assert_true(is_cached(&fixture, "young"));
	assert_fetched(&fixture, SIZE);
	assert_int_equal(cache__usage(workdir__packages(fixture.work), &again), 0);
	assert_true(again <= usage - usage / 4);
	/* what is in use stays under the smallest limit, even the own one */
	assert_int_equal(fetch_under(&fixture, 0), 0);
	assert_fetched(&fixture, 0);
	assert_int_equal(count_cached(&fixture), 2);
	close(held);
	fetched__free(&fixture.fetched);
	assert_int_equal(cache__drop(workdir__packages(fixture.work), 0, 0), 0);
	assert_int_equal(count_cached(&fixture), 0);
	teardown(&fixture);
}

static void use_makes_young(void **state)
{
	struct fixture fixture;
	int fd;

	(void)state;
	setup(&fixture, NULL);
	add_cached(&fixture, "a", 200);
	add_cached(&fixture, "b", 100);
	fd = cache__hold(temp_path(workdir__packages(fixture.work), "a"));
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(cache__drop(workdir__packages(fixture.work), UINT64_MAX, 1), 0);
	assert_true(is_cached(&fixture, "a"));
	assert_false(is_cached(&fixture, "b"));
	assert_int_equal(cache__hold(temp_path(workdir__packages(fixture.work), "b")), -ENOENT);
	teardown(&fixture);
}

/* In a child whose mount namespace has a disk of 1 MB for packages. */
static int on_a_small_disk(struct fixture *fixture)
{
	const char *packages = workdir__packages(fixture->work);

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", packages, "tmpfs", 0, "size=1m") < 0)
		return 77;
	fixture->transfers = transfers__new(&opts, &fixture->err);
	/* old packages make room */
	add_cached(fixture, "oldest", 300);
	add_cached(fixture, "old", 200);
	add_cached(fixture, "young", 100);
	if (fetch(fixture) != 0 || is_cached(fixture, "oldest") || !is_cached(fixture, "old"))
		return 1;
	fetched__free(&fixture->fetched);
	/* more than the disk has, found before the first byte; nothing is dropped in vain */
	fixture->package.sha256 = NULL;
	fixture->package.allow_unsigned = true;
	fixture->package.size = 5000000;
	if (fetch(fixture) != -ENOSPC || !strstr(fixture->err.text, packages) ||
	    !strstr(fixture->err.text, "5.0 MB more are needed"))
		return 2;
	if (!is_cached(fixture, "old") || !is_cached(fixture, "young"))
		return 3;
	/* of a size that nobody told: found when it is full */
	fixture->package.size = 0;
	temp_file(temp_path(packages, "fill"), fixture->data, 100000);
	if (fetch(fixture) != -ENOSPC || !strstr(fixture->err.text, packages))
		return 4;
	return 0;
}

static void full_disk(void **state)
{
	static const char *const faults[] = { "/f.deb no_length=1", NULL };
	struct fixture fixture;
	int status;
	pid_t pid;

	(void)state;
	setup(&fixture, faults);
	transfers__free(fixture.transfers);
	fixture.transfers = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		status = on_a_small_disk(&fixture);
		if (status && status != 77)
			fprintf(stderr, "step %d: %s\n", status, fixture.err.text);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	teardown(&fixture);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		fprintf(stderr, "skipped: mounting a small disk needs root\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetched_then_cached),
		cmocka_unit_test(damaged_cache_is_fetched_again),
		cmocka_unit_test(no_digest_and_no_size),
		cmocka_unit_test(digest_that_is_none),
		cmocka_unit_test(wrong_digest_twice_is_believed),
		cmocka_unit_test(wrong_digest_once_is_not),
		cmocka_unit_test(part_of_something_else),
		cmocka_unit_test(web_page),
		cmocka_unit_test(not_there),
		cmocka_unit_test(local_file_in_place),
		cmocka_unit_test(urls),
		cmocka_unit_test(killed_and_resumed),
		cmocka_unit_test(fetched_once_for_all),
		cmocka_unit_test(oldest_is_dropped_and_held_is_not),
		cmocka_unit_test(use_makes_young),
		cmocka_unit_test(full_disk),
	};

	log__set_level(LOG_LEVEL_QUIET);
	/* the machine's own proxy is none of these tests' business */
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
