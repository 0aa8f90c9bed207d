/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agenda.h"
#include "archive_file.h"
#include "base/log.h"
#include "command.h"
#include "profile.h"
#include "table.h"

struct planning {
	struct agenda agenda;
	bool missing, json;
};

static void planning__free(struct planning *planning)
{
	agenda__free(&planning->agenda);
}

static bool is_shown(const struct planning *planning, const struct task *task)
{
	return !planning->missing || task__is_due(task);
}

/*
 * What GitHub takes as a matrix as it is: an object with "include" and nothing else, on one
 * line, since that is what its output variables hold.
 */
static void print_matrix(json_t *include)
{
	json_t *matrix = json_pack("{s:o}", "include", include);

	json_dumpf(matrix, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(matrix);
}

static void print_kernels(const struct planning *planning)
{
	const struct plan *plan = &planning->agenda.plan;
	json_t *include;

	if (!planning->json) {
		agenda__print(&planning->agenda, planning->missing);
		return;
	}
	include = json_array();
	for (size_t i = 0; i < plan->count; i++)
		if (is_shown(planning, &plan->tasks[i]))
			json_array_append_new(include, task__json(&plan->tasks[i]));
	print_matrix(include);
}

/* ---- shards ------------------------------------------------------------------------- */

struct share {
	size_t kernels;
	uint64_t bytes;
};

static void print_shares(const struct planning *planning, const struct share *shares)
{
	static const char *const headings[] = { "SHARD", ">KERNELS", ">FETCH", NULL };
	unsigned int count = planning->agenda.shard.count;
	struct table *table = table__new(headings);
	json_t *include = json_array();

	for (unsigned int i = 0; i < count; i++) {
		char shard[24], kernels[24], bytes[16];
		const char *cells[] = { shard, kernels, format_bytes(shares[i].bytes, bytes) };

		if (!shares[i].kernels)
			continue;
		snprintf(shard, sizeof(shard), "%u/%u", i + 1, count);
		snprintf(kernels, sizeof(kernels), "%zu", shares[i].kernels);
		table__add(table, cells);
		json_array_append_new(include, json_pack("{s:s, s:I, s:I}", "shard", shard, "kernels",
							 (json_int_t)shares[i].kernels, "bytes",
							 (json_int_t)shares[i].bytes));
	}
	if (planning->json) {
		table__free(table);
		print_matrix(include);
	} else {
		table__print(table);
		json_decref(include);
	}
}

static int print_shards(const struct planning *planning)
{
	const struct plan *plan = &planning->agenda.plan;
	struct share *shares = calloc(planning->agenda.shard.count, sizeof(*shares));

	if (!shares) {
		log__error("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < plan->count; i++) {
		const struct task *task = &plan->tasks[i];

		if (!is_shown(planning, task))
			continue;
		shares[task->shard - 1].kernels++;
		if (task__is_due(task) && task->package)
			shares[task->shard - 1].bytes += task->package->size;
	}
	print_shares(planning, shares);
	free(shares);
	return EXIT_OK;
}

int cmd_plan(int argc, char **argv)
{
	struct planning planning __attribute__((__cleanup__(planning__free))) = {};
	struct agenda *agenda = &planning.agenda;
	const struct option_def options[] = {
		AGENDA_FILTER_OPTIONS(*agenda),
		{ OPTION_FLAG, "missing", 'm', NULL, &planning.missing,
		  "only what is to be done now" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "What to make" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &agenda->archive_given,
		  "the archive to compare with" },
		PROFILE_OPTIONS(agenda->profile),
		KNOWN_SOURCE_OPTIONS(agenda->known),
		{ OPTION_FLAG, "cached", 0, NULL, &agenda->cached,
		  "what is known already, without network" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_NUMBER, "shards", 0, "N", &agenda->shard.count,
		  "divide by N, and print shards with work,\nnot kernels" },
		{ OPTION_FLAG, "json", 0, NULL, &planning.json,
		  "print a job matrix, as JSON on one line" },
		{},
	};
	const struct command_line line = {
		.name = "plan",
		.arguments = "[OPTION]...",
		.description = "What `btfgen build` with the same options would do, as jobs for\nseveral "
			       "machines: one a kernel, or one a shard.",
		.options = options,
		.epilogue = "Examples:\n  btfgen plan --distro debian --missing\n"
			    "  btfgen plan --missing --shards 8 --json\n"
			    "  btfgen build --shard 3/8 -a shard-3.kbtf",
	};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (agenda->shard.count > SHARDS_MAX) {
		log__error("--shards: at most %u", SHARDS_MAX);
		return EXIT_USAGE;
	}
	exit_code = agenda__make(agenda);
	if (exit_code == EXIT_OK && !agenda->shard.count)
		print_kernels(&planning);
	else if (exit_code == EXIT_OK)
		exit_code = print_shards(&planning);
	if (exit_code == EXIT_OK && agenda->known.catalogue.failure_count)
		exit_code = EXIT_FAILED;
	return exit_code;
}
