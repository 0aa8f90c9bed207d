/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/utc.h"

#define JOURNAL_LIMIT (512u << 20)
/* Whoever has mended something says so by running again: the first failures don't wait. */
#define FREE_TRIES 3
#define FIRST_WAIT_S (60 * 60)
#define LONGEST_WAIT_S (7 * 24 * 60 * 60)

struct journal {
	char *path;
	json_t *records; /* key -> record */
};

DEFINE_CLEANUP(journal__closep, struct journal, journal__close)

static void read_line(struct journal *journal, const char *line, size_t len)
{
	json_t *record = json_loadb(line, len, 0, NULL);
	const char *key = json_string_value(json_object_get(record, "key"));

	if (key)
		json_object_set(journal->records, key, record);
	json_decref(record);
}

struct journal *journal__open(const char *archive_path, struct error *err)
{
	struct journal *journal __attribute__((__cleanup__(journal__closep))) =
		calloc(1, sizeof(*journal));
	_cleanup_free_ char *text = NULL;
	size_t size;
	int res;

	if (!journal || asprintf(&journal->path, "%s.journal", archive_path) < 0) {
		error__oom(err);
		return NULL;
	}
	journal->records = json_object();
	res = file__read(journal->path, JOURNAL_LIMIT, (void **)&text, &size);
	if (res && res != -ENOENT) {
		error__set(err, res, "%s: %s", journal->path, strerror(-res));
		return NULL;
	}
	/* NUL bytes, which a crash may have left, end no file */
	for (char *line = text, *end;
	     line && (end = memchr(line, '\n', (size_t)(text + size - line))); line = end + 1)
		read_line(journal, line, end - line);
	return steal_ptr(journal);
}

void journal__close(struct journal *journal)
{
	if (!journal)
		return;
	json_decref(journal->records);
	free(journal->path);
	free(journal);
}

static int append(const char *path, const json_t *record)
{
	_cleanup_free_ char *text = json_dumps(record, JSON_COMPACT);
	_cleanup_close_ int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	_cleanup_buf_ struct buf line = {};
	char last = '\n';
	off_t end;

	if (fd < 0)
		return -errno;
	/* a line that a crash cut short must not swallow this one */
	end = lseek(fd, 0, SEEK_END);
	if (end > 0 && pread(fd, &last, 1, end - 1) < 0)
		return -errno;
	buf__printf(&line, "%s%s\n", last == '\n' ? "" : "\n", text ? text : "");
	if (!text || buf__failed(&line))
		return -ENOMEM;
	return file__write(fd, line.data, line.len);
}

int journal__add(struct journal *journal, const struct kernel *kernel, json_t *record,
		 struct error *err)
{
	_cleanup_free_ char *key = kernel__key(kernel);
	const char *status = json_string_value(json_object_get(record, "status"));
	const json_t *before = journal__find(journal, kernel);
	json_int_t failures = 0;
	char now[UTC_SIZE];
	int res;

	if (!key || !status) {
		json_decref(record);
		return error__oom(err);
	}
	if (strcmp(status, "failed") == 0)
		failures = 1 + json_integer_value(json_object_get(before, "failures"));
	json_object_set_new(record, "key", json_string(key));
	json_object_set_new(record, "distro", json_string(kernel->distro));
	json_object_set_new(record, "release", json_string(kernel->distro_release));
	json_object_set_new(record, "arch", json_string(kernel->arch));
	json_object_set_new(record, "kernel", json_string(kernel->kernel_release));
	json_object_set_new(record, "time", json_string(utc__format(time(NULL), now)));
	if (failures)
		json_object_set_new(record, "failures", json_integer(failures));
	res = append(journal->path, record);
	json_object_set_new(journal->records, key, record);
	return res ? error__set(err, res, "%s: %s", journal->path, strerror(-res)) : 0;
}

const json_t *journal__find(const struct journal *journal, const struct kernel *kernel)
{
	_cleanup_free_ char *key = kernel__key(kernel);

	return key ? json_object_get(journal->records, key) : NULL;
}

static bool is_url_of(const struct package *package, const char *url)
{
	return package->url && strcmp(package->url, url) == 0;
}

int64_t journal__waits_until(const struct journal *journal, const struct kernel *kernel,
			     int64_t now)
{
	const json_t *record = journal__find(journal, kernel);
	const char *status = json_string_value(json_object_get(record, "status"));
	const char *url = json_string_value(json_object_get(record, "url"));
	int64_t since = utc__parse(json_string_value(json_object_get(record, "time")));
	json_int_t failures = json_integer_value(json_object_get(record, "failures"));
	int64_t wait = FIRST_WAIT_S;

	if (!status || strcmp(status, "failed") != 0 || failures < FREE_TRIES)
		return 0;
	if (url && !is_url_of(&kernel->debug, url) && !is_url_of(&kernel->image, url))
		return 0;
	/* a clock that was wrong then, or is now, must not hold a kernel back for years */
	if (since < 0 || since > now)
		return 0;
	for (json_int_t i = FREE_TRIES; i < failures && wait < LONGEST_WAIT_S; i++)
		wait *= 2;
	if (wait > LONGEST_WAIT_S)
		wait = LONGEST_WAIT_S;
	return since + wait > now ? since + wait : 0;
}
