/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/utc.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#define FORMAT "%Y-%m-%dT%H:%M:%SZ"

char *utc__format(int64_t seconds, char text[UTC_SIZE])
{
	time_t clock = seconds;
	struct tm tm = {};

	gmtime_r(&clock, &tm);
	strftime(text, UTC_SIZE, FORMAT, &tm);
	return text;
}

int64_t utc__parse(const char *text)
{
	struct tm tm = {};
	const char *end = text ? strptime(text, FORMAT, &tm) : NULL;

	return end && !*end ? timegm(&tm) : -1;
}
