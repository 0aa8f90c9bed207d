/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "table.h"

/* Above so many kernels a table with a row each, below a block each. */
#define BLOCKS_AT_MOST 3

static void print_block(const struct job_result *result)
{
	bool is_partial = result->verification == KBTF_VERIFIED_PARTIAL;
	char bytes[3][16];

	printf("kernel      %s (%s%s%s, %s)\n", result->kernel_release,
	       *result->distro ? result->distro : "unknown distribution",
	       *result->distro_release ? " " : "", result->distro_release, result->arch);
	printf("version     %s\n", *result->kernel_version ? result->kernel_version : "unknown");
	printf("build ID    %s\n", *result->build_id ? result->build_id : "none");
	printf("package     %s\n", result->package);
	printf("verified    %s%s%s\n", kbtf_verification__name(result->verification),
	       !*result->verified_by ? "" : is_partial ? ", its index signed by " : ", signed by ",
	       result->verified_by);
	/* a local file is not fetched, and parts of a package are as they are read */
	if (result->seconds[STAGE_FETCH] > 0 || result->fetched)
		printf("fetched     %s\n", result->fetched ? format_bytes(result->fetched, bytes[0])
							   : "nothing (it was in the cache)");
	printf("encoder     %s%s%s%s%s\n", result->encoder, *result->encoder_version ? " " : "",
	       result->encoder_version, *result->encoder_flags ? " " : "", result->encoder_flags);
	for (const char *note = result->notes; note && *note;) {
		size_t len = strcspn(note, "\n");

		printf("note        %.*s\n", (int)len, note);
		note += len + (note[len] == '\n');
	}
	if (result->full_size)
		printf("full BTF    %s\n", format_bytes(result->full_size, bytes[1]));
	if (result->min_size)
		printf("minimized   %s\n", format_bytes(result->min_size, bytes[2]));
	printf("seconds     fetch %.1f, extract %.1f, encode %.1f, minimize %.1f, pack %.1f\n\n",
	       result->seconds[STAGE_FETCH], result->seconds[STAGE_EXTRACT],
	       result->seconds[STAGE_ENCODE], result->seconds[STAGE_MINIMIZE],
	       result->seconds[STAGE_PACK]);
}

static void add_result_row(struct table *table, const struct job_result *result)
{
	char fetched[16], full[16], min[16], seconds[16];
	double total = 0;
	const char *cells[] = { result->kernel_release, result->arch, result->build_id,
				kbtf_verification__name(result->verification),
				format_bytes(result->fetched, fetched), result->encoder,
				result->full_size ? format_bytes(result->full_size, full) : "-",
				format_bytes(result->min_size, min), seconds };

	for (int i = 0; i < STAGE_COUNT; i++)
		total += result->seconds[i];
	snprintf(seconds, sizeof(seconds), "%.1f", total);
	table__add(table, cells);
}

void report__results(const struct task_outcome *outcomes, size_t count)
{
	static const char *const headings[] = { "KERNEL", "ARCH", "BUILD ID", "VERIFIED", ">FETCHED",
						"ENCODER", ">FULL", ">MINIMIZED", ">SECONDS", NULL };
	struct table *table = table__new(headings);
	size_t done = 0;

	for (size_t i = 0; i < count; i++)
		done += outcomes[i].outcome == OUTCOME_DONE;
	for (size_t i = 0; i < count; i++) {
		if (outcomes[i].outcome != OUTCOME_DONE)
			continue;
		if (done <= BLOCKS_AT_MOST)
			print_block(&outcomes[i].result);
		else
			add_result_row(table, &outcomes[i].result);
	}
	table__print(table);
}
