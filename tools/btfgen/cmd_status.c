/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/log.h"
#include "command.h"
#include "coverage.h"
#include "known.h"
#include "missing_indexes.h"
#include "table.h"

/* One line of the report: a release of a distribution on one architecture. */
struct line {
	const struct kernel *first;
	size_t by_coverage[COVERAGES];
	json_t *causes;         /* "fetch: not found" -> how many */
};

/* What the lines and what follows them are made of. */
struct report {
	struct table *table;
	json_t *lines, *failures;
	json_t *causes;         /* of all lines */
};

static bool same_line(const struct kernel *a, const struct kernel *b)
{
	return strcmp(a->distro, b->distro) == 0 &&
	       strcmp(a->distro_release, b->distro_release) == 0 && strcmp(a->arch, b->arch) == 0;
}

static void end_line(const struct line *line, struct report *report)
{
	const struct kernel *kernel = line->first;
	const size_t *by = line->by_coverage;
	size_t known = 0;
	char texts[1 + COVERAGES][24];
	const char *cells[] = { kernel->distro, kernel->distro_release, kernel->arch,
				texts[COVERAGES], texts[COVERAGE_ARCHIVED], texts[COVERAGE_MISSING],
				texts[COVERAGE_FAILED], texts[COVERAGE_WAITING] };

	for (int i = 0; i < COVERAGES; i++) {
		known += by[i];
		snprintf(texts[i], sizeof(texts[i]), "%zu", by[i]);
	}
	snprintf(texts[COVERAGES], sizeof(texts[COVERAGES]), "%zu", known);
	table__add(report->table, cells);
	json_array_append_new(report->lines, json_pack(
		"{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:o}", "distro", kernel->distro, "release",
		kernel->distro_release, "arch", kernel->arch, "known", (int)known, "archived",
		(int)by[COVERAGE_ARCHIVED], "missing", (int)by[COVERAGE_MISSING], "failed",
		(int)by[COVERAGE_FAILED], "waiting", (int)by[COVERAGE_WAITING], "causes",
		line->causes));
}

static const char *text_of(const json_t *record, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : otherwise;
}

static void count(json_t *counts, const char *name)
{
	json_int_t before = json_integer_value(json_object_get(counts, name));

	json_object_set_new(counts, name, json_integer(before + 1));
}

static void take_failure(struct report *report, struct line *line, const struct standing *standing)
{
	const json_t *record = standing->failure;
	char cause[128];

	if (!record)
		return;
	json_array_append_new(report->failures, standing__failure_json(standing));
	snprintf(cause, sizeof(cause), "%s: %s", text_of(record, "stage", "?"),
		 text_of(record, "cause", "other"));
	count(report->causes, cause);
	count(line->causes, cause);
}

static void print_failure(const json_t *record, bool *has_waiting)
{
	const char *until = json_string_value(json_object_get(record, "until"));

	printf("failed: %s (%s %s): %s: %s (%lld times, last %s%s%s)\n",
	       text_of(record, "kernel", "?"), text_of(record, "distro", "?"),
	       text_of(record, "release", "?"), text_of(record, "stage", "?"),
	       text_of(record, "reason", "?"),
	       json_integer_value(json_object_get(record, "failures")),
	       text_of(record, "time", "?"), until ? "; waits until " : "", until ? until : "");
	if (until)
		*has_waiting = true;
}

static void print_report(struct report *report)
{
	static const char *const headings[] = { ">FAILURES", "CAUSE", NULL };
	struct table *table = table__new(headings);
	bool has_waiting = false;
	const char *cause;
	json_t *count;

	table__print(report->table);
	json_object_foreach(report->causes, cause, count) {
		char text[24];
		const char *cells[] = { text, cause };

		snprintf(text, sizeof(text), "%lld", json_integer_value(count));
		table__add(table, cells);
	}
	table__print(table);
	for (size_t i = 0; i < json_array_size(report->failures); i++)
		print_failure(json_array_get(report->failures, i), &has_waiting);
	if (has_waiting)
		puts("`btfgen build --retry` tries now what waits");
}

static void make_report(const struct known *known, struct ledger *ledger,
			struct report *report)
{
	const struct kernel_list *kernels = &known->catalogue.kernels;
	struct line line = {};

	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->items[i];
		struct standing standing = standing__of(kernel, ledger);

		if (line.first && !same_line(line.first, kernel)) {
			end_line(&line, report);
			line = (struct line){};
		}
		if (!line.first)
			line = (struct line){ .first = kernel, .causes = json_object() };
		line.by_coverage[standing.coverage]++;
		take_failure(report, &line, &standing);
	}
	if (line.first)
		end_line(&line, report);
}

static int report(const struct known *known, struct ledger *ledger, bool json)
{
	static const char *const headings[] = { "DISTRO", "RELEASE", "ARCH", ">KNOWN", ">ARCHIVED",
						">MISSING", ">FAILED", ">WAITING", NULL };
	struct report report = { table__new(headings), json_array(), json_array(), json_object() };
	bool failed;

	make_report(known, ledger, &report);
	failed = json_array_size(report.failures);
	if (json) {
		table__free(report.table);
		json_t *object = json_pack("{s:O, s:O, s:O}", "releases", report.lines, "causes",
					   report.causes, "failures", report.failures);

		missing_indexes__add_json(&known->catalogue, object);
		json__print(object);
	} else {
		print_report(&report);
	}
	json_decref(report.lines);
	json_decref(report.failures);
	json_decref(report.causes);
	if (!known->catalogue.kernels.count) {
		log__error("no kernel known; `btfgen index` asks the distributions");
		return EXIT_NOTHING;
	}
	return failed ? EXIT_FAILED : EXIT_OK;
}

int cmd_status(int argc, char **argv)
{
	struct known known __attribute__((__cleanup__(known__free))) = { .for_counts = true };
	struct ledger ledger __attribute__((__cleanup__(ledger__close))) = {};
	const char *archive_given = NULL;
	bool json = false;
	const struct option_def options[] = {
		KNOWN_FILTER_OPTIONS(known),
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given, "the archive to look at" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Where from" },
		{ OPTION_TEXT, "manifests", 0, "DIR", &known.manifests,
		  "read the manifests of this directory" },
		{ OPTION_TEXT, "work", 'w', "DIR", &known.work_path,
		  "cache and scratch (default:\n$XDG_CACHE_HOME/btfgen)" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "status",
		.arguments = "[OPTION]...",
		.description = "How many kernels are known, archived, failed and waiting, by release, and\nwhy. "
			       "Without network: `btfgen index` refreshes what is known.",
		.options = options,
	};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (!ledger__open(archive_given, &ledger))
		return EXIT_FAILED;
	exit_code = known__load(&known, true);
	if (exit_code == EXIT_OK)
		exit_code = report(&known, &ledger, json);
	return exit_code;
}
