/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

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
