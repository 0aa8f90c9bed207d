/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What objects and kernels say, on stdout for people: names and source lines may have anything
 * in them. Control characters, which terminals obey, come out as '?', tabs as blanks.
 */
#ifndef BTFGEN_TERMINAL_H
#define BTFGEN_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* What a line should not be longer than where nobody says how wide the terminal is: in a file. */
#define TERMINAL_COLUMNS 100

/* The same, of what stdout is: $COLUMNS, or as many as the terminal has, 80 if it does not say. */
unsigned int terminal__columns(void);

/* As printf(). */
void terminal__print(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
/* More of a line that has so many columns already: ": text", or below it if it does not fit. */
void terminal__more(unsigned int columns, unsigned int indent, const char *sign, const char *text);
/* Columns of text in UTF-8. */
size_t terminal__width(const char *text);
/* "agent.bpf.c:43: state = ...;": a line of source code, as far as it fits. */
void terminal__source(unsigned int indent, const char *file, uint32_t number, const char *text);

#endif
