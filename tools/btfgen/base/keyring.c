/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/words.h"

#define KEYRING_LIMIT (64u << 20)

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A directory may hold other files, which gpgv would stumble over. */
static bool holds_keys(const char *path)
{
	_cleanup_free_ void *data = NULL;
	const uint8_t *bytes;
	struct stat st;
	size_t size;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || file__read(path, KEYRING_LIMIT, &data, &size))
		return false;
	/* RFC 4880, 4.2: a public key packet, tag 6, in the old or the new format */
	bytes = data;
	return (size && ((bytes[0] & 0xfc) == 0x98 || bytes[0] == 0xc6)) ||
	       strstr(data, "-----BEGIN PGP PUBLIC KEY BLOCK-----");
}

static int add_directory(const char *directory, char ***files, struct error *err)
{
	struct dirent **names;
	int count = scandir(directory, &names, is_visible, alphasort), ret = 0;

	if (count < 0)
		return error__set(err, errno, "keyring %s cannot be read: %s", directory,
				  strerror(errno));
	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *path = NULL;

		if (!ret && asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0) {
			path = NULL;
			ret = error__oom(err);
		}
		if (!ret && holds_keys(path) && words__add(files, path))
			ret = error__oom(err);
		free(names[i]);
	}
	free(names);
	return ret;
}

int keyring__files(const char *const *keyrings, char ***files, struct error *err)
{
	_cleanup_words_ char **found = words__split(NULL);
	struct stat st;
	int ret = found ? 0 : error__oom(err);

	for (; !ret && keyrings && *keyrings; keyrings++) {
		if (stat(*keyrings, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			ret = add_directory(*keyrings, &found, err);
		else if (words__add(&found, *keyrings))
			ret = error__oom(err);
	}
	if (!ret)
		*files = steal_ptr(found);
	return ret;
}
