/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Results for people, on stdout: columns fitted to their contents. */
#ifndef BTFGEN_TABLE_H
#define BTFGEN_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table;

/* Headings end with NULL; one that begins with '>' is of a column set flush right. */
struct table *table__new(const char *const *headings);
/* As many cells as there are headings; NULL counts as "". Copied. */
void table__add(struct table *table, const char *const *cells);
/* The columns of its longest line. */
size_t table__width(const struct table *table);
/* Print and free. A table without rows prints nothing. */
void table__print(struct table *table);
void table__free(struct table *table);

/* "4.1 MB", "12.3 kB", "0 B", in powers of 1000 as packages are measured. Returns text. */
char *format_bytes(uint64_t bytes, char text[16]);

#endif
