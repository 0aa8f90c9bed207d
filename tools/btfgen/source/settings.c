/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/settings.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define SETTINGS_LIMIT (1u << 20)

struct lines {
	const char *path;
	const char *text;       /* what is left to read */
	unsigned int line;
	bool continues;         /* the line under way belongs to the setting before it */
	struct settings *settings;
	struct error *err;
	int status;             /* the first failure */
};

/* What fgets(3) does, and counts: libinih tells its handler no line numbers. */
static char *next_line(char *line, int size, void *context)
{
	struct lines *lines = context;
	size_t len = strcspn(lines->text, "\n"), blank;

	if (!*lines->text || lines->status)
		return NULL;
	lines->line++;
	if (len + 2 > (size_t)size) {
		lines->status = error__set(lines->err, EINVAL,
					   "%s:%u: the line is longer than %d bytes: continue it "
					   "on an indented one",
					   lines->path, lines->line, size - 2);
		return NULL;
	}
	len += lines->text[len] == '\n';
	memcpy(line, lines->text, len);
	line[len] = '\0';
	lines->text += len;
	blank = strspn(line, " \t");
	lines->continues = blank && line[blank] && !strchr("\r\n;#", line[blank]);
	return line;
}

static int continue_setting(struct lines *lines, struct setting *setting, const char *value)
{
	char *joined;

	if (asprintf(&joined, "%s %s", setting->value, value) < 0)
		return error__oom(lines->err);
	free(setting->value);
	setting->value = joined;
	return 0;
}

static int add_setting(struct lines *lines, const char *section, const char *key,
		       const char *value)
{
	struct settings *settings = lines->settings;
	struct setting *items;

	for (size_t i = 0; i < settings->count; i++)
		if (!strcmp(settings->items[i].section, section) &&
		    !strcmp(settings->items[i].key, key))
			return error__set(lines->err, EINVAL,
					  "%s:%u: '%s' was given in line %u already",
					  lines->path, lines->line, key, settings->items[i].line);
	items = reallocarray(settings->items, settings->count + 1, sizeof(*items));
	if (!items)
		return error__oom(lines->err);
	settings->items = items;
	items += settings->count++;
	*items = (struct setting){ strdup(section), strdup(key), strdup(value), lines->line };
	if (!items->section || !items->key || !items->value)
		return error__oom(lines->err);
	return 0;
}

/* libinih's handler: 1 is success, and continuation lines come as the key once more. */
static int take_setting(void *context, const char *section, const char *key, const char *value)
{
	struct lines *lines = context;
	struct settings *settings = lines->settings;

	if (lines->status)
		return 0;
	if (lines->continues && settings->count)
		lines->status = continue_setting(lines, settings->items + settings->count - 1,
						 value);
	else
		lines->status = add_setting(lines, section, key, value);
	return !lines->status;
}

int settings__read(const char *path, struct settings *settings, struct error *err)
{
	struct lines lines = { .path = path, .settings = settings, .err = err };
	_cleanup_free_ void *data = NULL;
	size_t size;
	int ret = file__read(path, SETTINGS_LIMIT, &data, &size);

	if (ret)
		return error__set(err, ret, "%s cannot be read: %s", path, strerror(-ret));
	if (strlen(data) != size)
		return error__set(err, EINVAL, "%s:1: a NUL byte in the file", path);
	lines.text = data;
	ret = ini_parse_stream(next_line, &lines, take_setting, &lines);
	if (lines.status)
		return lines.status;
	if (ret > 0)
		return error__set(err, EINVAL, "%s:%d: neither a [section] nor 'key = value'", path,
				  ret);
	return ret ? error__oom(err) : 0;
}

void settings__free(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->items[i].section);
		free(settings->items[i].key);
		free(settings->items[i].value);
	}
	free(settings->items);
	*settings = (struct settings){ 0 };
}
