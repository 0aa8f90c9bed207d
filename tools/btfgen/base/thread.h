/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Threads that work for others, and leave signals to those who know what to do with them. */
#ifndef BTFGEN_THREAD_H
#define BTFGEN_THREAD_H

#include <pthread.h>

/* All signals are blocked in it, so that SIGPIPE and SIGXFSZ become errors. 0 or -errno. */
int thread__start(pthread_t *thread, void *(*run)(void *), void *arg);

#endif
