/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "circumstances.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/keyring.h"
#include "base/sha256.h"
#include "base/words.h"
#include "stage/encode.h"

/* Enough to tell two apart; nothing is believed for it. */
#define SHORT_DIGEST 16

void circumstances__free(struct circumstances *circumstances)
{
	json_decref(circumstances->keyrings);
	circumstances->keyrings = NULL;
}

static json_t *digest_json(struct buf *text)
{
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	if (buf__failed(text))
		return NULL;
	sha256__of(text->data ? (const void *)text->data : "", text->len, digest);
	hex__encode(digest, sizeof(digest), hex);
	hex[SHORT_DIGEST] = '\0';
	return json_string(hex);
}

/* ---- the package, and who must vouch for it ------------------------------------------- */

static const struct package *package_at(const struct kernel *kernel, const char *url)
{
	const struct package *packages[] = { &kernel->debug, &kernel->image };

	for (size_t i = 0; url && i < 2; i++)
		if (packages[i]->url && strcmp(packages[i]->url, url) == 0)
			return packages[i];
	return NULL;
}

static json_t *package_json(const struct package *package)
{
	return package->sha256 ? json_string(package->sha256) :
				 json_sprintf("%" PRIu64 " bytes", package->size);
}

/* Files' contents: a keyring that is fetched anew each time is the same. */
static json_t *read_keyrings(char *const *keyrings)
{
	_cleanup_buf_ struct buf text = {};
	_cleanup_words_ char **files = NULL;
	struct error err;

	if (keyring__files((const char *const *)keyrings, &files, &err))
		return json_string("unreadable");
	for (size_t i = 0; files[i]; i++) {
		uint8_t digest[SHA256_SIZE] = {};

		if (sha256__of_file(files[i], digest) == 0)
			buf__add(&text, digest, sizeof(digest));
	}
	return digest_json(&text);
}

/* Hundreds of kernels have the same, and distributions have hundreds of files in one folder. */
static const char *keyrings_digest(struct circumstances *circumstances, char *const *keyrings)
{
	_cleanup_free_ char *names = words__join((const char *const *)keyrings);
	json_t *digest;

	if (!circumstances->keyrings)
		circumstances->keyrings = json_object();
	if (!names)
		return "";
	digest = json_object_get(circumstances->keyrings, names);
	if (!digest) {
		json_object_set_new(circumstances->keyrings, names, read_keyrings(keyrings));
		digest = json_object_get(circumstances->keyrings, names);
	}
	return digest ? json_string_value(digest) : "";
}

static json_t *trust_json(struct circumstances *circumstances, const struct package *package)
{
	_cleanup_buf_ struct buf text = {};

	if (package->allow_unsigned)
		return json_string("allow-unsigned");
	if (package->keyrings)
		buf__add_str(&text, keyrings_digest(circumstances, package->keyrings));
	for (char *const *key = package->keys; key && *key; key++)
		buf__add_str(&text, *key);
	return digest_json(&text);
}

/* Certificates are renewed in their place. */
static json_t *certificate_json(const struct package *package)
{
	uint8_t digest[SHA256_SIZE] = {};
	char hex[SHA256_HEX_SIZE];

	if (sha256__of_file(package->client_certificate, digest))
		return json_string("unreadable");
	hex__encode(digest, sizeof(digest), hex);
	hex[SHORT_DIGEST] = '\0';
	return json_string(hex);
}

/* ---- the encoder, and what it is for ---------------------------------------------------- */

static json_t *encoder_json(const char *encoder, const struct kernel *kernel)
{
	_cleanup_free_ char *version = NULL, *flags = NULL;
	struct error err;

	encode__plan(kernel->kernel_release, &version, &flags, &err);
	return json_sprintf("%s, pahole %s%s%s", encoder, version ? version : "none",
			    version && *flags ? " " : "", version ? flags : "");
}

static json_t *objects_json(const struct objects *objects)
{
	_cleanup_buf_ struct buf text = {};

	for (size_t i = 0; i < objects->count; i++)
		buf__add(&text, objects->refs[i].sha256, sizeof(objects->refs[i].sha256));
	return digest_json(&text);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static bool is_one_of(const char *stage, const char *one, const char *other)
{
	return strcmp(stage, one) == 0 || strcmp(stage, other) == 0;
}

json_t *circumstances__of(struct circumstances *circumstances, const struct kernel *kernel,
			  const char *url, const char *stage)
{
	const struct package *package = package_at(kernel, url);
	json_t *all = json_object();

	json_object_set_new(all, "btfgen", json_string(KBTF_VERSION));
	if (package)
		json_object_set_new(all, "package", package_json(package));
	if (package && circumstances->knows_trust && is_one_of(stage, "fetch", "extract")) {
		json_object_set_new(all, "trust", trust_json(circumstances, package));
		if (package->client_certificate)
			json_object_set_new(all, "certificate", certificate_json(package));
	}
	if (strcmp(stage, "encode") == 0) {
		if (circumstances->encoder)
			json_object_set_new(all, "encoder",
					    encoder_json(circumstances->encoder, kernel));
		if (circumstances->knows_limits)
			json_object_set_new(all, "limits",
					    json_sprintf("%u s, %" PRIu64 " bytes",
							 circumstances->timeout_s,
							 circumstances->memory_limit));
	}
	if (is_one_of(stage, "encode", "minimize") && circumstances->objects)
		json_object_set_new(all, "objects", objects_json(circumstances->objects));
	return all;
}

bool circumstances__have_changed(struct circumstances *circumstances, const struct kernel *kernel,
				 const json_t *failure)
{
	json_t *then = json_object_get(failure, "under"), *now, *value;
	const char *stage = json_string_value(json_object_get(failure, "stage")), *name;
	bool have_changed = false;

	if (!stage || !json_is_object(then))
		return false;
	now = circumstances__of(circumstances, kernel,
				json_string_value(json_object_get(failure, "url")), stage);
	json_object_foreach(now, name, value) {
		json_t *before = json_object_get(then, name);

		have_changed |= before && !json_equal(before, value);
	}
	json_decref(now);
	return have_changed;
}
