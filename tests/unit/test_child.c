/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/cancel.h"
#include "base/child.h"

static struct child_result result;
static struct error err;

/* Run `sh -c script` with further options. */
static int run_sh(const char *script, struct child_opts opts)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	opts.argv = argv;
	child_result__free(&result);
	return child__run(&opts, &result, &err);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void test_output_and_exit_code(void **state)
{
	(void)state;
	assert_int_equal(run_sh("echo out; echo err >&2; exit 7", (struct child_opts){}), 0);
	assert_int_equal(result.exit_code, 7);
	assert_string_equal(result.out, "out\n");
	assert_string_equal(result.err, "err\n");
	/* no shell between: arguments stay as they are */
	const char *const argv[] = { "printf", "%s|", "a b", "$HOME;*", NULL };
	struct child_opts opts = { .argv = argv };

	child_result__free(&result);
	assert_int_equal(child__run(&opts, &result, &err), 0);
	assert_string_equal(result.out, "a b|$HOME;*|");
}

static void test_stdin_is_empty(void **state)
{
	(void)state;
	assert_int_equal(run_sh("cat; readlink /proc/self/fd/0", (struct child_opts){}), 0);
	assert_string_equal(result.out, "/dev/null\n");
}

static void test_killed_by_signal(void **state)
{
	(void)state;
	assert_int_equal(run_sh("kill -TERM $$", (struct child_opts){}), 0);
	assert_int_equal(result.exit_code, 128 + SIGTERM);
}

