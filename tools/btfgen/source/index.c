/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/index.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/words.h"

#define INDEX_FORMAT 1
#define INDEX_FILE_LIMIT (256u << 20)

static void index_package__free(struct index_package *package)
{
	free(package->name);
	free(package->path);
	free(package->sha256);
	free(package->signer);
	*package = (struct index_package){ 0 };
}

static void index_kernel__free(struct index_kernel *kernel)
{
	free(kernel->kernel_release);
	free(kernel->version);
	index_package__free(&kernel->debug);
	index_package__free(&kernel->image);
}

void index__free(struct index *index)
{
	free(index->digest);
	free(index->recipe);
	free(index->base);
	free(index->signer);
	words__free(index->seen);
	for (size_t i = 0; i < index->count; i++)
		index_kernel__free(&index->kernels[i]);
	free(index->kernels);
	free(index->places);
	*index = (struct index){ 0 };
}

char *index__recipe(const struct release *release, const char *arch)
{
	_cleanup_buf_ struct buf text = { 0 };
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	buf__add_u32(&text, INDEX_FORMAT);
	buf__add_str(&text, release->kernel_release);
	buf__add_str(&text, release->debug.text);
	buf__add_str(&text, release->image.text);
	buf__add_str(&text, arch);
	if (buf__failed(&text))
		return NULL;
	sha256__of(text.data, text.len, digest);
	return strdup(hex__encode(digest, sizeof(digest), hex));
}

/* ---- which packages are kernels ------------------------------------------------- */

static uint64_t hash_text(const struct index *index, const char *text)
{
	uint8_t bytes[crypto_shorthash_BYTES];
	uint64_t hash;

	_Static_assert(sizeof(index->place_key) == crypto_shorthash_KEYBYTES, "SipHash's key");
	_Static_assert(sizeof(bytes) == sizeof(hash), "SipHash's size");
	crypto_shorthash(bytes, (const uint8_t *)text, strlen(text), index->place_key);
	memcpy(&hash, bytes, sizeof(hash));
	return hash;
}

/* Where it is, or the free place where it would be. */
static size_t *find_place(const struct index *index, const char *kernel_release,
			  const char *version)
{
	uint64_t hash = hash_text(index, kernel_release) + 3 * hash_text(index, version);

	for (size_t i = hash % index->place_count;; i = (i + 1) % index->place_count) {
		size_t number = index->places[i];
		const struct index_kernel *kernel;

		if (!number)
			return &index->places[i];
		kernel = &index->kernels[number - 1];
		if (!strcmp(kernel->kernel_release, kernel_release) &&
		    !strcmp(kernel->version, version))
			return &index->places[i];
	}
}

/* At least as many places free as are taken, with one more kernel. */
static int make_places(struct index *index)
{
	size_t count = 4 * (index->count + 16), *places;

	if (2 * (index->count + 1) <= index->place_count)
		return 0;
	places = calloc(count, sizeof(*places));
	if (!places)
		return -ENOMEM;
	free(index->places);
	index->places = places;
	index->place_count = count;
	crypto_shorthash_keygen(index->place_key);
	for (size_t i = 0; i < index->count; i++)
		*find_place(index, index->kernels[i].kernel_release,
			    index->kernels[i].version) = i + 1;
	return 0;
}

/* Found or made. By a table, since who writes an index chooses how many kernels it has. */
static struct index_kernel *find_kernel(struct index *index, const char *kernel_release,
					const char *version)
{
	struct index_kernel *kernel;
	size_t *place;

	if (make_places(index))
		return NULL;
	place = find_place(index, kernel_release, version);
	if (*place)
		return &index->kernels[*place - 1];
	if (index->count == index->cap) {
		size_t cap = index->cap ? 2 * index->cap : 32;

		kernel = reallocarray(index->kernels, cap, sizeof(*kernel));
		if (!kernel)
			return NULL;
		index->kernels = kernel;
		index->cap = cap;
	}
	kernel = &index->kernels[index->count++];
	*kernel = (struct index_kernel){ .kernel_release = strdup(kernel_release),
					 .version = strdup(version) };
	if (!kernel->kernel_release || !kernel->version)
		return NULL;
	*place = index->count;
	return kernel;
}

