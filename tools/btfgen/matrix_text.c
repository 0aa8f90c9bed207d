/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "kernel_words.h"
#include "matrix.h"
#include "table.h"
#include "terminal.h"

/* More columns than these don't fit beside each other: a line each then. */
#define COLUMNS_MAX 6

/* Reports with findings, by their numbers in the text. */
struct notes {
	const struct matrix *matrix;
	struct note {
		const struct kbtf_report *report;
		size_t object;
	} *items;
	size_t count;
};

static bool is_told(const struct kbtf_finding *finding, const struct kbtf_report *report)
{
	/* what is guarded is of interest where nothing is worse */
	return finding->verdict >= KBTF_VERDICT_ADAPTED ||
	       report->verdict <= KBTF_VERDICT_ADAPTED;
}

/* The number of a report's note, from 1 on; 0: there is nothing to tell. */
static size_t note_of(struct notes *notes, size_t object, const struct kbtf_report *report)
{
	struct note *grown;

	if (!report->finding_count)
		return 0;
	for (size_t i = 0; i < notes->count; i++)
		if (notes->items[i].report == report && notes->items[i].object == object)
			return i + 1;
	grown = realloc(notes->items, (notes->count + 1) * sizeof(*grown));
	if (!grown)
		abort();
	notes->items = grown;
	grown[notes->count++] = (struct note){ report, object };
	return notes->count;
}

static void name_object(const struct matrix *matrix, size_t object, char *name, size_t size)
{
	const char *given = matrix->objects->refs[object].name;
	size_t len = strlen(given);

	if (len > 2 && strcmp(given + len - 2, ".o") == 0)
		len -= 2;
	if (len > 4 && strncmp(given + len - 4, ".bpf", 4) == 0)
		len -= 4;
	snprintf(name, size, "%.*s", (int)len, given);
}

/* Of what a finding is about. */
#define HEAD_SIZE 1000
#define VERDICT_SIZE 80
#define CELL_SIZE (VERDICT_SIZE + 24)

static const char *words_of(const struct kbtf_report *report, char words[VERDICT_SIZE])
{
	if (report->verdict == KBTF_VERDICT_IN_PART)
		snprintf(words, VERDICT_SIZE, "in part (%zu of %zu programs)", report->loaded_count,
			 report->program_count);
	else
		snprintf(words, VERDICT_SIZE, "%s%s",
			 report->verdict == KBTF_VERDICT_GUARDED ||
			 report->verdict == KBTF_VERDICT_ADAPTED ? "ok, " : "",
			 kbtf_verdict__name(report->verdict));
	return words;
}

static void word_cell(struct notes *notes, const struct matrix_row *row, size_t object,
		      char cell[CELL_SIZE])
{
	const struct kbtf_report *report = row->reports[object];
	char words[VERDICT_SIZE];
	size_t note;

	if (row->error) {
		snprintf(cell, CELL_SIZE, "-");
		return;
	}
	note = note_of(notes, object, report);
	if (note)
		snprintf(cell, CELL_SIZE, "%s [%zu]", words_of(report, words), note);
	else
		snprintf(cell, CELL_SIZE, "%s", words_of(report, words));
}

static void name_kernels(const struct matrix_row *rows, size_t count, char who[KERNEL_WORDS],
			 char which[KERNEL_WORDS])
{
	kernel_words__system(rows->entry, who);
	kernel_words__span(rows->entry, rows->path, rows[count - 1].entry, count, which);
}

/* ---- the table -------------------------------------------------------------------------------- */

static void add_wide(struct table *table, struct notes *notes, size_t first, size_t count)
{
	const struct matrix *matrix = notes->matrix;
	char who[KERNEL_WORDS], which[KERNEL_WORDS], cells[COLUMNS_MAX][CELL_SIZE];
	const char *row[COLUMNS_MAX + 2] = { who, which };

	name_kernels(&matrix->rows[first], count, who, which);
	for (size_t i = 0; i < matrix->objects->count; i++) {
		word_cell(notes, &matrix->rows[first], i, cells[i]);
		row[i + 2] = cells[i];
	}
	table__add(table, row);
}

static void add_long(struct table *table, struct notes *notes, size_t first, size_t count)
{
	const struct matrix *matrix = notes->matrix;
	char who[KERNEL_WORDS], which[KERNEL_WORDS];

	name_kernels(&matrix->rows[first], count, who, which);
	for (size_t i = 0; i < matrix->objects->count; i++) {
		char name[256], cell[CELL_SIZE];

		word_cell(notes, &matrix->rows[first], i, cell);
		name_object(matrix, i, name, sizeof(name));
		table__add(table, (const char *[]){ i ? "" : who, i ? "" : which, name, cell });
	}
}

static struct table *make_table(struct notes *notes, bool wide)
{
	const struct matrix *matrix = notes->matrix;
	char names[COLUMNS_MAX][256];
	const char *headings[COLUMNS_MAX + 3] = { "SYSTEM", "KERNEL" };
	struct table *table;
	size_t count;

	for (size_t i = 0; wide && i < matrix->objects->count; i++) {
		name_object(matrix, i, names[i], sizeof(names[i]));
		headings[i + 2] = names[i];
	}
	table = wide ? table__new(headings)
		     : table__new((const char *[]){ "SYSTEM", "KERNEL", "OBJECT", "VERDICT", NULL });
	for (size_t at = 0; at < matrix->count; at += count) {
		count = matrix__group(matrix, at);
		if (wide)
			add_wide(table, notes, at, count);
		else
			add_long(table, notes, at, count);
	}
	return table;
}

static void print_table(struct notes *notes)
{
	size_t columns = notes->matrix->objects->count;
	struct table *table = make_table(notes, columns <= COLUMNS_MAX);

	if (columns > 1 && columns <= COLUMNS_MAX && table__width(table) > TERMINAL_COLUMNS) {
		table__free(table);
		table = make_table(notes, false);
	}
	table__print(table);
}

/* ---- what is behind it ---------------------------------------------------------------------------- */

static void print_finding(const struct kbtf_finding *finding)
{
	char head[HEAD_SIZE];
	int len = snprintf(head, sizeof(head), "    %s: %s%s%s%s%s",
			   kbtf_verdict__name(finding->verdict), finding->program,
			   *finding->program ? ": " : "",
			   *finding->kind ? finding->kind : kbtf_subject__name(finding->subject),
			   *finding->what ? " " : "", finding->what);

	terminal__print("%s", head);
	terminal__more((unsigned int)len, 8, ":", finding->text);
	if (*finding->nearest)
		terminal__print("        nearest: %s\n", finding->nearest);
	if (finding->line)
		terminal__source(8, finding->file, finding->line, finding->source);
}

static void print_note(const struct notes *notes, size_t number)
{
	const struct note *note = &notes->items[number];
	const struct kbtf_report *report = note->report;
	char name[256], words[VERDICT_SIZE];

	name_object(notes->matrix, note->object, name, sizeof(name));
	terminal__print("\n[%zu] %s: %s\n", number + 1, name, words_of(report, words));
	for (size_t i = 0; i < report->finding_count; i++)
		if (is_told(&report->findings[i], report))
			print_finding(&report->findings[i]);
}

void matrix__print(const struct matrix *matrix)
{
	struct notes notes = { .matrix = matrix };

	print_table(&notes);
	for (size_t i = 0; i < notes.count; i++)
		print_note(&notes, i);
	free(notes.items);
}
