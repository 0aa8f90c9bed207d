/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/manifest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "source/repository.h"
#include "source/settings.h"

struct reader {
	const char *path;
	struct error *err;
	int status;
	struct settings settings;
	struct release defaults; /* what [distribution] says for every release */
	struct manifest *manifest;
};

/* The first complaint stays. */
static int __attribute__((format(printf, 3, 4)))
complain(struct reader *reader, unsigned int line, const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (reader->status)
		return reader->status;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	reader->status = error__set(reader->err, EINVAL, "%s:%u: %s; see btfgen-manifest(5)",
				    reader->path, line, text);
	return reader->status;
}

static int out_of_memory(struct reader *reader)
{
	reader->status = error__oom(reader->err);
	return reader->status;
}

/* ---- settings to values --------------------------------------------------------- */

enum value_type { VALUE_TEXT, VALUE_WORDS, VALUE_CHOICE, VALUE_TYPE, VALUE_OTHER };

/* Where a key's value goes in the struct of its section. */
struct key {
	const char *name;
	enum value_type type;
	size_t offset;
	const char *no, *yes;   /* of a choice */
};

#define RELEASE_KEYS \
	{ "keyring", VALUE_WORDS, offsetof(struct release, keyrings), NULL, NULL }, \
	{ "key", VALUE_WORDS, offsetof(struct release, keys), NULL, NULL }, \
	{ "embedded", VALUE_TEXT, offsetof(struct release, embedded_text), NULL, NULL }, \
	{ "valid-until", VALUE_CHOICE, offsetof(struct release, ignore_valid_until), "check", \
	  "ignore" }, \
	{ "expired-keys", VALUE_CHOICE, offsetof(struct release, accept_expired_keys), "refuse", \
	  "accept" }, \
	{ "kernel-release", VALUE_TEXT, offsetof(struct release, kernel_release), NULL, NULL }, \
	{ "debug-package", VALUE_TEXT, offsetof(struct release, debug.text), NULL, NULL }, \
	{ "debug-member", VALUE_TEXT, offsetof(struct release, debug.member), NULL, NULL }, \
	{ "image-package", VALUE_TEXT, offsetof(struct release, image.text), NULL, NULL }, \
	{ "image-member", VALUE_TEXT, offsetof(struct release, image.member), NULL, NULL }

static const struct key default_keys[] = { RELEASE_KEYS, { 0 } };

static const struct key distribution_keys[] = {
	{ "id", VALUE_TEXT, offsetof(struct manifest, id), NULL, NULL },
	{ "name", VALUE_TEXT, offsetof(struct manifest, name), NULL, NULL },
	{ "keyring-package", VALUE_TEXT, offsetof(struct manifest, keyring_package), NULL, NULL },
	{ "type", VALUE_TYPE, offsetof(struct manifest, type), NULL, NULL },
	{ "architectures", VALUE_OTHER, 0, NULL, NULL },
	{ 0 }
};

static const struct key repository_keys[] = {
	{ "type", VALUE_TYPE, offsetof(struct repository, type), NULL, NULL },
	{ "metalink", VALUE_TEXT, offsetof(struct repository, metalink), NULL, NULL },
	{ "mirrorlist", VALUE_TEXT, offsetof(struct repository, mirrorlist), NULL, NULL },
	{ "client-certificate", VALUE_TEXT, offsetof(struct repository, client_certificate), NULL,
	  NULL },
	{ "client-key", VALUE_TEXT, offsetof(struct repository, client_key), NULL, NULL },
	{ "ca-certificate", VALUE_TEXT, offsetof(struct repository, ca_certificate), NULL, NULL },
	{ "search", VALUE_WORDS, offsetof(struct repository, search), NULL, NULL },
	{ "files", VALUE_TEXT, offsetof(struct repository, files), NULL, NULL },
	{ "mirror", VALUE_WORDS, offsetof(struct repository, mirrors), NULL, NULL },
	{ "mirror-of", VALUE_TEXT, offsetof(struct repository, mirror_of), NULL, NULL },
	{ "apt-suites", VALUE_WORDS, offsetof(struct repository, apt_suites), NULL, NULL },
	{ "apt-signed-by", VALUE_TEXT, offsetof(struct repository, apt_signed_by), NULL, NULL },
	{ "origin", VALUE_TEXT, offsetof(struct repository, origin), NULL, NULL },
	{ "label", VALUE_TEXT, offsetof(struct repository, label), NULL, NULL },
	{ "component", VALUE_TEXT, offsetof(struct repository, component), NULL, NULL },
	{ "architectures", VALUE_WORDS, offsetof(struct repository, arches), NULL, NULL },
	{ "signature", VALUE_CHOICE, offsetof(struct repository, signature_required), "optional",
	  "required" },
	{ 0 }
};

