/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/member_path.h"

#include <fnmatch.h>
#include <string.h>

#include "base/cleanup.h"

const char *member_path__relative(const char *path)
{
	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return path;
}

bool member_path__matches(const char *path, const char *patterns)
{
	_cleanup_free_ char *copy = strdup(patterns);
	char *save = NULL;

	for (char *one = copy ? strtok_r(copy, " ", &save) : NULL; one;
	     one = strtok_r(NULL, " ", &save))
		if (fnmatch(one, path, 0) == 0)
			return true;
	return false;
}

bool member_path__has_dot_dot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}
