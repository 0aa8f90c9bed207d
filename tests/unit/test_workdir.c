/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/workdir.h"
#include "temp_dir.h"

static unsigned int count_runs(const char *top)
{
	DIR *dir = opendir(temp_path(top, "tmp"));
	struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += strncmp(entry->d_name, "run-", 4) == 0;
	closedir(dir);
	return count;
}

static void makes_and_removes(void **state)
{
	char *top = temp_dir__new();
	const char *path = temp_path(top, "a/b//c");
	struct error err;
	struct workdir *work = workdir__open(path, &err);
	char *one, *two;

	(void)state;
	assert_non_null(work);
	assert_int_equal(access(workdir__index(work), W_OK), 0);
	assert_int_equal(access(workdir__packages(work), W_OK), 0);
	assert_int_equal(workdir__packages(work)[0], '/');
	one = workdir__scratch(work, &err);
	two = workdir__scratch(work, &err);
	assert_string_not_equal(one, two);
	temp_file(temp_path(one, "vmlinux"), "x", 1);
	assert_int_equal(mkdir(temp_path(one, "deep"), 0700), 0);
	temp_file(temp_path(one, "deep/er"), "x", 1);
	workdir__drop(one, 0);
	temp_file(temp_path(two, "left"), "x", 1);
	free(two);
	assert_int_equal(count_runs(temp_path(top, "a/b/c")), 1);
	workdir__close(work);
	assert_int_equal(count_runs(temp_path(top, "a/b/c")), 0);
	temp_dir__remove(top);
}

static void drop_removes_now(void **state)
{
	char *top = temp_dir__new();
	struct error err;
	struct workdir *work = workdir__open(top, &err);
	char *scratch = workdir__scratch(work, &err);
	_cleanup_free_ char *path = strdup(scratch);

	(void)state;
	temp_file(temp_path(scratch, "vmlinux"), "x", 1);
	workdir__drop(scratch, 0);
	assert_int_equal(access(path, F_OK), -1);
	workdir__drop(NULL, 1);
	workdir__close(work);
	workdir__close(NULL);
	temp_dir__remove(top);
}

static void kept_scratch_stays(void **state)
{
	char *top = temp_dir__new();
	struct error err;
	struct workdir *work = workdir__open(top, &err);
	char *kept = workdir__scratch(work, &err);
	char *other = workdir__scratch(work, &err);
	_cleanup_free_ char *kept_path = strdup(kept);
	_cleanup_free_ char *other_path = strdup(other);

	(void)state;
	temp_file(temp_path(kept, "vmlinux"), "kept", 4);
	workdir__drop(kept, 1);
	free(other);
	workdir__close(work);
	assert_int_equal(file_size(temp_path(kept_path, "vmlinux")), 4);
	assert_int_equal(access(other_path, F_OK), -1);
	/* nor does the next run take it for a killed one's */
	work = workdir__open(top, &err);
	assert_non_null(work);
	workdir__close(work);
	assert_int_equal(file_size(temp_path(kept_path, "vmlinux")), 4);
	temp_dir__remove(top);
}

/* A process with a scratch file, that waits to be killed. */
static pid_t start_holder(const char *top)
{
	int ready[2];
	struct error err;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct workdir *work = workdir__open(top, &err);
		char *scratch = work ? workdir__scratch(work, &err) : NULL;

		if (!scratch)
			_exit(1);
		temp_file(temp_path(scratch, "vmlinux"), "x", 1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void killed_run_is_removed_and_live_one_not(void **state)
{
	char *top = temp_dir__new();
	pid_t live = start_holder(top);
	pid_t dead = start_holder(top);
	struct workdir *work;
	struct error err;

	(void)state;
	assert_int_equal(count_runs(top), 2);
	kill(dead, SIGKILL);
	waitpid(dead, NULL, 0);
	assert_int_equal(mkdir(temp_path(top, "tmp/run-1-nolock"), 0700), 0);
	temp_file(temp_path(top, "tmp/run-1-nolock/x"), "x", 1);
	work = workdir__open(top, &err);
	assert_non_null(work);
	assert_int_equal(count_runs(top), 2);
	assert_int_equal(access(temp_path(top, "tmp/run-1-nolock"), F_OK), -1);
	workdir__close(work);
	assert_int_equal(count_runs(top), 1);
	kill(live, SIGKILL);
	waitpid(live, NULL, 0);
	work = workdir__open(top, &err);
	workdir__close(work);
	assert_int_equal(count_runs(top), 0);
	temp_dir__remove(top);
}

#define STARTERS 8

/* Many that start and end at once: nobody loses what it just made. */
static void starting_together(void **state)
{
	char *top = temp_dir__new();
	pid_t pids[STARTERS];

	(void)state;
	for (int i = 0; i < STARTERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i])
			continue;
		for (int j = 0; j < 20; j++) {
			struct error err;
			struct workdir *work = workdir__open(top, &err);
			char *scratch = work ? workdir__scratch(work, &err) : NULL;

			if (!scratch) {
				fprintf(stderr, "%s\n", err.text);
				_exit(1);
			}
			temp_file(temp_path(scratch, "x"), "x", 1);
			usleep(1000);
			if (file_size(temp_path(scratch, "x")) != 1)
				_exit(2);
			workdir__drop(scratch, 0);
			workdir__close(work);
		}
		_exit(0);
	}
	for (int i = 0; i < STARTERS; i++) {
		int status;

		waitpid(pids[i], &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(count_runs(top), 0);
	temp_dir__remove(top);
}

static void default_place(void **state)
{
	char *top = temp_dir__new();
	struct workdir *work;
	struct error err;

	(void)state;
	setenv("XDG_CACHE_HOME", top, 1);
	work = workdir__open(NULL, &err);
	assert_non_null(work);
	assert_int_equal(access(temp_path(top, "btfgen/packages"), F_OK), 0);
	workdir__close(work);
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", top, 1);
	work = workdir__open(NULL, &err);
	assert_non_null(work);
	assert_int_equal(access(temp_path(top, ".cache/btfgen/packages"), F_OK), 0);
	workdir__close(work);
	unsetenv("HOME");
	unsetenv("XDG_CACHE_HOME");
	assert_null(workdir__open(NULL, &err));
	assert_non_null(strstr(err.text, "--work"));
	temp_dir__remove(top);
}

static void file_in_the_way(void **state)
{
	char *top = temp_dir__new();
	struct error err;

	(void)state;
	temp_file(temp_path(top, "file"), "x", 1);
	assert_int_equal(make_dirs(temp_path(top, "file")), -ENOTDIR);
	assert_int_equal(make_dirs(temp_path(top, "file/below")), -ENOTDIR);
	assert_int_equal(make_dirs(""), -ENOENT);
	assert_int_equal(make_dirs("/"), 0);
	assert_null(workdir__open(temp_path(top, "file"), &err));
	assert_int_equal(errno, ENOTDIR);
	assert_non_null(strstr(err.text, temp_path(top, "file")));
	assert_non_null(strstr(err.text, "--work"));
	temp_dir__remove(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_and_removes),
		cmocka_unit_test(drop_removes_now),
		cmocka_unit_test(kept_scratch_stays),
		cmocka_unit_test(killed_run_is_removed_and_live_one_not),
		cmocka_unit_test(starting_together),
		cmocka_unit_test(default_place),
		cmocka_unit_test(file_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