static const struct key release_keys[] = {
	{ "version", VALUE_TEXT, offsetof(struct release, version), NULL, NULL },
	{ "series", VALUE_WORDS, offsetof(struct release, series), NULL, NULL },
	{ "suites", VALUE_OTHER, 0, NULL, NULL },
	{ "architectures", VALUE_WORDS, offsetof(struct release, arches), NULL, NULL },
	RELEASE_KEYS,
	{ 0 }
};

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static int set_value(struct reader *reader, const struct setting *setting, const struct key *key,
		     void *object)
{
	void *field = (char *)object + key->offset;

	if (!*setting->value)
		return complain(reader, setting->line, "'%s' has no value", setting->key);
	if (key->type == VALUE_CHOICE) {
		if (strcmp(setting->value, key->yes) && strcmp(setting->value, key->no))
			return complain(reader, setting->line, "'%s' is '%s' or '%s', not '%s'",
					setting->key, key->no, key->yes, setting->value);
		*(bool *)field = !strcmp(setting->value, key->yes);
		return 0;
	}
	if (key->type == VALUE_TYPE) {
		*(enum repository_type *)field = repository_type__parse(setting->value);
		return *(enum repository_type *)field != REPOSITORY_UNKNOWN ?
			       0 :
			       complain(reader, setting->line, "'type' is " REPOSITORY_TYPES
					", not '%s'", setting->value);
	}
	if (key->type == VALUE_WORDS) {
		*(char ***)field = words__split(setting->value);
		return *(char ***)field ? 0 : out_of_memory(reader);
	}
	*(char **)field = strdup(setting->value);
	return *(char **)field ? 0 : out_of_memory(reader);
}

/* "x86_64:amd64 aarch64:arm64"; without a colon both names are one. */
static int set_arches(struct reader *reader, const struct setting *setting)
{
	struct manifest *manifest = reader->manifest;
	_cleanup_words_ char **words = words__split(setting->value);
	size_t count = words ? words__count((const char *const *)words) : 0;

	if (!words)
		return out_of_memory(reader);
	if (!count)
		return complain(reader, setting->line, "'architectures' has no value");
	manifest->arches = calloc(count, sizeof(*manifest->arches));
	if (!manifest->arches)
		return out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		struct architecture *arch = &manifest->arches[i];
		char *colon = strchr(words[i], ':');

		arch->alias = strdup(colon ? colon + 1 : words[i]);
		if (colon)
			*colon = '\0';
		arch->name = strdup(words[i]);
		manifest->arch_count++;
		if (!arch->name || !arch->alias)
			return out_of_memory(reader);
		if (!*arch->name || !*arch->alias)
			return complain(reader, setting->line,
					"an architecture is 'uname -m', or that, a colon and the "
					"distribution's name: x86_64:amd64");
	}
	return 0;
}

/* "main:bookworm security:bookworm-security" */
static int set_suites(struct reader *reader, const struct setting *setting,
		      struct release *release)
{
	_cleanup_words_ char **words = words__split(setting->value);
	size_t count = words ? words__count((const char *const *)words) : 0;

	if (!words)
		return out_of_memory(reader);
	release->suites = calloc(count ? count : 1, sizeof(*release->suites));
	if (!release->suites)
		return out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		struct suite *suite = &release->suites[i];
		char *colon = strchr(words[i], ':');

		if (!colon || !colon[1])
			return complain(reader, setting->line,
					"a suite is a repository's name, a colon and a path, not "
					"'%s'",
					words[i]);
		*colon = '\0';
		suite->repository = manifest__repository(reader->manifest, words[i]);
		if (!suite->repository)
			return complain(reader, setting->line,
					"there is no [repository %s] above this line", words[i]);
		suite->path = strdup(colon + 1);
		if (!suite->path)
			return out_of_memory(reader);
		release->suite_count++;
	}
	return 0;
}

