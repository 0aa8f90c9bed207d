/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Times as records have them: "2026-11-22T09:30:00Z". */
#ifndef BTFGEN_UTC_H
#define BTFGEN_UTC_H

#include <stdint.h>

#define UTC_SIZE 32

/* Returns text. */
char *utc__format(int64_t seconds, char text[UTC_SIZE]);
/* Seconds since 1970; -1 for what is no such time. */
int64_t utc__parse(const char *text);

#endif
