/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "kernel_words.h"
#include "matrix_findings.h"
#include "table.h"
#include "terminal.h"

/* More columns than these don't fit beside each other: a line each then. */
#define COLUMNS_MAX 6
#define NAME_SIZE 256

/* All that is printed, made before any of it is. */
struct matrix_text {
	const struct matrix *matrix;
	struct matrix_findings *findings; /* by object */
	char (*names)[NAME_SIZE];         /* by object */
	char **cells;                     /* by row and object */
	unsigned int columns;
};

static void *allocate(size_t count, size_t size)
{
	void *all = calloc(count + 1, size);

	if (!all)
		abort();
	return all;
}

/* ---- words ------------------------------------------------------------------------------------ */

static void name_object(const struct matrix *matrix, size_t object, char name[NAME_SIZE])
{
	const char *given = matrix->objects->refs[object].name;
	size_t len = strlen(given);

	if (len > 2 && strcmp(given + len - 2, ".o") == 0)
		len -= 2;
	if (len > 4 && strncmp(given + len - 4, ".bpf", 4) == 0)
		len -= 4;
	snprintf(name, NAME_SIZE, "%.*s", (int)len, given);
}

static const char *words_of(enum kbtf_verdict verdict, struct buf *out)
{
	buf__printf(out, "%s%s", verdict == KBTF_VERDICT_GUARDED || verdict == KBTF_VERDICT_ADAPTED ?
				 "ok, " : "", kbtf_verdict__name(verdict));
	return buf__cstr(out);
}

/* "fails [3]", "in part (1 of 2 programs) [1-3,7]" */
static char *make_cell(const struct matrix_text *text, const struct matrix_row *row, size_t object)
{
	const struct kbtf_report *report = row->reports[object];
	struct buf cell = {}, numbers = {};
	size_t len;

	if (row->error) {
		buf__printf(&cell, "-");
	} else {
		words_of(report->verdict, &cell);
		if (report->verdict == KBTF_VERDICT_IN_PART)
			buf__printf(&cell, " (%zu of %zu programs)", report->loaded_count,
				    report->program_count);
		matrix_findings__name(&text->findings[object], report, &numbers);
		if (numbers.len)
			buf__printf(&cell, " [%s]", buf__cstr(&numbers));
	}
	buf__free(&numbers);
	if (!buf__cstr(&cell))
		abort();
	return (char *)buf__steal(&cell, &len);
}

static char **cells_of(const struct matrix_text *text, size_t row)
{
	return &text->cells[row * text->matrix->objects->count];
}

static bool is_same_system(const struct matrix_row *a, const struct matrix_row *b)
{
	const struct kbtf_ident *x = a->entry ? kbtf_entry__ident(a->entry) : NULL;
	const struct kbtf_ident *y = b->entry ? kbtf_entry__ident(b->entry) : NULL;

	return x && y && strcmp(x->distro, y->distro) == 0 && strcmp(x->arch, y->arch) == 0 &&
	       strcmp(x->distro_release, y->distro_release) == 0;
}

/* How many rows from `first` on are of one system and say the same. */
static size_t group_of(const struct matrix_text *text, size_t first)
{
	const struct matrix_row *row = &text->matrix->rows[first];
	size_t count = 1;

	for (; first + count < text->matrix->count; count++) {
		if (!is_same_system(row, row + count) || row->error || row[count].error)
			break;
		for (size_t i = 0; i < text->matrix->objects->count; i++)
			if (strcmp(cells_of(text, first)[i], cells_of(text, first + count)[i]) != 0)
				return count;
	}
	return count;
}

static void name_kernels(const struct matrix_row *rows, size_t count, char who[KERNEL_WORDS],
			 char which[KERNEL_WORDS])
{
	kernel_words__system(rows->entry, who);
	kernel_words__span(rows->entry, rows->path, rows[count - 1].entry, count, which);
}

/* ---- the table -------------------------------------------------------------------------------- */

static void add_wide(const struct matrix_text *text, struct table *table, size_t first,
		     size_t count)
{
	char who[KERNEL_WORDS], which[KERNEL_WORDS];
	const char *row[COLUMNS_MAX + 2] = { who, which };

	name_kernels(&text->matrix->rows[first], count, who, which);
	for (size_t i = 0; i < text->matrix->objects->count; i++)
		row[i + 2] = cells_of(text, first)[i];
	table__add(table, row);
}