/* ---- sections ------------------------------------------------------------------- */

static struct repository *get_repository(struct reader *reader, const char *name)
{
	struct manifest *manifest = reader->manifest;
	struct repository **grown, *repository;

	for (size_t i = 0; i < manifest->repository_count; i++)
		if (!strcmp(manifest->repositories[i]->name, name))
			return manifest->repositories[i];
	/* Each apart, since suites point to them while more are added. */
	grown = reallocarray(manifest->repositories, manifest->repository_count + 1,
			     sizeof(*grown));
	if (!grown)
		return NULL;
	manifest->repositories = grown;
	repository = calloc(1, sizeof(*repository));
	if (!repository)
		return NULL;
	grown[manifest->repository_count++] = repository;
	repository->name = strdup(name);
	return repository->name ? repository : NULL;
}

static struct release *get_release(struct reader *reader, const char *codename)
{
	struct manifest *manifest = reader->manifest;
	struct release *grown, *release;

	for (size_t i = 0; i < manifest->release_count; i++)
		if (!strcmp(manifest->releases[i].codename, codename))
			return &manifest->releases[i];
	grown = reallocarray(manifest->releases, manifest->release_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	manifest->releases = grown;
	release = &grown[manifest->release_count++];
	*release = (struct release){
		.codename = strdup(codename),
		.ignore_valid_until = reader->defaults.ignore_valid_until,
		.accept_expired_keys = reader->defaults.accept_expired_keys,
	};
	return release->codename ? release : NULL;
}

static int apply(struct reader *reader, const struct setting *setting)
{
	const char *name = strchr(setting->section, ' ');
	size_t kind_len = strcspn(setting->section, " ");
	const struct key *keys = NULL, *key;
	void *object = NULL;

	name = name ? name + strspn(name, " ") : "";
	if (!strcmp(setting->section, "distribution")) {
		object = reader->manifest;
		keys = distribution_keys;
		if (find_key(default_keys, setting->key)) {
			object = &reader->defaults;
			keys = default_keys;
		}
	} else if (kind_len == 10 && !strncmp(setting->section, "repository", 10) && *name) {
		object = get_repository(reader, name);
		keys = repository_keys;
	} else if (kind_len == 7 && !strncmp(setting->section, "release", 7) && *name) {
		object = get_release(reader, name);
		keys = release_keys;
	} else {
		return complain(reader, setting->line,
				"unknown section [%s]: there are [distribution], "
				"[repository NAME] and [release CODENAME]",
				setting->section);
	}
	if (!object)
		return out_of_memory(reader);
	key = find_key(keys, setting->key);
	if (!key)
		return complain(reader, setting->line, "unknown key '%s' in [%s]", setting->key,
				setting->section);
	if (key->type != VALUE_OTHER)
		return set_value(reader, setting, key, object);
	if (keys == release_keys)
		return set_suites(reader, setting, object);
	return set_arches(reader, setting);
}

/* ---- what must hold of the whole ------------------------------------------------ */

/* The line of a key in a section, or of its first key where `key` is NULL; 0: not there. */
static unsigned int find_line(const struct reader *reader, const char *kind, const char *name,
			      const char *key)
{
	for (size_t i = 0; i < reader->settings.count; i++) {
		const struct setting *setting = &reader->settings.items[i];
		size_t len = strlen(kind);

		if (strncmp(setting->section, kind, len) ||
		    strcmp(setting->section + len + strspn(setting->section + len, " "), name))
			continue;
		if (!key || !strcmp(setting->key, key))
			return setting->line;
	}
	return 0;
}

/* The line of a key, or the first one of its section. */
static unsigned int line_of(const struct reader *reader, const char *kind, const char *name,
			    const char *key)
{
	unsigned int line = find_line(reader, kind, name, key);

	if (!line)
		line = find_line(reader, kind, name, NULL);
	return line ? line : 1;
}

static int inherit(struct reader *reader, char **value, const char *from)
{
	if (*value || !from)
		return 0;
	*value = strdup(from);
	return *value ? 0 : out_of_memory(reader);
}

static int inherit_words(struct reader *reader, char ***words, char **from)
{
	*words = words__split(NULL);
	if (!*words)
		return out_of_memory(reader);
	for (; from && *from; from++)
		if (words__add(words, *from))
			return out_of_memory(reader);
	return 0;
}

/* The line of a key in its release, or in [distribution] where that says it. */
static unsigned int line_of_key(const struct reader *reader, const struct release *release,
				const char *key)
{
	unsigned int line = find_line(reader, "release", release->codename, key);

	return line ? line : line_of(reader, "distribution", "", key);
}

static int finish_rules(struct reader *reader, const struct release *release,
			struct naming *rules, const struct naming *defaults, const char *kind)
{
	unsigned int line;
	char key[32], *why = NULL;
	int ret;

