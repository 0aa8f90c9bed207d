/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/deb_packages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compressed.h"

/* Debian's longest line is under 100 KB (a Depends of a metapackage). */
#define LINE_LIMIT (8u << 20)

enum field { FIELD_PACKAGE, FIELD_VERSION, FIELD_FILENAME, FIELD_SIZE, FIELD_SHA256, FIELDS };

static const char *const field_names[FIELDS] = { "Package:", "Version:", "Filename:", "Size:",
						  "SHA256:" };

struct stanzas {
	const char *path;
	struct buf line;          /* the beginning of a line that goes on in the next block */
	struct buf values[FIELDS];
	deb_packages_sink sink;
	void *context;
};

static int end_stanza(struct stanzas *stanzas, struct error *err)
{
	const char *text[FIELDS];
	struct listed_package package;
	int ret = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		text[i] = buf__cstr(&stanzas->values[i]);
		if (!text[i])
			return error__oom(err);
	}
	package = (struct listed_package){
		.name = text[FIELD_PACKAGE],
		.version = text[FIELD_VERSION],
		.path = text[FIELD_FILENAME],
		.sha256 = *text[FIELD_SHA256] ? text[FIELD_SHA256] : NULL,
		.size = strtoull(text[FIELD_SIZE], NULL, 10),
	};
	if (*package.name)
		ret = stanzas->sink(stanzas->context, &package, err);
	for (size_t i = 0; i < FIELDS; i++)
		stanzas->values[i].len = 0;
	return ret;
}

static int take_line(struct stanzas *stanzas, const char *line, size_t len, struct error *err)
{
	if (len && line[len - 1] == '\r')
		len--;
	if (!len)
		return end_stanza(stanzas, err);
	for (size_t i = 0; i < FIELDS; i++) {
		size_t name_len = strlen(field_names[i]);
		struct buf *value = &stanzas->values[i];

		if (len < name_len || strncasecmp(line, field_names[i], name_len))
			continue;
		line += name_len;
		len -= name_len;
		while (len && (*line == ' ' || *line == '\t'))
			line++, len--;
		while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
			len--;
		if (memchr(line, '\0', len))
			return error__set(err, EBADMSG, "%s: a NUL byte in a field", stanzas->path);
		value->len = 0;
		buf__add(value, line, len);
		break;
	}
	return 0;
}

static int take_block(void *context, const void *data, size_t len, struct error *err)
{
	struct stanzas *stanzas = context;
	const char *at = data, *end = at + len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t part = (size_t)((newline ? newline : end) - at);
		int ret = 0;

		if (stanzas->line.len + part > LINE_LIMIT)
			return error__set(err, EBADMSG, "%s: a line of more than %u bytes",
					  stanzas->path, LINE_LIMIT);
		if (newline && !stanzas->line.len) {
			ret = take_line(stanzas, at, part, err);
		} else {
			buf__add(&stanzas->line, at, part);
			if (buf__failed(&stanzas->line))
				return error__oom(err);
			if (newline) {
				ret = take_line(stanzas, (const char *)stanzas->line.data,
						stanzas->line.len, err);
				stanzas->line.len = 0;
			}
		}
		if (ret)
			return ret;
		at += part + (newline != NULL);
	}
	return 0;
}

static void stanzas__free(struct stanzas *stanzas)
{
	buf__free(&stanzas->line);
	for (size_t i = 0; i < FIELDS; i++)
		buf__free(&stanzas->values[i]);
}

int deb_packages__read(const char *path, uint64_t limit, deb_packages_sink sink, void *context,
		       struct error *err)
{
	cleanup(stanzas__free) struct stanzas stanzas = { .path = path, .sink = sink,
							 .context = context };
	int ret = compressed__read(path, limit, take_block, &stanzas, err);

	if (!ret && stanzas.line.len)
		ret = take_line(&stanzas, (const char *)stanzas.line.data, stanzas.line.len, err);
	return ret ? ret : end_stanza(&stanzas, err);
}
