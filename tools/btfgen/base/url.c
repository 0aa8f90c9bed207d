/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool url__decode(char *text)
{
	char *out = text;

	for (; *text; text++) {
		int high, low;

		if (*text != '%') {
			*out++ = *text;
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*out++ = high << 4 | low;
		text += 2;
	}
	*out = '\0';
	return true;
}

bool url__is_file(const char *url)
{
	return strncasecmp(url, "file:", 5) == 0;
}

char *url__local_path(const char *url)
{
	_cleanup_free_ char *path = NULL;

	errno = EINVAL;
	if (!url__is_file(url))
		return NULL;
	url += strlen("file:");
	if (strncmp(url, "//", 2) == 0) {
		url += 2;
		if (strncasecmp(url, "localhost/", 10) == 0)
			url += strlen("localhost");
	}
	if (*url != '/')
		return NULL;
	path = strdup(url);
	if (!path)
		return NULL;
	if (!url__decode(path)) {
		errno = EINVAL;
		return NULL;
	}
	return steal_ptr(path);
}

char *url__display(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = NULL;
	char *text;

	if (host) {
		host += 3;
		/* the last '@' of the authority: a password may hold one that is not encoded */
		for (const char *c = host; *c && !strchr("/?#", *c); c++)
			if (*c == '@')
				at = c;
	}
	if (!at)
		return strdup(url);
	if (asprintf(&text, "%.*s%s", (int)(host - url), url, at + 1) < 0)
		return NULL;
	return text;
}