	snprintf(key, sizeof(key), "%s-package", kind);
	line = line_of_key(reader, release, key);
	if (inherit(reader, &rules->text, defaults->text) ||
	    inherit(reader, &rules->member, defaults->member))
		return reader->status;
	if (rules->text && !rules->member)
		return complain(reader, line, "'%s-package' without '%s-member'", kind, kind);
	ret = naming__compile(rules, release->kernel_release, &why);
	if (ret == -EINVAL)
		complain(reader, line, "%s", why);
	else if (ret)
		out_of_memory(reader);
	free(why);
	return reader->status;
}

static int finish_naming(struct reader *reader, struct release *release)
{
	if (inherit(reader, &release->kernel_release, reader->defaults.kernel_release) ||
	    finish_rules(reader, release, &release->debug, &reader->defaults.debug, "debug") ||
	    finish_rules(reader, release, &release->image, &reader->defaults.image, "image"))
		return reader->status;
	return 0;
}

/* A release or repository may have some of the distribution's architectures only. */
static int check_arches(struct reader *reader, char **arches, unsigned int line)
{
	const struct manifest *manifest = reader->manifest;

	for (; arches && *arches; arches++) {
		size_t i = 0;

		while (i < manifest->arch_count && strcmp(manifest->arches[i].name, *arches))
			i++;
		if (i == manifest->arch_count)
			return complain(reader, line,
					"'%s' is no architecture that [distribution] names",
					*arches);
	}
	return 0;
}

static int finish_embedded(struct reader *reader, struct release *release)
{
	const char *text;
	struct error why;

	if (inherit(reader, &release->embedded_text, reader->defaults.embedded_text))
		return reader->status;
	text = release->embedded_text;
	if (!text || !strcmp(text, "no"))
		return 0;
	error__set(&why, EINVAL, "not '%s'", text);
	/* any word could be a release's name, so a slip of the pen must not be one */
	if (!strcmp(text, "yes"))
		text = "*";
	if (strchr("0123456789*.", *text) && !pattern__parse(text, &release->embedded, &why))
		return 0;
	return complain(reader, line_of_key(reader, release, "embedded"),
			"'embedded' is 'yes', 'no' or a pattern of kernels: %s", why.text);
}

/* The fingerprints as gpgv and librpm give them. */
static int finish_keys(struct reader *reader, struct release *release)
{
	if (!release->keys && inherit_words(reader, &release->keys, reader->defaults.keys))
		return reader->status;
	for (char **key = release->keys; *key; key++) {
		size_t len = strlen(*key);

		if ((len != 40 && len != 64) || strspn(*key, "0123456789ABCDEF") != len)
			return complain(reader, line_of_key(reader, release, "key"),
					"'key' lists fingerprints of 40 or 64 hex digits in upper "
					"case, not '%s'",
					*key);
	}
	return 0;
}

static int finish_release(struct reader *reader, struct release *release)
{
	unsigned int line = line_of(reader, "release", release->codename, "version");

	if (!release->keyrings &&
	    inherit_words(reader, &release->keyrings, reader->defaults.keyrings))
		return reader->status;
	if (!release->series && inherit_words(reader, &release->series, NULL))
		return reader->status;
	if (!release->version || !release->suite_count)
		return complain(reader, line, "[release %s] lacks '%s'", release->codename,
				release->version ? "suites" : "version");
	if (check_arches(reader, release->arches,
			 line_of(reader, "release", release->codename, "architectures")) ||
	    finish_naming(reader, release) || finish_embedded(reader, release) ||
	    finish_keys(reader, release))
		return reader->status;
	if (!release->debug.count && !release->image.count)
		return complain(reader, line,
				"[release %s] has neither 'debug-package' nor 'image-package'",
				release->codename);
	return 0;
}

static int finish_repository(struct reader *reader, struct repository *repository)
{
	struct error why = { "" };
	const char *key;

	if (repository->type == REPOSITORY_UNKNOWN)
		repository->type = reader->manifest->type;
	key = repository__finish(repository, reader->manifest, &why);
	if (key)
		return complain(reader, line_of(reader, "repository", repository->name, key),
				"[repository %s]: %s", repository->name, why.text);
	if (check_arches(reader, repository->arches,
			 line_of(reader, "repository", repository->name, "architectures")))
		return reader->status;
	return inherit(reader, &repository->component, "main");
}

static int finish(struct reader *reader)
{
	struct manifest *manifest = reader->manifest;
	unsigned int line = line_of(reader, "distribution", "", "");
	const char *missing = NULL;

	if (!manifest->id)
		missing = "id";
	else if (!manifest->arch_count)
		missing = "architectures";
	if (missing)
		return complain(reader, line, "[distribution] lacks '%s'", missing);
	if (!manifest->release_count)
		return complain(reader, line, "there is no [release CODENAME]");
	for (size_t i = 0; i < manifest->repository_count; i++)
		if (finish_repository(reader, manifest->repositories[i]))
			return reader->status;
	for (size_t i = 0; i < manifest->release_count; i++)
		if (finish_release(reader, &manifest->releases[i]))
			return reader->status;
	return inherit(reader, &manifest->name, manifest->id);
}

/* ---- create and destroy --------------------------------------------------------- */

static void release__free(struct release *release)
{
	free(release->codename);
	free(release->version);
	for (size_t i = 0; i < release->suite_count; i++)
		free(release->suites[i].path);
	free(release->suites);
	words__free(release->series);
	words__free(release->arches);
	words__free(release->keyrings);
	words__free(release->keys);
	free(release->embedded_text);
	pattern__free(release->embedded);
	free(release->kernel_release);
	naming__free(&release->debug);
	naming__free(&release->image);
}

void manifest__free(struct manifest *manifest)
{
	if (!manifest)
		return;
	free(manifest->path);
	free(manifest->id);
	free(manifest->name);
	free(manifest->keyring_package);
	for (size_t i = 0; i < manifest->arch_count; i++) {
		free(manifest->arches[i].name);
		free(manifest->arches[i].alias);
	}
	free(manifest->arches);
	for (size_t i = 0; i < manifest->repository_count; i++)
		repository__free(manifest->repositories[i]);
	free(manifest->repositories);
	for (size_t i = 0; i < manifest->release_count; i++)
		release__free(&manifest->releases[i]);
	free(manifest->releases);
	free(manifest);
}

const struct repository *manifest__repository(const struct manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->repository_count; i++)
		if (!strcmp(manifest->repositories[i]->name, name))
			return manifest->repositories[i];
	return NULL;
}

bool suite__has(const struct release *release, const struct suite *suite, const char *arch)
{
	return words__allow((const char *const *)release->arches, arch) &&
	       words__allow((const char *const *)suite->repository->arches, arch);
}

bool release__embeds(const struct release *release, const char *kernel_release)
{
	return release->embedded && pattern__matches(release->embedded, kernel_release);
}

static void reader__free(struct reader *reader)
{
	settings__free(&reader->settings);
	release__free(&reader->defaults);
}

int manifest__read(const char *path, struct manifest **manifest, struct error *err)
{
	cleanup(reader__free) struct reader reader = { .path = path, .err = err };

	reader.manifest = calloc(1, sizeof(*reader.manifest));
	if (!reader.manifest)
		return error__oom(err);
	reader.manifest->path = strdup(path);
	if (!reader.manifest->path)
		out_of_memory(&reader);
	if (!reader.status)
		reader.status = settings__read(path, &reader.settings, err);
	for (size_t i = 0; !reader.status && i < reader.settings.count; i++)
		apply(&reader, &reader.settings.items[i]);
	if (!reader.status)
		finish(&reader);
	if (reader.status) {
		manifest__free(reader.manifest);
		return reader.status;
	}
	*manifest = reader.manifest;
	return 0;
}
