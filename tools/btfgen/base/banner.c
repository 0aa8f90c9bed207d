/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/banner.h"

#include <ctype.h>
#include <string.h>

#define PREFIX "Linux version "
/* compilers describe themselves at length, but not at such length */
#define LINE_MAX_LEN 2048

/* The length of a parenthesized text with others nested in it; 0: it is none. */
static size_t parenthesized(const char *text, size_t len)
{
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && depth)
			depth--;
		if (!depth)
			return i ? i + 1 : 0;
	}
	return 0;
}

/*
 * What follows "(BUILDER) (COMPILER) ". Should a compiler not balance its parentheses,
 * the last ") #" tells as much.
 */
static const char *find_version(const char *text, size_t len)
{
	size_t at = 0;

	for (int group = 0; group < 2; group++) {
		size_t width = parenthesized(text + at, len - at);

		if (!width || at + width >= len || text[at + width] != ' ')
			break;
		at += width + 1;
		if (group == 1 && text[at - 1] == ' ' && at < len && text[at] == '#')
			return text + at;
	}
	for (size_t i = len; i >= 3; i--)
		if (memcmp(text + i - 3, ") #", 3) == 0)
			return text + i - 1;
	return NULL;
}

static size_t release_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && isgraph((unsigned char)text[n]) && text[n] != '(')
		n++;
	/* the next must be the builder, and a release is a number first */
	if (!n || n + 2 > len || !isdigit((unsigned char)text[0]) || memcmp(text + n, " (", 2) != 0)
		return 0;
	return n;
}

static bool take_line(const char *line, size_t len, struct banner *banner)
{
	size_t release_len = release_length(line, len);
	const char *version;
	size_t version_len;

	if (!release_len)
		return false;
	if (!banner->release) {
		banner->release = line;
		banner->release_len = release_len;
	}
	version = find_version(line + release_len + 1, len - release_len - 1);
	version_len = version ? (size_t)(line + len - version) : 0;
	if (version_len < 2 || !isdigit((unsigned char)version[1]))
		return false;
	banner->release = line;
	banner->release_len = release_len;
	banner->version = version;
	banner->version_len = version_len;
	return true;
}

static size_t line_length(const char *text, size_t len)
{
	size_t n = 0;

	if (len > LINE_MAX_LEN)
		len = LINE_MAX_LEN;
	while (n < len && text[n] != '\n' && text[n] != '\0')
		n++;
	return n < len ? n : 0;
}

bool banner__search(const void *data, size_t size, struct banner *banner)
{
	const char *at = data;
	const char *end = at + size;

	if (!size || banner->version)
		return banner->version;
	while ((at = memmem(at, end - at, PREFIX, strlen(PREFIX)))) {
		at += strlen(PREFIX);
		if (take_line(at, line_length(at, end - at), banner))
			return true;
	}
	return false;
}