bool is_safe_path(const char *path)
{
	if (!*path || *path == '/' || strlen(path) > 4096)
		return false;
	for (const char *at = path; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("/._+~-:@=,^", *at))
			return false;
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return false;
	}
	/* "http:" would be another place where a URL is put together by its rules */
	return !strstr(path, "://");
}

static int set_package(struct index_package *into, const struct listed_package *package,
		       size_t preference, const char *source, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	struct index_package copy = { .size = package->size, .preference = preference };

	if (into->name && into->preference <= preference)
		return 0;
	if (!package->path || !is_safe_path(package->path))
		return error__set(err, EBADMSG,
				  "%s: package %s has no path that can be believed: %.200s", source,
				  package->name, package->path ? package->path : "none");
	if (package->sha256 && !hex__decode(package->sha256, digest, sizeof(digest)))
		return error__set(err, EBADMSG, "%s: package %s has a SHA-256 that is none: %.100s",
				  source, package->name, package->sha256);
	copy.name = strdup(package->name);
	copy.path = strdup(package->path);
	if (package->sha256) {
		char hex[SHA256_HEX_SIZE];

		copy.sha256 = strdup(hex__encode(digest, sizeof(digest), hex));
	}
	index_package__free(into);
	*into = copy;
	if (!into->name || !into->path || (package->sha256 && !into->sha256))
		return error__oom(err);
	return 0;
}

int index__add(struct index *index, const struct release *release,
	       const struct listed_package *package, const char *source, struct error *err)
{
	_cleanup_free_ char *kernel_release = NULL;
	struct index_kernel *kernel;
	bool is_debug = true;
	size_t preference;
	int ret = naming__match(&release->debug, package, &kernel_release, &preference);

	if (!ret) {
		is_debug = false;
		ret = naming__match(&release->image, package, &kernel_release, &preference);
	}
	if (ret <= 0)
		return ret ? error__oom(err) : 0;
	if (!is_safe_path(kernel_release) || strchr(kernel_release, '/'))
		return error__set(err, EBADMSG, "%s: package %s names no kernel release", source,
				  package->name);
	if (!package->version || !*package->version)
		return error__set(err, EBADMSG, "%s: package %s has no version", source,
				  package->name);
	kernel = find_kernel(index, kernel_release, package->version);
	if (!kernel)
		return error__oom(err);
	return set_package(is_debug ? &kernel->debug : &kernel->image, package, preference, source,
			   err);
}

/* ---- several indexes as one ------------------------------------------------------ */

/* Moves it, if there is none yet. */
static int join_package(struct index_package *into, struct index_package *from,
			const char *prefix, const char *signer)
{
	char *path;

	if (!from->name || into->name)
		return 0;
	if (asprintf(&path, "%s%s", prefix, from->path) < 0)
		return -ENOMEM;
	free(from->path);
	from->path = path;
	if (signer) {
		from->signer = strdup(signer);
		if (!from->signer)
			return -ENOMEM;
	}
	*into = *from;
	*from = (struct index_package){ 0 };
	return 0;
}

int index__join(struct index *index, struct index *from, const char *prefix, struct error *err)
{
	for (size_t i = 0; i < from->count; i++) {
		struct index_kernel *kernel = find_kernel(index, from->kernels[i].kernel_release,
							  from->kernels[i].version);

		if (!kernel ||
		    join_package(&kernel->debug, &from->kernels[i].debug, prefix, from->signer) ||
		    join_package(&kernel->image, &from->kernels[i].image, prefix, from->signer))
			return error__oom(err);
	}
	if (from->verification == KBTF_UNVERIFIED)
		index->verification = KBTF_UNVERIFIED;
	return 0;
}

/* ---- the file ------------------------------------------------------------------- */

static json_t *package_to_json(const struct index_package *package)
{
	if (!package->name)
		return json_null();
	return json_pack("{s:s, s:s, s:s?, s:s*, s:I}", "name", package->name, "path",
			 package->path, "sha256", package->sha256, "signer", package->signer,
			 "size", (json_int_t)package->size);
}