static void test_no_such_program(void **state)
{
	const char *const argv[] = { "no-such-program-here", NULL };
	const char *const file[] = { in_dir("not-executable"), NULL };
	struct child_opts opts = { .argv = argv };

	(void)state;
	child_result__free(&result);
	assert_int_equal(child__run(&opts, &result, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no-such-program-here"));
	assert_null(result.out);
	assert_int_equal(file__replace(file[0], "true\n", 5, 0600), 0);
	opts.argv = file;
	assert_int_equal(child__run(&opts, &result, &err), -ENOENT);
}

static void test_failed_exec(void **state)
{
	const char *script = in_dir("no-interpreter");
	const char *const argv[] = { script, NULL };
	struct child_opts opts = { .argv = argv };

	(void)state;
	assert_int_equal(shell("echo '#!/no/such/interpreter' > \"$T/no-interpreter\"; "
			       "chmod +x \"$T/no-interpreter\""), 0);
	child_result__free(&result);
	assert_int_equal(child__run(&opts, &result, &err), -ENOENT);
	assert_non_null(strstr(err.text, script));
	assert_int_equal(run_sh("true", (struct child_opts){ .cwd = in_dir("missing") }), -ENOENT);
	assert_non_null(strstr(err.text, "missing"));
}

static void test_searched_beyond_path(void **state)
{
	char *path = strdup(getenv("PATH"));
	const char *const argv[] = { "ldconfig", "--version", NULL };
	struct child_opts opts = { .argv = argv };
	int res;

	(void)state;
	if (access("/usr/sbin/ldconfig", X_OK) && access("/sbin/ldconfig", X_OK)) {
		free(path);
		fprintf(stderr, "skipped: no ldconfig in /sbin\n");
		skip();
	}
	setenv("PATH", "/nonexistent", 1);
	child_result__free(&result);
	res = child__run(&opts, &result, &err);
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(res, 0);
	assert_int_equal(result.exit_code, 0);
}

static void test_environment_and_directory(void **state)
{
	const char *const env[] = { "CHILD_TEST=new", "CHILD_OTHER=x=y", NULL };

	(void)state;
	setenv("CHILD_TEST", "old", 1);
	setenv("CHILD_TEST_LONGER", "kept", 1);
	assert_int_equal(run_sh("env | grep ^CHILD_ | sort; pwd -P",
				(struct child_opts){ .env = env, .cwd = "/usr" }), 0);
	assert_string_equal(result.out, "CHILD_OTHER=x=y\nCHILD_TEST=new\n"
			    "CHILD_TEST_LONGER=kept\n/usr\n");
	assert_string_equal(getenv("CHILD_TEST"), "old");
}

static void test_descriptors(void **state)
{
	int fd = open("/etc/passwd", O_RDONLY); /* on purpose without O_CLOEXEC */
	int high = fcntl(fd, F_DUPFD, 50);

	(void)state;
	assert_int_equal(run_sh("for f in /proc/$$/fd/*; do echo ${f##*/}; done",
				(struct child_opts){}), 0);
	assert_null(strstr(result.out, "50\n"));
	assert_int_equal(run_sh("readlink /proc/self/fd/3",
				(struct child_opts){ .extra_fd = high }), 0);
	assert_string_equal(result.out, "/etc/passwd\n");
	close(high);
	close(fd);
}

static void test_fresh_signals(void **state)
{
	unsigned long long blk, ign;
	sigset_t blocked, before;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_sh("grep -E 'Sig(Blk|Ign)' /proc/self/status",
				(struct child_opts){}), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* 32 and 33 are the C library's own: nobody can reset them */
	assert_int_equal(sscanf(result.out, "SigBlk: %llx SigIgn: %llx", &blk, &ign), 2);
	assert_int_equal(blk & 0x7fffffff, 0);
	assert_int_equal(ign & 0x7fffffff, 0);
}

static void test_much_output(void **state)
{
	(void)state;
	/* 3 MB each: stdout keeps its beginning, stderr its end */
	assert_int_equal(run_sh("printf begin; yes 1234567 | head -c 3000000; "
				"{ yes 1234567 | head -c 3000000; printf end; } >&2",
				(struct child_opts){ .timeout_s = 60 }), 0);
	assert_int_equal(strlen(result.out), 1024 * 1024);
	assert_memory_equal(result.out, "begin1234567\n", 13);
	assert_int_equal(strlen(result.err), 1024 * 1024);
	assert_string_equal(result.err + 1024 * 1024 - 11, "1234567\nend");
}

static bool is_gone(long pid)
{
	for (int tries = 0; tries < 100; tries++) {
		char path[64], state = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
		file = fopen(path, "r");
		if (!file)
			return true;
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 'X';
		fclose(file);
		/* nobody may reap orphans in a container */
		if (state == 'Z' || state == 'X')
			return true;
		usleep(20000);
	}
	return false;
}

static void test_timeout_kills_all(void **state)
{
	double start = seconds();

	(void)state;
	assert_int_equal(run_sh("sleep 100 & echo $!; sleep 100",
				(struct child_opts){ .timeout_s = 1 }), -ETIMEDOUT);
	assert_true(seconds() - start < 10);
	assert_non_null(strstr(err.text, "sh did not end within 1 s"));
	assert_true(atol(result.out) > 1);
	assert_true(is_gone(atol(result.out)));
}

static void test_endless_output_meets_timeout(void **state)
{
	(void)state;
	assert_int_equal(run_sh("yes", (struct child_opts){ .timeout_s = 1 }), -ETIMEDOUT);
	assert_int_equal(strlen(result.out), 1024 * 1024);
}

static void test_background_dies_with_it(void **state)
{
	double start = seconds();

	(void)state;
	/* it holds the pipes, too */
	assert_int_equal(run_sh("sleep 100 & echo $!", (struct child_opts){}), 0);
	assert_true(seconds() - start < 10);
	assert_true(is_gone(atol(result.out)));
	/* and without the pipes, while the program goes on */
	assert_int_equal(run_sh("exec >&- 2>&-; sleep 0.3; exit 5", (struct child_opts){}), 0);
	assert_int_equal(result.exit_code, 5);
}

static void test_memory_limit(void **state)
{
	(void)state;
	assert_int_equal(run_sh("ulimit -v", (struct child_opts){ .memory_limit = 1ULL << 30 }), 0);
	assert_string_equal(result.out, "1048576\n");
}

static void test_tail(void **state)
{
	struct child_result said = {
		.out = "stdout\n", .err = "first line\nsecond\tline\nlast\n\n",
	};
	char tail[64];

	(void)state;
	assert_string_equal(child_result__tail(&said, tail, sizeof(tail)),
			    "first line;second line;last");
	assert_string_equal(child_result__tail(&said, tail, 20), "second line;last");
	assert_string_equal(child_result__tail(&said, tail, 4), "ast");
	said.err = "";
	assert_string_equal(child_result__tail(&said, tail, sizeof(tail)), "stdout");
	said.out = "\n";
	assert_string_equal(child_result__tail(&said, tail, sizeof(tail)), "it said nothing");
}

static void *run_in_thread(void *arg)
{
	const char *const argv[] = { "sh", "-c", arg, NULL };
	struct child_opts opts = { .argv = argv };
	struct child_result mine;
	struct error why;
	bool good = true;

	for (int i = 0; i < 20; i++) {
		good &= child__run(&opts, &mine, &why) == 0 && mine.exit_code == 3 &&
			strcmp(mine.out, "x\n") == 0;
		child_result__free(&mine);
	}
	return good ? arg : NULL;
}

static void test_threads(void **state)
{
	static char script[] = "echo x; exit 3";
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, script), 0);
	for (int i = 0; i < 4; i++) {
		void *good;

		pthread_join(threads[i], &good);
		assert_non_null(good);
	}
}

static void *interrupt_soon(void *arg)
{
	usleep(200000);
	kill(getpid(), SIGTERM);
	return arg;
}

/* The last one: a stop once asked for is never taken back. */
static void test_cancel(void **state)
{
	double start = seconds();
	pthread_t thread;

	(void)state;
	cancel__install();
	assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
	assert_int_equal(run_sh("sleep 100 & echo $!; sleep 100", (struct child_opts){}),
			 -ECANCELED);
	pthread_join(thread, NULL);
	assert_true(seconds() - start < 10);
	assert_true(is_gone(atol(result.out)));
	child_result__free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_exit_code),
		cmocka_unit_test(test_stdin_is_empty),
		cmocka_unit_test(test_killed_by_signal),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_failed_exec),
		cmocka_unit_test(test_searched_beyond_path),
		cmocka_unit_test(test_environment_and_directory),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_fresh_signals),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_timeout_kills_all),
		cmocka_unit_test(test_endless_output_meets_timeout),
		cmocka_unit_test(test_background_dies_with_it),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
