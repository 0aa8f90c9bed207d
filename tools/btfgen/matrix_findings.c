/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "matrix_findings.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t count, size_t size)
{
	/* room for a power of two of them */
	void *grown = count & (count - 1) ? items : realloc(items, (count ? 2 * count : 1) * size);

	if (!grown)
		abort();
	return grown;
}

/* SIZE_MAX: it is not there yet. */
size_t matrix_findings__report(const struct matrix_findings *findings,
			       const struct kbtf_report *report)
{
	for (size_t i = findings->report_count; i; i--)
		if (findings->reports[i - 1] == report)
			return i - 1;
	return SIZE_MAX;
}

static void collect_reports(const struct matrix *matrix, size_t object,
			    struct matrix_findings *findings)
{
	for (size_t i = 0; i < matrix->count; i++) {
		const struct kbtf_report *report = matrix->rows[i].reports[object];

		if (matrix->rows[i].error || matrix_findings__report(findings, report) != SIZE_MAX)
			continue;
		findings->reports = grow(findings->reports, findings->report_count,
					 sizeof(*findings->reports));
		findings->reports[findings->report_count++] = report;
	}
}

/* ---- what is alike ------------------------------------------------------------------------------ */

static bool is_told(const struct kbtf_finding *finding, const struct kbtf_report *report)
{
	/* what is guarded is of interest where nothing is worse */
	return finding->verdict >= KBTF_VERDICT_ADAPTED ||
	       report->verdict <= KBTF_VERDICT_ADAPTED;
}

static bool is_same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* In whichever program. */
static bool is_alike(const struct kbtf_finding *a, const struct kbtf_finding *b)
{
	return a->verdict == b->verdict && a->subject == b->subject && a->line == b->line &&
	       is_same_text(a->text, b->text) && is_same_text(a->what, b->what) &&
	       is_same_text(a->kind, b->kind) && is_same_text(a->nearest, b->nearest) &&
	       is_same_text(a->file, b->file) && is_same_text(a->source, b->source);
}

static bool has_program(const struct alike_findings *item, const char *program)
{
	for (size_t i = 0; i < item->program_count; i++)
		if (is_same_text(item->programs[i], program))
			return true;
	return false;
}

static void add_program(struct alike_findings *item, const char *program)
{
	if (!*program || has_program(item, program))
		return;
	item->programs = grow(item->programs, item->program_count, sizeof(*item->programs));
	item->programs[item->program_count++] = program;
}

static void add_finding(struct matrix_findings *findings, const struct kbtf_finding *finding,
			size_t report)
{
	struct alike_findings *item;

	for (size_t i = 0; i < findings->count; i++)
		if (is_alike(findings->items[i].first, finding) &&
		    is_same_text(findings->items[i].first->program, finding->program)) {
			findings->items[i].reports[report] = true;
			return;
		}
	findings->items = grow(findings->items, findings->count, sizeof(*findings->items));
	item = &findings->items[findings->count++];
	*item = (struct alike_findings){ .first = finding,
					 .reports = calloc(findings->report_count, sizeof(bool)) };
	if (!item->reports)
		abort();
	item->reports[report] = true;
	add_program(item, finding->program);
}

static void free_item(struct alike_findings *item)
{
	free(item->programs);
	free(item->reports);
}

/* Those of several programs that are found on the same kernels become one. */
static void join_programs(struct matrix_findings *findings)
{
	size_t kept = 0;

	for (size_t i = 0; i < findings->count; i++) {
		struct alike_findings *item = &findings->items[i];
		size_t k = 0;

		while (k < kept && (!is_alike(findings->items[k].first, item->first) ||
				    !findings->items[k].program_count != !item->program_count ||
				    memcmp(findings->items[k].reports, item->reports,
					   findings->report_count * sizeof(bool)) != 0))
			k++;
		if (k == kept) {
			findings->items[kept++] = *item;
			continue;
		}
		add_program(&findings->items[k], item->first->program);
		free_item(item);
	}
	findings->count = kept;
}

/* Stable: else they are in the order in which they were found. */
static void sort_by_verdict(struct matrix_findings *findings)
{
	for (size_t i = 1; i < findings->count; i++) {
		struct alike_findings item = findings->items[i];
		size_t at = i;

		for (; at && findings->items[at - 1].first->verdict < item.first->verdict; at--)
			findings->items[at] = findings->items[at - 1];
		findings->items[at] = item;
	}
}

void matrix_findings__collect(const struct matrix *matrix, size_t object, size_t first_number,
			      struct matrix_findings *findings)
{
	*findings = (struct matrix_findings){ .first_number = first_number };
	collect_reports(matrix, object, findings);
	for (size_t i = 0; i < findings->report_count; i++) {
		const struct kbtf_report *report = findings->reports[i];

		for (size_t k = 0; k < report->finding_count; k++)
			if (is_told(&report->findings[k], report))
				add_finding(findings, &report->findings[k], i);
	}
	join_programs(findings);
	sort_by_verdict(findings);
}

void matrix_findings__free(struct matrix_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free_item(&findings->items[i]);
	free(findings->items);
	free(findings->reports);
	*findings = (struct matrix_findings){};
}

/* ---- numbers -------------------------------------------------------------------------------------- */

/* As bad as the report is, or as what is worst in it. */
static enum kbtf_verdict least_verdict(const struct matrix_findings *findings, size_t number)
{
	enum kbtf_verdict least = findings->reports[number]->verdict;

	/* they are sorted */
	for (size_t i = 0; i < findings->count; i++)
		if (findings->items[i].reports[number])
			return findings->items[i].first->verdict < least ?
			       findings->items[i].first->verdict : least;
	return least;
}

void matrix_findings__name(const struct matrix_findings *findings,
			   const struct kbtf_report *report, struct buf *out)
{
	size_t number = matrix_findings__report(findings, report), end;
	enum kbtf_verdict least = least_verdict(findings, number);
	const char *sign = "";

	for (size_t i = 0; i < findings->count; i = end + 1) {
		end = i;
		while (end < findings->count && findings->items[end].reports[number] &&
		       findings->items[end].first->verdict >= least)
			end++;
		if (end == i)
			continue;
		buf__printf(out, "%s%zu", sign, findings->first_number + i);
		if (end - i > 1)
			buf__printf(out, "%s%zu", end - i > 2 ? "-" : ",",
				    findings->first_number + end - 1);
		sign = ",";
	}
}