static void add_long(const struct matrix_text *text, struct table *table, size_t first,
		     size_t count)
{
	char who[KERNEL_WORDS], which[KERNEL_WORDS];

	name_kernels(&text->matrix->rows[first], count, who, which);
	for (size_t i = 0; i < text->matrix->objects->count; i++)
		table__add(table, (const char *[]){ i ? "" : who, i ? "" : which, text->names[i],
						    cells_of(text, first)[i] });
}

static struct table *make_table(const struct matrix_text *text, bool wide)
{
	const char *headings[COLUMNS_MAX + 3] = { "SYSTEM", "KERNEL" };
	struct table *table;
	size_t count;

	for (size_t i = 0; wide && i < text->matrix->objects->count; i++)
		headings[i + 2] = text->names[i];
	table = wide ? table__new(headings)
		     : table__new((const char *[]){ "SYSTEM", "KERNEL", "OBJECT", "VERDICT", NULL });
	for (size_t at = 0; at < text->matrix->count; at += count) {
		count = group_of(text, at);
		if (wide)
			add_wide(text, table, at, count);
		else
			add_long(text, table, at, count);
	}
	return table;
}

/* Lines for the kernels, and below them one for each object. */
static void print_stacked(const struct matrix_text *text)
{
	size_t width = 0, count;

	for (size_t i = 0; i < text->matrix->objects->count; i++)
		if (terminal__width(text->names[i]) > width)
			width = terminal__width(text->names[i]);
	for (size_t at = 0; at < text->matrix->count; at += count) {
		char who[KERNEL_WORDS], which[KERNEL_WORDS];

		count = group_of(text, at);
		name_kernels(&text->matrix->rows[at], count, who, which);
		terminal__print("%s%s%s\n", who, !*who ? "" :
				terminal__width(who) + 1 + terminal__width(which) <= text->columns ?
				" " : "\n", which);
		for (size_t i = 0; i < text->matrix->objects->count; i++)
			terminal__print("    %s%*s  %s\n", text->names[i],
					(int)(width - terminal__width(text->names[i])), "",
					cells_of(text, at)[i]);
	}
}

/* As the width allows: nothing is cut. */
static void print_table(const struct matrix_text *text)
{
	bool wide = text->matrix->objects->count <= COLUMNS_MAX;
	struct table *table = make_table(text, wide);

	if (wide && text->matrix->objects->count > 1 && table__width(table) > text->columns) {
		table__free(table);
		table = make_table(text, false);
	}
	if (table__width(table) <= text->columns) {
		table__print(table);
		return;
	}
	table__free(table);
	print_stacked(text);
}

/* ---- what is behind it ---------------------------------------------------------------------------- */

/* Things one after the other, in lines as wide as the terminal. */
struct list_line {
	size_t column, columns;
	unsigned int indent;
};

static void print_item(struct list_line *line, const char *sign, const char *item)
{
	size_t width = terminal__width(item);

	if (*sign && line->column + strlen(sign) + 1 + width + 1 > line->columns) {
		terminal__print("%s\n%*s%s", sign, (int)line->indent, "", item);
		line->column = line->indent + width;
	} else {
		terminal__print("%s%s%s", sign, *sign ? " " : "", item);
		line->column += strlen(sign) + !!*sign + width;
	}
}

static bool is_on(const struct matrix_text *text, size_t object,
		  const struct alike_findings *item, size_t row)
{
	const struct matrix_row *at = &text->matrix->rows[row];

	return !at->error && item->reports[matrix_findings__report(&text->findings[object],
								    at->reports[object])];
}

static void print_spans(const struct matrix_text *text, size_t object,
			const struct alike_findings *item)
{
	const struct matrix *matrix = text->matrix;
	struct list_line line = { 8, text->columns, 11 };
	const struct matrix_row *before = NULL;
	size_t count;

	terminal__print("        ");
	for (size_t at = 0; at < matrix->count; at += count) {
		const struct matrix_row *row = &matrix->rows[at];
		char who[KERNEL_WORDS], which[KERNEL_WORDS], both[2 * KERNEL_WORDS + 8];
		bool same = before && is_same_system(before, row);

		count = 1;
		if (!is_on(text, object, item, at))
			continue;
		while (at + count < matrix->count && is_same_system(row, row + count) &&
		       is_on(text, object, item, at + count))
			count++;
		name_kernels(row, count, who, which);
		snprintf(both, sizeof(both), "%s%s%s%s", before ? "" : "on ", same ? "" : who,
			 same || !*who ? "" : " ", which);
		print_item(&line, !before ? "" : same || !*who ? "," : ";", both);
		before = row;
	}
	terminal__print("\n");
}

