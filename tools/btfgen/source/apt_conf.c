/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/apt_conf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"

#define CONF_LIMIT (1u << 20)
#define NAME_MAX_LEN 256
#define DEPTH_MAX 16

/* Reads `name "value";` and `name { ... };` with the names of nested scopes joined by "::". */
struct scanner {
	const char *at;
	char name[NAME_MAX_LEN];   /* of the statement under way, scopes before it */
	size_t scope[DEPTH_MAX];   /* length of `name` for each scope that is open */
	size_t depth;
};

static void skip_blank(struct scanner *scan)
{
	for (;;) {
		scan->at += strspn(scan->at, " \t\r\n");
		if (!strncmp(scan->at, "/*", 2)) {
			const char *end = strstr(scan->at + 2, "*/");

			scan->at = end ? end + 2 : scan->at + strlen(scan->at);
		} else if (*scan->at == '#' || !strncmp(scan->at, "//", 2)) {
			scan->at += strcspn(scan->at, "\n");
		} else {
			return;
		}
	}
}

static void add_name(struct scanner *scan, size_t len)
{
	size_t used = scan->scope[scan->depth];

	snprintf(scan->name + used, sizeof(scan->name) - used, "%s%.*s", used ? "::" : "",
		 (int)len, scan->at);
}

static void open_scope(struct scanner *scan)
{
	if (scan->depth + 1 < DEPTH_MAX)
		scan->scope[++scan->depth] = strlen(scan->name);
}

static void close_scope(struct scanner *scan)
{
	if (scan->depth)
		scan->depth--;
	scan->name[scan->scope[scan->depth]] = '\0';
}

static bool is_true(const char *value, size_t len)
{
	static const char *const no[] = { "no", "false", "0", "off", "without", "disable" };

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (strlen(no[i]) == len && !strncasecmp(no[i], value, len))
			return false;
	return true;
}

static void take_value(struct scanner *scan, bool *check)
{
	bool quoted = *scan->at == '"';
	size_t len;

	scan->at += quoted;
	len = strcspn(scan->at, quoted ? "\"" : " \t\r\n;{}");
	if (!strcasecmp(scan->name, "Acquire::Check-Valid-Until"))
		*check = is_true(scan->at, len);
	scan->at += len;
	if (quoted && *scan->at)
		scan->at++;
}

static void scan_text(const char *text, bool *check)
{
	struct scanner scan = { .at = text };
	bool named = false;

	for (skip_blank(&scan); *scan.at; skip_blank(&scan)) {
		size_t len = strcspn(scan.at, " \t\r\n;{}\"");

		if (*scan.at == '{') {
			open_scope(&scan);
			named = false;
			scan.at++;
		} else if (*scan.at == '}' || *scan.at == ';') {
			if (*scan.at == '}')
				close_scope(&scan);
			scan.name[scan.scope[scan.depth]] = '\0';
			named = false;
			scan.at++;
		} else if (*scan.at == '"' || named) {
			take_value(&scan, check);
		} else {
			add_name(&scan, len);
			named = true;
			scan.at += len;
		}
	}
}

static int scan_file(const char *path, bool *check)
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int ret = file__read(path, CONF_LIMIT, &data, &size);

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	scan_text(data, check);
	return 0;
}

/* Names that apt reads: of letters, digits, '-', '_' and '.', without extension or ".conf". */
static int is_conf(const struct dirent *entry)
{
	const char *name = entry->d_name, *dot = strrchr(name, '.');

	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
			return 0;
	return *name != '.' && (!dot || !strcmp(dot, ".conf"));
}

int apt_conf__check_valid_until(const char *root, bool *check)
{
	_cleanup_free_ char *directory = NULL, *last = NULL;
	struct dirent **names = NULL;
	int ret = 0, count;

	if (asprintf(&directory, "%s/etc/apt/apt.conf.d", root) < 0)
		directory = NULL;
	if (asprintf(&last, "%s/etc/apt/apt.conf", root) < 0)
		last = NULL;
	if (!directory || !last)
		return -ENOMEM;
	count = scandir(directory, &names, is_conf, alphasort);
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0) {
			path = NULL;
			ret = -ENOMEM;
		}
		if (!ret)
			ret = scan_file(path, check);
		free(names[i]);
	}
	free(names);
	return ret ? ret : scan_file(last, check);
}
