/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "terminal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Others are no terminals that people read. */
#define COLUMNS_MIN 40
#define COLUMNS_MAX 1000
#define COLUMNS_USUAL 80

static bool are_sensible(long columns)
{
	return columns >= COLUMNS_MIN && columns <= COLUMNS_MAX;
}

unsigned int terminal__columns(void)
{
	const char *given = getenv("COLUMNS");
	long columns = given ? strtol(given, NULL, 10) : 0;
	struct winsize size;

	if (are_sensible(columns))
		return (unsigned int)columns;
	if (!isatty(STDOUT_FILENO))
		return TERMINAL_COLUMNS;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && are_sensible(size.ws_col))
		return size.ws_col;
	return COLUMNS_USUAL;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* In place. Those of the other half have two bytes in UTF-8, and become one. */
static void clean(char *text, bool newlines)
{
	unsigned char *to = (unsigned char *)text;

	for (const unsigned char *at = to; *at; at++) {
		bool other_half = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
		bool control = is_control(*at) && !(newlines && *at == '\n');

		*to++ = *at == '\t' ? ' ' : control || other_half ? '?' : *at;
		at += other_half;
	}
	*to = '\0';
}

void terminal__print(const char *format, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		abort();
	clean(text, true);
	fputs(text, stdout);
	free(text);
}

void terminal__more(unsigned int columns, unsigned int indent, const char *sign, const char *text)
{
	if (!*text)
		terminal__print("\n");
	else if (columns + strlen(sign) + 1 + strlen(text) <= terminal__columns())
		terminal__print("%s %s\n", sign, text);
	else
		terminal__print("%s\n%*s%s\n", sign, (int)indent, "", text);
}

size_t terminal__width(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

/* Bytes of so many columns at the most; characters are not cut in two. */
static size_t fit(const char *text, size_t columns)
{
	size_t at = 0;

	for (size_t count = 0; text[at]; at++) {
		count += (text[at] & 0xc0) != 0x80;
		if (count > columns)
			break;
	}
	return at;
}

void terminal__source(unsigned int indent, const char *file, uint32_t number, const char *text)
{
	const char *slash = strrchr(file, '/');
	size_t columns = terminal__columns();
	char *line;

	if (asprintf(&line, "%*s%s:%u: %s", (int)indent, "", slash ? slash + 1 : file, number,
		     text + strspn(text, " \t")) < 0)
		abort();
	clean(line, false);
	if (line[fit(line, columns)])
		printf("%.*s...\n", (int)fit(line, columns - 3), line);
	else
		printf("%s\n", line);
	free(line);
}
