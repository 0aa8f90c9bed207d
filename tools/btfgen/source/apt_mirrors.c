/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/apt_mirrors.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/words.h"
#include "source/apt_conf.h"

#define SOURCES_LIMIT (4u << 20)

/* One entry of either form, before its URIs are sources. */
struct entry {
	char **types, **uris, **suites, **components;
	char *signed_by;
	bool disabled, check_valid_until;
};

static void entry__free(struct entry *entry)
{
	words__free(entry->types);
	words__free(entry->uris);
	words__free(entry->suites);
	words__free(entry->components);
	free(entry->signed_by);
	*entry = (struct entry){ 0 };
}

static bool is_no(const char *value)
{
	return !strcasecmp(value, "no") || !strcasecmp(value, "false") || !strcmp(value, "0") ||
	       !strcasecmp(value, "off") || !strcasecmp(value, "without") ||
	       !strcasecmp(value, "disable");
}

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncasecmp(text, prefix, strlen(prefix));
}

/* ---- entries to sources --------------------------------------------------------- */

static int add_source(struct apt_config *config, const struct entry *entry, const char *uri)
{
	struct apt_source *grown, *source;
	size_t len;

	grown = reallocarray(config->sources, config->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	config->sources = grown;
	source = &grown[config->count++];
	*source = (struct apt_source){ .check_valid_until = entry->check_valid_until };
	if (has_prefix(uri, "copy:"))
		uri += strlen("copy:");
	else if (has_prefix(uri, "file:"))
		uri += strlen("file:");
	if (uri[0] == '/' && uri[1] != '/') {
		if (asprintf(&source->url, "file://%s", uri) < 0)
			source->url = NULL;
	} else if (uri[0] == '/') {
		if (asprintf(&source->url, "file:%s", uri) < 0)
			source->url = NULL;
	} else {
		source->url = strdup(uri);
	}
	source->suites = words__split(NULL);
	source->components = words__split(NULL);
	source->signed_by = entry->signed_by ? strdup(entry->signed_by) : NULL;
	if (!source->url || !source->suites || !source->components ||
	    (entry->signed_by && !source->signed_by))
		return -ENOMEM;
	for (size_t i = 0; entry->suites && entry->suites[i]; i++)
		if (words__add(&source->suites, entry->suites[i]))
			return -ENOMEM;
	for (size_t i = 0; entry->components && entry->components[i]; i++)
		if (words__add(&source->components, entry->components[i]))
			return -ENOMEM;
	for (len = strlen(source->url); len && source->url[len - 1] == '/'; len--)
		source->url[len - 1] = '\0';
	return 0;
}

static bool is_supported(const char *uri)
{
	return has_prefix(uri, "http://") || has_prefix(uri, "https://") ||
	       has_prefix(uri, "ftp://") || has_prefix(uri, "file:/") || has_prefix(uri, "copy:/");
}

/* mirror+file:/path: a URI a line, with attributes behind a tab (apt-transport-mirror(1)). */
static int add_mirror_list(struct apt_config *config, const struct entry *entry, const char *root,
			   const char *uri)
{
	const char *path = uri + strlen("mirror+file:");
	_cleanup_free_ char *full = NULL;
	_cleanup_free_ void *data = NULL;
	char *rest, *line;
	size_t size;
	int ret = 0;

	if (asprintf(&full, "%s%s", root, path + (has_prefix(path, "//") ? 2 : 0)) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	ret = file__read(full, SOURCES_LIMIT, &data, &size);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (rest = data; !ret && (line = strsep(&rest, "\n"));) {
		line[strcspn(line, " \t\r#")] = '\0';
		if (is_supported(line))
			ret = add_source(config, entry, line);
	}
	return ret;
}

static int add_entry(struct apt_config *config, const struct entry *entry, const char *root)
{
	int ret = 0;

	if (entry->disabled || !entry->types ||
	    !words__allow((const char *const *)entry->types, "deb"))
		return 0;
	for (size_t i = 0; !ret && entry->uris && entry->uris[i]; i++) {
		const char *uri = entry->uris[i];

		if (is_supported(uri))
			ret = add_source(config, entry, uri);
		else if (has_prefix(uri, "mirror+file:/"))
			ret = add_mirror_list(config, entry, root, uri);
	}
	return ret;
}

/* A path, or the key itself, which marks nothing. "key.gpg,FINGERPRINT" names a file too. */
static int set_signed_by(struct entry *entry, const char *value)
{
	value += strspn(value, " \t\n");
	free(entry->signed_by);
	entry->signed_by = NULL;
	if (*value != '/')
		return 0;
	entry->signed_by = strndup(value, strcspn(value, " \t\n,"));
	return entry->signed_by ? 0 : -ENOMEM;
}

/* ---- deb822 --------------------------------------------------------------------- */

static int set_words(char ***field, const char *value)
{
	words__free(*field);
	*field = words__split(value);
	return *field ? 0 : -ENOMEM;
}

static int set_field(struct entry *entry, const char *name, const char *value)
{
	if (!strcasecmp(name, "Types"))
		return set_words(&entry->types, value);
	if (!strcasecmp(name, "URIs"))
		return set_words(&entry->uris, value);
	if (!strcasecmp(name, "Suites"))
		return set_words(&entry->suites, value);
	if (!strcasecmp(name, "Components"))
		return set_words(&entry->components, value);
	if (!strcasecmp(name, "Signed-By"))
		return set_signed_by(entry, value);
	if (!strcasecmp(name, "Enabled"))
		entry->disabled = is_no(value);
	else if (!strcasecmp(name, "Check-Valid-Until"))
		entry->check_valid_until = !is_no(value);
	return 0;
}

/* The field that `buf` has gathered, "Name: value" with its further lines. */
static int end_field(struct entry *entry, struct buf *field)
{
	char *text = (char *)buf__cstr(field), *colon;
	int ret = 0;

	if (!text)
		return -ENOMEM;
	colon = strchr(text, ':');
	if (colon) {
		char *value = colon + 1 + strspn(colon + 1, " \t");
		size_t len = strlen(value);

		*colon = '\0';
		while (len && strchr(" \t\r\n", value[len - 1]))
			value[--len] = '\0';
		ret = set_field(entry, text, value);
	}
	field->len = 0;
	return ret;
}

static int read_deb822(struct apt_config *config, const char *root, char *text, bool check)
{
	cleanup(entry__free) struct entry entry = { .check_valid_until = check };
	_cleanup_buf_ struct buf field = { 0 };
	char *line;
	int ret = 0;

	while (!ret && (line = strsep(&text, "\n"))) {
		if (*line == '#')
			continue;
		if ((*line == ' ' || *line == '\t') && line[strspn(line, " \t\r")]) {
			buf__printf(&field, "\n%s", line);
			continue;
		}
		ret = end_field(&entry, &field);
		if (line[strspn(line, " \t\r")]) {
			buf__printf(&field, "%s", line);
		} else if (!ret) {
			ret = add_entry(config, &entry, root);
			entry__free(&entry);
			entry.check_valid_until = check;
		}
	}
	if (!ret)
		ret = end_field(&entry, &field);
	return ret ? ret : add_entry(config, &entry, root);
}

/* ---- one-line ------------------------------------------------------------------- */

static int set_option(struct entry *entry, const char *option)
{
	const char *value = strchr(option, '=');

	if (!value)
		return 0;
	if (has_prefix(option, "signed-by="))
		return set_signed_by(entry, value + 1);
	if (has_prefix(option, "check-valid-until="))
		entry->check_valid_until = !is_no(value + 1);
	return 0;
}

/* deb [ option=value ... ] uri suite [component ...] */
static int read_line(struct apt_config *config, const char *root, char *line, bool check)
{
	cleanup(entry__free) struct entry entry = { .check_valid_until = check };
	_cleanup_words_ char **options = NULL, **words = NULL;
	char *open;

	line[strcspn(line, "#")] = '\0';
	open = strchr(line, '[');
	/* "cdrom:[Debian ...]" is a URI, not options */
	if (open && open > line && strchr(" \t", open[-1])) {
		char *close = strchr(open, ']');

		if (!close)
			return 0;
		*close = '\0';
		options = words__split(open + 1);
		if (!options)
			return -ENOMEM;
		memset(open, ' ', (size_t)(close + 1 - open));
	}
	words = words__split(line);
	if (!words)
		return -ENOMEM;
	if (words__count((const char *const *)words) < 4)
		return 0;
	for (size_t i = 0; options && options[i]; i++)
		if (set_option(&entry, options[i]))
			return -ENOMEM;
	if (set_words(&entry.types, words[0]) || set_words(&entry.uris, words[1]) ||
	    set_words(&entry.suites, words[2]) || set_words(&entry.components, NULL))
		return -ENOMEM;
	for (size_t i = 3; words[i]; i++)
		if (words__add(&entry.components, words[i]))
			return -ENOMEM;
	return add_entry(config, &entry, root);
}

static int read_one_line(struct apt_config *config, const char *root, char *text, bool check)
{
	char *line;
	int ret = 0;

	while (!ret && (line = strsep(&text, "\n")))
		ret = read_line(config, root, line, check);
	return ret;
}

/* ---- files ---------------------------------------------------------------------- */

/* What cannot be read is apt's business, not ours. */
static int read_file(struct apt_config *config, const char *root, const char *path, bool check)
{
	_cleanup_free_ void *data = NULL;
	size_t size, len = strlen(path);
	int ret = file__read(path, SOURCES_LIMIT, &data, &size);

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	if (len > 8 && !strcmp(path + len - 8, ".sources"))
		return read_deb822(config, root, data, check);
	return read_one_line(config, root, data, check);
}

static int is_sources(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot &&
	       (!strcmp(dot, ".list") || !strcmp(dot, ".sources"));
}

static int read_directory(struct apt_config *config, const char *root, bool check)
{
	_cleanup_free_ char *directory = NULL;
	struct dirent **names;
	int ret = 0, count;

	if (asprintf(&directory, "%s/etc/apt/sources.list.d", root) < 0) {
		directory = NULL;
		return -ENOMEM;
	}
	count = scandir(directory, &names, is_sources, alphasort);
	if (count < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = NULL;

		if (ret || asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0) {
			path = NULL;
			ret = ret ? ret : -ENOMEM;
		} else {
			ret = read_file(config, root, path, check);
		}
		free(names[i]);
	}
	free(names);
	return ret;
}

int apt_config__read(const char *root, struct apt_config *config, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	bool check = true;
	int ret;

	*config = (struct apt_config){ 0 };
	ret = apt_conf__check_valid_until(root, &check);
	if (!ret && asprintf(&path, "%s/etc/apt/sources.list", root) < 0) {
		path = NULL;
		ret = -ENOMEM;
	}
	if (!ret)
		ret = read_file(config, root, path, check);
	if (!ret)
		ret = read_directory(config, root, check);
	if (!ret)
		return 0;
	apt_config__free(config);
	return error__oom(err);
}

void apt_config__free(struct apt_config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->sources[i].url);
		words__free(config->sources[i].suites);
		words__free(config->sources[i].components);
		free(config->sources[i].signed_by);
	}
	free(config->sources);
	*config = (struct apt_config){ 0 };
}

