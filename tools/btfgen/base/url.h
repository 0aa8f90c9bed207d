/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What can be said about a URL without asking for it. */
#ifndef BTFGEN_URL_H
#define BTFGEN_URL_H

#include <stdbool.h>

bool url__is_file(const char *url);
/*
 * The path that a file: URL means, decoded; malloc'ed. NULL with EINVAL for what is no
 * file: URL of this machine (file:///path, file://localhost/path), or ENOMEM.
 */
char *url__local_path(const char *url);
/* Percent escapes in `text`, in place; false for a broken one and an encoded NUL. */
bool url__decode(char *text);
/* The URL for people: without user name and password. malloc'ed; NULL with ENOMEM. */
char *url__display(const char *url);

#endif
