/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/log.h"
#include "command.h"
#include "coverage.h"
#include "known.h"
#include "table.h"

/* One line of the report: a release of a distribution on one architecture. */
struct line {
	const struct kernel *first;
	size_t by_coverage[3];
};

static bool same_line(const struct kernel *a, const struct kernel *b)
{
	return strcmp(a->distro, b->distro) == 0 &&
	       strcmp(a->distro_release, b->distro_release) == 0 && strcmp(a->arch, b->arch) == 0;
}

static void end_line(const struct line *line, struct table *table, json_t *lines)
{
	size_t archived = line->by_coverage[COVERAGE_ARCHIVED];
	size_t failed = line->by_coverage[COVERAGE_FAILED];
	size_t known = archived + failed + line->by_coverage[COVERAGE_MISSING];
	char texts[3][24];
	const char *cells[] = { line->first->distro, line->first->distro_release, line->first->arch,
				texts[0], texts[1], texts[2] };

	snprintf(texts[0], sizeof(texts[0]), "%zu", known);
	snprintf(texts[1], sizeof(texts[1]), "%zu", archived);
	snprintf(texts[2], sizeof(texts[2]), "%zu", failed);
	table__add(table, cells);
	json_array_append_new(lines, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "distro",
					       line->first->distro, "release",
					       line->first->distro_release, "arch",
					       line->first->arch, "known", (int)known, "archived",
					       (int)archived, "failed", (int)failed));
}

static void print_failure(const json_t *record)
{
	printf("failed: %s (%s %s): %s: %s (%lld times, last %s)\n",
	       json_string_value(json_object_get(record, "kernel")),
	       json_string_value(json_object_get(record, "distro")),
	       json_string_value(json_object_get(record, "release")),
	       json_string_value(json_object_get(record, "stage")),
	       json_string_value(json_object_get(record, "reason")),
	       json_integer_value(json_object_get(record, "failures")),
	       json_string_value(json_object_get(record, "time")));
}

static int report(const struct known *known, const struct ledger *ledger, bool json)
{
	static const char *const headings[] = { "DISTRO", "RELEASE", "ARCH", ">KNOWN", ">ARCHIVED",
						">FAILED", NULL };
	const struct kernel_list *kernels = &known->catalogue.kernels;
	struct table *table = table__new(headings);
	json_t *lines = json_array(), *failures = json_array();
	struct line line = {};
	size_t failed;

	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->items[i];
		const json_t *record;
		enum coverage coverage = coverage__of(kernel, ledger, &record);

		if (line.first && !same_line(line.first, kernel)) {
			end_line(&line, table, lines);
			line = (struct line){};
		}
		if (!line.first)
			line.first = kernel;
		line.by_coverage[coverage]++;
		if (coverage == COVERAGE_FAILED)
			json_array_append(failures, (json_t *)record);
	}
	if (line.first)
		end_line(&line, table, lines);
	failed = json_array_size(failures);
	if (json) {
		table__free(table);
		json__print(json_pack("{s:O, s:O}", "releases", lines, "failures", failures));
	} else {
		table__print(table);
		for (size_t i = 0; i < failed; i++)
			print_failure(json_array_get(failures, i));
	}
	json_decref(lines);
	json_decref(failures);
	if (!kernels->count) {
		log__error("no kernel known; `btfgen index` asks the distributions");
		return EXIT_NOTHING;
	}
	return failed ? EXIT_FAILED : EXIT_OK;
}

int cmd_status(int argc, char **argv)
{
	struct known known __attribute__((__cleanup__(known__free))) = {};
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
		.description = "How many kernels are known, archived and failed, by release, and why.\n"
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