static json_t *kernels_to_json(const struct index *index)
{
	cleanup(json_decrefp) json_t *kernels = json_array();

	for (size_t i = 0; kernels && i < index->count; i++) {
		const struct index_kernel *kernel = &index->kernels[i];
		json_t *item = json_pack("{s:s, s:s, s:o, s:o}", "release", kernel->kernel_release,
					 "version", kernel->version, "debug",
					 package_to_json(&kernel->debug), "image",
					 package_to_json(&kernel->image));

		if (json_array_append_new(kernels, item))
			return NULL;
	}
	return steal_ptr(kernels);
}

/* NULL where there is nothing to tell. */
static json_t *seen_to_json(const struct index *index)
{
	json_t *seen = index->seen ? json_array() : NULL;

	for (size_t i = 0; seen && index->seen[i]; i++)
		json_array_append_new(seen, json_string(index->seen[i]));
	return seen;
}

static bool seen_from_json(json_t *seen, struct index *index)
{
	json_t *item;
	size_t i;

	json_array_foreach(seen, i, item)
		if (!json_is_string(item) || words__add(&index->seen, json_string_value(item)))
			return false;
	return true;
}

int index__save(const char *path, const struct index *index, struct error *err)
{
	cleanup(json_decrefp) json_t *root = NULL;
	json_t *kernels = kernels_to_json(index);
	_cleanup_free_ char *text = NULL;
	int ret;

	if (!kernels)
		return error__oom(err);
	root = json_pack("{s:i, s:s, s:s, s:s, s:s?, s:o*, s:i, s:o}", "format", INDEX_FORMAT, "digest",
			 index->digest, "recipe", index->recipe, "base", index->base, "signer",
			 index->signer, "seen", seen_to_json(index), "verification", (int)index->verification, "kernels",
			 kernels);
	text = root ? json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	if (!text)
		return error__oom(err);
	ret = file__replace(path, text, strlen(text), 0644);
	if (ret)
		return error__set(err, ret, "%s cannot be written: %s", path, strerror(-ret));
	return 0;
}

static char *copy_text(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strdup(text) : NULL;
}

static bool package_from_json(json_t *object, struct index_package *package)
{
	if (json_is_null(object))
		return true;
	package->name = copy_text(object, "name");
	package->path = copy_text(object, "path");
	package->sha256 = copy_text(object, "sha256");
	package->signer = copy_text(object, "signer");
	package->size = (uint64_t)json_integer_value(json_object_get(object, "size"));
	return package->name && package->path && is_safe_path(package->path);
}

static bool kernels_from_json(json_t *kernels, struct index *index)
{
	json_t *item;
	size_t i;

	index->kernels = calloc(json_array_size(kernels) + 1, sizeof(*index->kernels));
	if (!index->kernels)
		return false;
	json_array_foreach(kernels, i, item) {
		struct index_kernel *kernel = &index->kernels[index->count++];

		kernel->kernel_release = copy_text(item, "release");
		kernel->version = copy_text(item, "version");
		if (!kernel->kernel_release || !kernel->version ||
		    !package_from_json(json_object_get(item, "debug"), &kernel->debug) ||
		    !package_from_json(json_object_get(item, "image"), &kernel->image))
			return false;
	}
	index->cap = index->count;
	return true;
}

int index__load(const char *path, const char *recipe, struct index *index)
{
	cleanup(json_decrefp) json_t *root = NULL;
	_cleanup_free_ void *text = NULL;
	size_t size;

	*index = (struct index){ 0 };
	if (file__read(path, INDEX_FILE_LIMIT, &text, &size))
		return -ENOENT;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (!root || json_integer_value(json_object_get(root, "format")) != INDEX_FORMAT)
		return -ENOENT;
	index->digest = copy_text(root, "digest");
	index->recipe = copy_text(root, "recipe");
	index->base = copy_text(root, "base");
	index->signer = copy_text(root, "signer");
	index->verification = (enum kbtf_verification)json_integer_value(
		json_object_get(root, "verification"));
	if (!index->digest || !index->recipe || !index->base || strcmp(index->recipe, recipe))
		return -ENOENT;
	return kernels_from_json(json_object_get(root, "kernels"), index) &&
			       seen_from_json(json_object_get(root, "seen"), index) ?
		       0 :
		       -ENOENT;
}
