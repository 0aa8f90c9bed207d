/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/html_links.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

#define SPACE " \t\r\n\f"

/* Where the text goes on; a NUL stands at `end`. */
struct page {
	const char *at;
	const char *end;
};

/* ---- entities -------------------------------------------------------------------- */

/* Of "&#43;" and "&#x2B;", those of ASCII: no file name needs more. 0: another. */
static char numbered(const char *text, size_t len)
{
	bool is_hex = len > 1 && (text[0] == 'x' || text[0] == 'X');
	char *end;
	unsigned long code = strtoul(text + is_hex, &end, is_hex ? 16 : 10);

	return end == text + len && isalnum((unsigned char)text[is_hex]) && code && code < 0x80 ?
		       (char)code :
		       0;
}

/* The character of the entity between '&' and ';'; 0: not known. */
static char entity(const char *text, size_t len)
{
	static const struct {
		const char *name;
		char value;
	} names[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
		      { "apos", '\'' } };

	if (len > 1 && text[0] == '#')
		return numbered(text + 1, len - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == len && !strncmp(names[i].name, text, len))
			return names[i].value;
	return 0;
}

static void add_decoded(struct buf *buf, const char *text, size_t len)
{
	while (len) {
		size_t part = 1, name_len = 0;
		char c = *text;

		while (c == '&' && 1 + name_len < len && text[1 + name_len] != ';' && name_len < 8)
			name_len++;
		if (name_len && 1 + name_len < len && text[1 + name_len] == ';') {
			char decoded = entity(text + 1, name_len);

			if (decoded) {
				c = decoded;
				part = name_len + 2;
			}
		}
		buf__add(buf, &c, 1);
		text += part;
		len -= part;
	}
}

/* ---- tags ------------------------------------------------------------------------- */

static void skip_space(struct page *page)
{
	while (page->at < page->end && *page->at && strchr(SPACE, *page->at))
		page->at++;
}

static size_t span_until(const struct page *page, const char *stops)
{
	size_t len = 0;

	while (page->at + len < page->end && (!page->at[len] || !strchr(stops, page->at[len])))
		len++;
	return len;
}

/* The value behind '=', with or without quotes; *len is its length. */
static const char *take_value(struct page *page, size_t *len)
{
	char quote[2] = { 0 };
	const char *value;

	page->at++;
	skip_space(page);
	if (page->at < page->end && (*page->at == '"' || *page->at == '\''))
		quote[0] = *page->at++;
	value = page->at;
	*len = span_until(page, quote[0] ? quote : SPACE ">");
	page->at += *len;
	if (quote[0] && page->at < page->end)
		page->at++;
	return value;
}

/* The attributes of <a>, up to its '>'; the first href counts, as in browsers. */
static const char *find_href(struct page *page, size_t *len)
{
	const char *href = NULL;

	for (;;) {
		const char *name, *value = NULL;
		size_t name_len, value_len = 0;

		skip_space(page);
		if (page->at == page->end || *page->at == '>')
			return href;
		name = page->at;
		name_len = span_until(page, SPACE "=>");
		page->at += name_len;
		skip_space(page);
		if (page->at < page->end && *page->at == '=')
			value = take_value(page, &value_len);
		else if (!name_len)
			page->at++;
		if (!href && value && name_len == 4 && !strncasecmp(name, "href", 4)) {
			href = value;
			*len = value_len;
		}
	}
}

static void skip_comment(struct page *page)
{
	const char *end = memmem(page->at, (size_t)(page->end - page->at), "-->", 3);

	page->at = end ? end + 3 : page->end;
}

int html_links__read(const char *text, size_t len, html_link_sink sink, void *context,
		     struct error *err)
{
	struct page page = { text, text + len };
	_cleanup_buf_ struct buf link = { 0 };
	int ret = 0;

	while (!ret && (page.at = memchr(page.at, '<', (size_t)(page.end - page.at)))) {
		const char *href, *decoded;
		size_t href_len;

		page.at++;
		if (page.end - page.at >= 3 && !strncmp(page.at, "!--", 3)) {
			skip_comment(&page);
			continue;
		}
		if (page.end - page.at < 2 || (*page.at != 'a' && *page.at != 'A') ||
		    !page.at[1] || !strchr(SPACE, page.at[1]))
			continue;
		page.at++;
		href = find_href(&page, &href_len);
		if (!href || memchr(href, '\0', href_len))
			continue;
		link.len = 0;
		add_decoded(&link, href, href_len);
		decoded = buf__cstr(&link);
		ret = decoded ? sink(context, decoded, err) : error__oom(err);
	}
	return ret;
}
