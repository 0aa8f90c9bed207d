/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

void answer__reset(struct answer *answer)
{
	free(answer->etag);
	free(answer->content_type);
	*answer = (struct answer){ .length = -1 };
}

bool answer__is_html(const struct answer *answer)
{
	return answer->content_type && strncasecmp(answer->content_type, "text/html", 9) == 0;
}

const char *answer__strong_etag(const struct answer *answer)
{
	return answer->etag && answer->etag[0] == '"' ? answer->etag : NULL;
}

static char *header_value(const char *line, size_t len, const char *name)
{
	size_t skip = strlen(name);

	if (len <= skip || strncasecmp(line, name, skip) != 0 || line[skip] != ':')
		return NULL;
	for (skip++; skip < len && (line[skip] == ' ' || line[skip] == '\t');)
		skip++;
	while (len > skip && strchr("\r\n \t", line[len - 1]))
		len--;
	return strndup(line + skip, len - skip);
}

/* "bytes 100-199/200", where the total may be "*" */
static void read_content_range(struct answer *answer, const char *value)
{
	uint64_t start, end, total = 0;

	if (sscanf(value, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &start, &end, &total) < 2)
		return;
	answer->has_range = end >= start;
	answer->range_start = start;
	answer->range_end = end;
	answer->range_total = total;
}

static void replace(char **value, char *with)
{
	if (with) {
		free(*value);
		*value = with;
	}
}

void answer__read_header(struct answer *answer, const char *line, size_t len)
{
	_cleanup_free_ char *length = header_value(line, len, "Content-Length");
	_cleanup_free_ char *range = header_value(line, len, "Content-Range");
	_cleanup_free_ char *coding = header_value(line, len, "Transfer-Encoding");

	replace(&answer->etag, header_value(line, len, "ETag"));
	replace(&answer->content_type, header_value(line, len, "Content-Type"));
	if (range)
		read_content_range(answer, range);
	if (coding)
		answer->chunked = true;
	if (length && length[0] >= '0' && length[0] <= '9')
		answer->length = strtoll(length, NULL, 10);
	if (answer->chunked)
		answer->length = -1;
}
