/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* perf_event_open(2), and ioctl(2) that gives a program to an event. */
#ifndef DOUBLE_EVENTS_H
#define DOUBLE_EVENTS_H

#include <linux/perf_event.h>

int events__check_open(const struct perf_event_attr *attr);

/* What was opened as `fd`, which the next two ask for. */
void events__opened(int fd, const struct perf_event_attr *attr);
int events__check_program(int fd);
void events__got_program(int fd);

#endif