/* ---- choice --------------------------------------------------------------------- */

#define RANK_NO 6 /* past all ranks */

/* apt takes "bookworm/" for a flat repository and "stretch/updates" for a suite. */
static bool knows_any(const struct apt_source *source, const char *const *suites)
{
	for (; suites && *suites; suites++)
		if (words__allow((const char *const *)source->suites, *suites))
			return true;
	return false;
}

/* Entries that the distribution's keyring marks, then unmarked ones, then other keys'. */
static int rank(const struct apt_source *source, const struct apt_query *query)
{
	bool exact = words__allow((const char *const *)source->suites, query->suite);
	int keys = 1;

	if (!words__allow((const char *const *)source->components, query->component) ||
	    (!exact && !knows_any(source, query->suites)))
		return RANK_NO;
	if (source->signed_by && query->signed_by)
		keys = fnmatch(query->signed_by, source->signed_by, 0) ? 2 : 0;
	return 2 * keys + !exact;
}

int apt_config__find(const struct apt_config *config, const struct apt_query *query,
		     const struct apt_source ***found, size_t *count, struct error *err)
{
	const struct apt_source **list = calloc(config->count + 1, sizeof(*list));
	size_t listed = 0;

	if (!list)
		return error__oom(err);
	for (int wanted = 0; wanted < RANK_NO; wanted++) {
		for (size_t i = 0; i < config->count; i++) {
			const struct apt_source *source = &config->sources[i];
			bool known = false;

			for (size_t j = 0; j < listed; j++)
				known |= !strcmp(list[j]->url, source->url);
			if (!known && rank(source, query) == wanted)
				list[listed++] = source;
		}
	}
	*found = list;
	*count = listed;
	return 0;
}
