/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of files in packages, and the patterns that pick one. */
#ifndef BTFGEN_MEMBER_PATH_H
#define BTFGEN_MEMBER_PATH_H

#include <stdbool.h>

/* Without leading "./" and "/". Lent. */
const char *member_path__relative(const char *path);
/* fnmatch(3) patterns, separated by spaces: any of them; '*' matches '/', too. */
bool member_path__matches(const char *path, const char *patterns);
/* ".." as a part of it, which no honest package has. */
bool member_path__has_dot_dot(const char *path);

#endif
