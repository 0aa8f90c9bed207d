/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/cancel.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * A signal handler gets no argument of ours, so what it touches is here; atomic, since
 * it runs in one thread while others ask.
 */
static atomic_int stop_signal;
static atomic_int stop_fd = -1;

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

static void on_signal(int number)
{
	uint64_t one = 1;
	int none = 0;
	int saved = errno;

	if (!atomic_compare_exchange_strong(&stop_signal, &none, number)) {
		/* delivered with its default action as soon as this handler returns */
		signal(number, SIG_DFL);
		raise(number);
	} else if (write(stop_fd, &one, sizeof(one)) < 0) {
		/* pollers miss it; those who ask cancel__requested() do not */
	}
	errno = saved;
}

static void install(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction before;

	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++) {
		/* nohup, and a shell's background job, asked for it to be ignored */
		if (sigaction(stop_signals[i], NULL, &before) == 0 &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(stop_signals[i], &action, NULL);
	}
}

void cancel__install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}

bool cancel__requested(void)
{
	return stop_signal != 0;
}

int cancel__fd(void)
{
	return stop_fd;
}

void cancel__reraise(void)
{
	int number = stop_signal;
	sigset_t set;

	if (!number)
		return;
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}
