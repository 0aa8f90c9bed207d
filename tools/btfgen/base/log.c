/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/meter.h"

static atomic_int level = LOG_LEVEL_NORMAL;
static const char *program = "btfgen";

void log__set_program(const char *name)
{
	program = name;
}

void log__set_level(enum log_level wanted)
{
	level = wanted;
}

bool log__is_verbose(void)
{
	return level >= LOG_LEVEL_VERBOSE;
}

bool log__is_quiet(void)
{
	return level <= LOG_LEVEL_QUIET;
}

/* Names and words of foreign files end up in here: they shall not drive the terminal. */
static void disarm(char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\n' && *text != '\t') || *text == 0x7f)
			*text = '?';
}

/* `kind` NULL: no prefix at all. */
static void log_line(const char *kind, const char *fmt, va_list args)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *line = NULL;
	int len;

	if (vasprintf(&text, fmt, args) < 0) {
		text = NULL;
		return;
	}
	disarm(text);
	len = kind ? asprintf(&line, "%s: %s%s\n", program, kind, text)
		   : asprintf(&line, "%s\n", text);
	if (len < 0) {
		line = NULL;
		return;
	}
	/* one write, so that lines of other processes on the same terminal stay whole too */
	meter__pause();
	file__write(STDERR_FILENO, line, len);
	meter__resume();
}

void log__error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
}

void log__warn(const char *fmt, ...)
{
	va_list args;

	if (log__is_quiet())
		return;
	va_start(args, fmt);
	log_line("warning: ", fmt, args);
	va_end(args);
}

void log__info(const char *fmt, ...)
{
	va_list args;

	if (log__is_quiet())
		return;
	va_start(args, fmt);
	log_line(NULL, fmt, args);
	va_end(args);
}

void log__verbose(const char *fmt, ...)
{
	va_list args;

	if (!log__is_verbose())
		return;
	va_start(args, fmt);
	log_line(NULL, fmt, args);
	va_end(args);
}
