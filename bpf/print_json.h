/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text that a process chose, for output: names and paths may hold any byte. */
#ifndef BPF_PRINT_JSON_H
#define BPF_PRINT_JSON_H

#include <stddef.h>
#include <stdio.h>

/*
 * At most `size` bytes, up to a NUL, control characters as \ooo, and blanks up to `width`
 * columns.
 */
static inline void print_text(const char *text, size_t size, int width)
{
	for (size_t i = 0; i < size && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f) {
			width -= printf("\\%03o", c);
		} else {
			putchar(c);
			width--;
		}
	}
	if (width > 0)
		printf("%*s", width, "");
}

/* The same as a JSON string. Bytes that are no ASCII count as Latin-1: it must be UTF-8. */
static inline void print_json_text(const char *text, size_t size)
{
	putchar('"');
	for (size_t i = 0; i < size && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

#endif
