/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cancel.h"

/* What is installed stays: each case runs in a process of its own. */
static int status_of(int (*body)(void))
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1 && (poll_fd.revents & POLLIN);
}

static int before_and_after(void)
{
	if (cancel__requested() || cancel__fd() != -1)
		return 1;
	cancel__install();
	cancel__install();
	if (cancel__requested() || cancel__fd() < 0 || readable(cancel__fd(), 0))
		return 2;
	errno = EXDEV;
	raise(SIGINT);
	if (errno != EXDEV)
		return 3;
	if (!cancel__requested() || !readable(cancel__fd(), 0) || !readable(cancel__fd(), 0))
		return 4;
	return 0;
}

static void first_signal_asks(void **state)
{
	int status = status_of(before_and_after);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int two_signals(void)
{
	cancel__install();
	raise(SIGINT);
	raise(SIGTERM);
	return 9;
}

static void second_signal_kills(void **state)
{
	int status = status_of(two_signals);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static int reraised(void)
{
	cancel__install();
	cancel__reraise(); /* nothing asked: nothing happens */
	raise(SIGHUP);
	if (!cancel__requested())
		return 1;
	cancel__reraise();
	return 2;
}

static void reraise_ends_as_the_signal(void **state)
{
	int status = status_of(reraised);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGHUP);
}

static int ignored_before(void)
{
	signal(SIGHUP, SIG_IGN);
	cancel__install();
	raise(SIGHUP);
	return cancel__requested() ? 1 : 0;
}

static void nohup_is_respected(void **state)
{
	int status = status_of(ignored_before);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int wakes_poll(void)
{
	pid_t parent = getpid(), child;

	cancel__install();
	child = fork();
	if (child == 0) {
		usleep(50000);
		kill(parent, SIGTERM);
		_exit(0);
	}
	/* by the handler's EINTR, or by the descriptor: at once in either case */
	if (!readable(cancel__fd(), 10000) && !readable(cancel__fd(), 0))
		return 1;
	waitpid(child, NULL, 0);
	return cancel__requested() ? 0 : 2;
}

static void descriptor_wakes_a_poll(void **state)
{
	int status = status_of(wakes_poll);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_signal_asks),
		cmocka_unit_test(second_signal_kills),
		cmocka_unit_test(reraise_ends_as_the_signal),
		cmocka_unit_test(nohup_is_respected),
		cmocka_unit_test(descriptor_wakes_a_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
