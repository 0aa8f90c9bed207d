/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/paths.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/workdir.h"

static char *join(const char *a, const char *b)
{
	char *joined;

	return asprintf(&joined, "%s%s", a, b) < 0 ? NULL : joined;
}

char *paths__default_archive(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	_cleanup_free_ char *dir = NULL;

	if (!home || !*home) {
		const struct passwd *user = getpwuid(getuid());

		home = user ? user->pw_dir : "/";
	}
	/* the specification of XDG directories: a relative one is to be ignored */
	dir = data && data[0] == '/' ? join(data, "/btfgen") : join(home, "/.local/share/btfgen");
	if (!dir)
		return NULL;
	make_dirs(dir); /* a failure shows when the archive is opened, with its name */
	return join(dir, "/btfgen.kbtf");
}

/* `variable`, or the first of two places, seen from the program's directory, that exists. */
static char *find_data(const char *variable, const char *installed, const char *in_tree)
{
	const char *given = getenv(variable), *places[] = { installed, in_tree };
	char program[PATH_MAX];
	ssize_t len;
	char *slash;

	if (given && *given)
		return strdup(given);
	len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (len < 0)
		return strdup(installed);
	program[len] = '\0';
	slash = strrchr(program, '/');
	slash[1] = '\0';
	for (size_t i = 0; i < 2; i++) {
		char *place = join(program, places[i]);

		if (!place || i == 1 || access(place, F_OK) == 0)
			return place;
		free(place);
	}
	return NULL;
}

char *paths__manifests(void)
{
	return find_data("BTFGEN_MANIFESTS", "../share/btfgen/manifests", "manifests");
}

char *paths__objects(void)
{
	return find_data("BTFGEN_OBJECTS", "../lib/btfgen/bpf", "bpf");
}
