/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "terminal.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	else if (columns + strlen(sign) + 1 + strlen(text) <= TERMINAL_COLUMNS)
		terminal__print("%s %s\n", sign, text);
	else
		terminal__print("%s\n%*s%s\n", sign, (int)indent, "", text);
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
	char *line;

	if (asprintf(&line, "%*s%s:%u: %s", (int)indent, "", slash ? slash + 1 : file, number,
		     text + strspn(text, " \t")) < 0)
		abort();
	clean(line, false);
	if (line[fit(line, TERMINAL_COLUMNS)])
		printf("%.*s...\n", (int)fit(line, TERMINAL_COLUMNS - 3), line);
	else
		printf("%s\n", line);
	free(line);
}
