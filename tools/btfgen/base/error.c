/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

int error__set(struct error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	utf8__mend(err->text); /* it may name files and quote programs, and records are JSON */
	return code > 0 ? -code : code;
}

int error__oom(struct error *err)
{
	return error__set(err, ENOMEM, "out of memory");
}

void error__rename(struct error *err, const char *copy, const char *name)
{
	_cleanup_free_ char *text = NULL;
	char *at = err->text;

	while ((at = strstr(at, copy))) {
		size_t before = (size_t)(at - err->text);

		free(text);
		if (asprintf(&text, "%.*s%s%s", (int)before, err->text, name,
			     at + strlen(copy)) < 0) {
			text = NULL;
			return;
		}
		error__set(err, 0, "%s", text);
		/* the name may hold what it stands for */
		if (strlen(err->text) < before + strlen(name))
			return;
		at = err->text + before + strlen(name);
	}
}
