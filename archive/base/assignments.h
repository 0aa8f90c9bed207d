/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Files of shell-like assignments, as os-release(5) defines them: NAME=value lines,
 * values bare, in "double" or in 'single' quotes, backslash escapes, # comments. No
 * expansion of variables. Lines that are no assignment are passed over.
 */
#ifndef BASE_ASSIGNMENTS_H
#define BASE_ASSIGNMENTS_H

/* The value of the last assignment to `name`, unquoted and malloc'ed, or NULL. */
char *assignments__get(const char *text, const char *name);

#endif
