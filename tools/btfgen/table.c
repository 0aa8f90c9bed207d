/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 12

struct table {
	size_t columns, rows;
	size_t width[MAX_COLUMNS];
	char right[MAX_COLUMNS];
	char **cells; /* headings first */
};

static void add_row(struct table *table, const char *const *cells)
{
	char **grown = realloc(table->cells, (table->rows + 1) * table->columns * sizeof(*grown));

	if (!grown)
		abort();
	table->cells = grown;
	for (size_t i = 0; i < table->columns; i++) {
		char *cell = strdup(cells[i] ? cells[i] : "");

		if (!cell)
			abort();
		if (strlen(cell) > table->width[i])
			table->width[i] = strlen(cell);
		grown[table->rows * table->columns + i] = cell;
	}
	table->rows++;
}

struct table *table__new(const char *const *headings)
{
	struct table *table = calloc(1, sizeof(*table));
	const char *names[MAX_COLUMNS];

	if (!table)
		abort();
	for (; headings[table->columns] && table->columns < MAX_COLUMNS; table->columns++) {
		const char *name = headings[table->columns];

		table->right[table->columns] = name[0] == '>';
		names[table->columns] = name + (name[0] == '>');
	}
	add_row(table, names);
	return table;
}

void table__add(struct table *table, const char *const *cells)
{
	add_row(table, cells);
}

size_t table__width(const struct table *table)
{
	size_t width = 2 * (table->columns - 1);

	for (size_t i = 0; i < table->columns; i++)
		width += table->width[i];
	return width;
}

void table__print(struct table *table)
{
	for (size_t row = 0; row < table->rows; row++) {
		for (size_t i = 0; i < table->columns; i++) {
			const char *cell = table->cells[row * table->columns + i];
			int width = (int)table->width[i];

			if (table->rows > 1 && i + 1 == table->columns && !table->right[i])
				printf("%s\n", cell); /* no blanks at the line's end */
			else if (table->rows > 1)
				printf("%*s%s", table->right[i] ? width : -width, cell,
				       i + 1 == table->columns ? "\n" : "  ");
		}
	}
	table__free(table);
}

void table__free(struct table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

char *format_bytes(uint64_t bytes, char text[16])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(text, 16, "%u B", (unsigned int)bytes);
		return text;
	}
	for (; value >= 999.95 && unit < 3; unit++)
		value /= 1000;
	snprintf(text, 16, "%.1f %s", value, units[unit]);
	return text;
}
