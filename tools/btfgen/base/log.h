/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lines for people, on stderr. Results go to stdout by the commands themselves.
 * Thread-safe, and drawn above the progress bars where there are any.
 */
#ifndef BTFGEN_LOG_H
#define BTFGEN_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_NORMAL, LOG_LEVEL_VERBOSE };

void log__set_level(enum log_level level);
/* The name before errors and warnings, static; "btfgen" unless set at the start. */
void log__set_program(const char *name);
bool log__is_verbose(void);
bool log__is_quiet(void);
/* The program's name goes before errors and warnings; errors are shown at every level. */
void log__error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log__warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log__info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log__verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
