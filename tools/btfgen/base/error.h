/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why something failed, in words for the user: what failed, on which file or URL, and
 * what to do next. It is written once, by the code that knows the name, and passed up
 * unchanged into the record and onto the terminal.
 */
#ifndef BTFGEN_ERROR_H
#define BTFGEN_ERROR_H

struct error {
	char text[1024];
};

/* Set the text, as UTF-8, and return -code, so that callers can write `return error__set(...)`. */
int error__set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* ENOMEM has no better text than this. */
int error__oom(struct error *err);
/* Wherever `copy`, which the user does not know, stands in the text, `name` does from now on. */
void error__rename(struct error *err, const char *copy, const char *name);

#endif
