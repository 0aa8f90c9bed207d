/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "base/json_text.h"
#include "matrix.h"

/* Each report once, and the rows name them by number. */
struct report_list {
	const struct kbtf_report **items;
	size_t count;
	json_t *json;
};

static json_t *finding_json(const struct kbtf_finding *finding)
{
	json_t *object = json_pack("{s:s, s:s, s:o, s:o}", "verdict",
				   kbtf_verdict__name(finding->verdict), "subject",
				   kbtf_subject__name(finding->subject), "what",
				   json_text(finding->what), "text", json_text(finding->text));

	if (*finding->program)
		json_object_set_new(object, "program", json_text(finding->program));
	if (*finding->section)
		json_object_set_new(object, "section", json_text(finding->section));
	if (*finding->kind) {
		json_object_set_new(object, "relocation", json_text(finding->kind));
		json_object_set_new(object, "instruction", json_integer(finding->instruction));
	}
	if (*finding->nearest)
		json_object_set_new(object, "nearest", json_text(finding->nearest));
	if (finding->line) {
		json_object_set_new(object, "file", json_text(finding->file));
		json_object_set_new(object, "line", json_integer(finding->line));
		json_object_set_new(object, "source", json_text(finding->source));
	}
	return object;
}

static size_t number_of(struct report_list *list, const struct kbtf_report *report)
{
	const struct kbtf_report **grown;
	json_t *findings;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == report)
			return i;
	grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
	if (!grown)
		abort();
	list->items = grown;
	grown[list->count] = report;
	findings = json_array();
	for (size_t i = 0; i < report->finding_count; i++)
		json_array_append_new(findings, finding_json(&report->findings[i]));
	json_array_append_new(list->json, json_pack("{s:s, s:I, s:I, s:o}", "verdict",
						    kbtf_verdict__name(report->verdict), "programs",
						    (json_int_t)report->program_count, "loaded",
						    (json_int_t)report->loaded_count,
						    "findings", findings));
	return list->count++;
}

static json_t *row_json(const struct matrix *matrix, const struct matrix_row *row,
			struct report_list *reports)
{
	json_t *cells = json_array();
	json_t *object = row->entry ? entry__json(row->entry)
				    : json_pack("{s:o}", "path", json_text(row->path));

	for (size_t i = 0; !row->error && i < matrix->objects->count; i++)
		json_array_append_new(cells, json_integer((json_int_t)number_of(reports,
									row->reports[i])));
	if (row->error)
		json_object_set_new(object, "error", json_text(row->error));
	json_object_set_new(object, "reports", cells);
	return object;
}

json_t *matrix__json(const struct matrix *matrix)
{
	struct report_list reports = { .json = json_array() };
	json_t *objects = json_array(), *kernels = json_array(), *all;

	for (size_t i = 0; i < matrix->objects->count; i++)
		json_array_append_new(objects, json_text(matrix->objects->paths[i]));
	for (size_t i = 0; i < matrix->count; i++)
		json_array_append_new(kernels, row_json(matrix, &matrix->rows[i], &reports));
	all = json_pack("{s:o, s:o, s:o}", "objects", objects, "kernels", kernels, "reports",
			reports.json);
	free(reports.items);
	return all;
}