static void print_kernels(const struct matrix_text *text, size_t object,
			  const struct alike_findings *item)
{
	size_t all = 0, on = 0;

	for (size_t i = 0; i < text->matrix->count; i++) {
		all += !text->matrix->rows[i].error;
		on += is_on(text, object, item, i);
	}
	if (on < all)
		print_spans(text, object, item);
	else if (all > 1)
		terminal__print("        on all %zu kernels\n", all);
}

static void print_head(size_t number, const struct alike_findings *item, struct list_line *line)
{
	const struct kbtf_finding *finding = item->first;
	_cleanup_buf_ struct buf verdict = {}, what = {};

	buf__printf(&verdict, "[%zu] %s", number, kbtf_verdict__name(finding->verdict));
	buf__printf(&what, "%s%s%s", *finding->kind ? finding->kind :
		    kbtf_subject__name(finding->subject), *finding->what ? " " : "", finding->what);
	if (!buf__cstr(&verdict) || !buf__cstr(&what))
		abort();
	print_item(line, "", buf__cstr(&verdict));
	for (size_t i = 0; i < item->program_count; i++)
		print_item(line, i ? "," : ":", item->programs[i]);
	print_item(line, ":", buf__cstr(&what));
}

static void print_finding(const struct matrix_text *text, size_t number,
			  const struct alike_findings *item)
{
	const struct kbtf_finding *finding = item->first;
	struct list_line line = { 0, text->columns, 8 };

	print_head(number, item, &line);
	terminal__more((unsigned int)line.column, 8, ":", finding->text);
	if (*finding->nearest)
		terminal__print("        nearest: %s\n", finding->nearest);
	if (finding->line)
		terminal__source(8, finding->file, finding->line, finding->source);
}

/* "fails on 20, ok on 180 of 200 kernels" */
static void print_verdicts(const struct matrix_text *text, size_t object)
{
	const struct matrix *matrix = text->matrix;
	const char *sign = ": ";

	for (int verdict = KBTF_VERDICT_FAILS; verdict >= KBTF_VERDICT_OK; verdict--) {
		_cleanup_buf_ struct buf words = {};
		size_t count = 0;

		for (size_t i = 0; i < matrix->count; i++)
			count += !matrix->rows[i].error &&
				 (int)matrix->rows[i].reports[object]->verdict == verdict;
		if (!count)
			continue;
		terminal__print("%s%s", sign, words_of((enum kbtf_verdict)verdict, &words));
		if (matrix->count > 1)
			terminal__print(" on %zu", count);
		sign = "; ";
	}
	if (matrix->count > 1)
		terminal__print(" of %zu kernels", matrix->count);
	terminal__print("\n");
}

static void print_object(const struct matrix_text *text, size_t object)
{
	const struct matrix_findings *findings = &text->findings[object];

	if (!findings->count)
		return;
	terminal__print("\n%s", text->names[object]);
	print_verdicts(text, object);
	for (size_t i = 0; i < findings->count; i++) {
		print_finding(text, findings->first_number + i, &findings->items[i]);
		print_kernels(text, object, &findings->items[i]);
	}
}

/* ---- all ------------------------------------------------------------------------------------------ */

static void make(struct matrix_text *text, const struct matrix *matrix)
{
	size_t objects = matrix->objects->count, number = 1;

	*text = (struct matrix_text){
		.matrix = matrix, .columns = terminal__columns(),
		.findings = allocate(objects, sizeof(*text->findings)),
		.names = allocate(objects, sizeof(*text->names)),
		.cells = allocate(objects * matrix->count, sizeof(*text->cells)),
	};
	for (size_t i = 0; i < objects; i++) {
		name_object(matrix, i, text->names[i]);
		matrix_findings__collect(matrix, i, number, &text->findings[i]);
		number += text->findings[i].count;
	}
	for (size_t row = 0; row < matrix->count; row++)
		for (size_t i = 0; i < objects; i++)
			cells_of(text, row)[i] = make_cell(text, &matrix->rows[row], i);
}

static void matrix_text__free(struct matrix_text *text)
{
	size_t objects = text->matrix->objects->count;

	for (size_t i = 0; i < objects; i++)
		matrix_findings__free(&text->findings[i]);
	for (size_t i = 0; i < objects * text->matrix->count; i++)
		free(text->cells[i]);
	free(text->findings);
	free(text->names);
	free(text->cells);
}

void matrix__print(const struct matrix *matrix)
{
	struct matrix_text text;

	make(&text, matrix);
	print_table(&text);
	for (size_t i = 0; i < matrix->objects->count; i++)
		print_object(&text, i);
	matrix_text__free(&text);
}
