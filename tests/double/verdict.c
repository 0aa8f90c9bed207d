/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int refuse(struct verdict *verdict, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(verdict->text, sizeof(verdict->text) - 1, format, args);
	va_end(args);
	strcat(verdict->text, "\n");
	return err;
}
