/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "journal_merge.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#define JOURNAL_LIMIT (512u << 20)

struct line {
	json_t *record;         /* what its texts are lent from */
	char *text;             /* as it stood in the file */
	const char *time, *key;
	bool is_done;
};

struct journal_merge {
	struct line *lines;
	size_t count, cap;
};

struct journal_merge *journal_merge__new(void)
{
	return calloc(1, sizeof(struct journal_merge));
}

void journal_merge__free(struct journal_merge *merge)
{
	if (!merge)
		return;
	for (size_t i = 0; i < merge->count; i++) {
		json_decref(merge->lines[i].record);
		free(merge->lines[i].text);
	}
	free(merge->lines);
	free(merge);
}

static struct line *add_line(struct journal_merge *merge)
{
	if (merge->count == merge->cap) {
		size_t cap = merge->cap ? 2 * merge->cap : 256;
		struct line *lines = reallocarray(merge->lines, cap, sizeof(*lines));

		if (!lines)
			return NULL;
		merge->lines = lines;
		merge->cap = cap;
	}
	return &merge->lines[merge->count];
}

static int take_line(struct journal_merge *merge, const char *text, size_t len)
{
	json_t *record = json_loadb(text, len, 0, NULL);
	const char *key = json_string_value(json_object_get(record, "key"));
	const char *time = json_string_value(json_object_get(record, "time"));
	const char *status = json_string_value(json_object_get(record, "status"));
	struct line *line = add_line(merge);

	/* what a crash cut short is no record; journal__open() passes over it, too */
	if (!line || !key || !time || !status) {
		json_decref(record);
		return line ? 0 : -ENOMEM;
	}
	*line = (struct line){ .record = record, .text = strndup(text, len), .time = time,
			       .key = key, .is_done = strcmp(status, "done") == 0 };
	merge->count++;
	return line->text ? 0 : -ENOMEM;
}

int journal_merge__take(struct journal_merge *merge, const char *path, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int res = file__read(path, JOURNAL_LIMIT, (void **)&text, &size);

	if (res == -ENOENT)
		return 0;
	if (res)
		return error__set(err, res, "%s: %s", path, strerror(-res));
	for (char *line = text, *end; (end = memchr(line, '\n', (size_t)(text + size - line)));
	     line = end + 1)
		if (take_line(merge, line, end - line))
			return error__oom(err);
	return 0;
}

/*
 * Times are of whole seconds. In one and the same, a kernel that is done counts: it is in
 * the archive.
 */
static int compare_lines(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	int order = strcmp(a->time, b->time);

	if (order || (order = strcmp(a->key, b->key)))
		return order;
	if ((order = a->is_done - b->is_done))
		return order;
	return strcmp(a->text, b->text);
}

int journal_merge__write(struct journal_merge *merge, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf text = {};
	int res;

	if (!merge->count)
		return 0;
	qsort(merge->lines, merge->count, sizeof(*merge->lines), compare_lines);
	for (size_t i = 0; i < merge->count; i++)
		if (!i || strcmp(merge->lines[i - 1].text, merge->lines[i].text) != 0)
			buf__printf(&text, "%s\n", merge->lines[i].text);
	if (buf__failed(&text))
		return error__oom(err);
	res = file__replace(path, text.data, text.len, 0666);
	return res ? error__set(err, res, "%s: %s", path, strerror(-res)) : 0;
}
