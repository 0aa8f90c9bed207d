/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/identity.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define KEY_ENDING "-key.pem"

/* "X.pem" of "X-key.pem"; malloc'ed, NULL where the name is of another form or errno says. */
static char *certificate_of(const char *key)
{
	size_t len = strlen(key), ending = strlen(KEY_ENDING);
	char *certificate;

	errno = 0;
	if (len <= ending || strcmp(key + len - ending, KEY_ENDING))
		return NULL;
	if (asprintf(&certificate, "%.*s.pem", (int)(len - ending), key) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	return certificate;
}

static bool has(const glob_t *paths, const char *path)
{
	for (size_t i = 0; i < paths->gl_pathc; i++)
		if (!strcmp(paths->gl_pathv[i], path))
			return true;
	return false;
}

/* Names sort as glob(3) has them, so that the choice is the same each time. */
static int choose(const glob_t *certificates, const glob_t *keys, struct identity *identity)
{
	for (size_t i = 0; i < keys->gl_pathc; i++) {
		_cleanup_free_ char *certificate = certificate_of(keys->gl_pathv[i]);

		if (!certificate && errno == ENOMEM)
			return -ENOMEM;
		if (!certificate || !has(certificates, certificate))
			continue;
		identity->certificate = steal_ptr(certificate);
		identity->key = strdup(keys->gl_pathv[i]);
		return identity->key ? 0 : -ENOMEM;
	}
	/* one of each need no names that go together */
	if (keys->gl_pathc != 1 || certificates->gl_pathc != 1)
		return -ENOENT;
	identity->certificate = strdup(certificates->gl_pathv[0]);
	identity->key = strdup(keys->gl_pathv[0]);
	return identity->certificate && identity->key ? 0 : -ENOMEM;
}

static int find_pair(const struct repository *repository, struct identity *identity)
{
	cleanup(globfree) glob_t certificates = { 0 };
	cleanup(globfree) glob_t keys = { 0 };
	int ret = glob(repository->client_certificate, 0, NULL, &certificates);

	if (!ret)
		ret = glob(repository->client_key, 0, NULL, &keys);
	if (ret)
		return ret == GLOB_NOSPACE ? -ENOMEM : -ENOENT;
	return choose(&certificates, &keys, identity);
}

int identity__find(const struct repository *repository, struct identity *identity,
		   struct error *err)
{
	int ret;

	*identity = (struct identity){ 0 };
	if (repository->ca_certificate) {
		identity->ca_file = strdup(repository->ca_certificate);
		if (!identity->ca_file)
			return error__oom(err);
	}
	if (!repository->client_certificate)
		return 0;
	ret = find_pair(repository, identity);
	if (ret == -ENOMEM)
		return error__oom(err);
	if (ret)
		return error__set(err, ENOENT,
				  "repository '%s' is for subscribers: there is no client "
				  "certificate %s with a key %s on this machine; register it, or "
				  "name a mirror of yours with --mirror %s=URL",
				  repository->name, repository->client_certificate,
				  repository->client_key, repository->name);
	if (access(identity->certificate, R_OK) || access(identity->key, R_OK))
		return error__set(err, EACCES,
				  "repository '%s' is for subscribers: %s and %s cannot be read: "
				  "%s; root may",
				  repository->name, identity->certificate, identity->key,
				  strerror(errno));
	return 0;
}

void identity__free(struct identity *identity)
{
	free(identity->certificate);
	free(identity->key);
	free(identity->ca_file);
	*identity = (struct identity){ 0 };
}

struct transfer_identity identity__files(const struct identity *identity)
{
	return (struct transfer_identity){ identity->certificate, identity->key,
					   identity->ca_file };
}
