/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "archive_file.h"
#include "command.h"
#include "known.h"
#include "missing_indexes.h"
#include "table.h"

int cmd_index(int argc, char **argv)
{
	struct known known __attribute__((__cleanup__(known__free))) = {};
	bool json = false;
	const struct option_def options[] = {
		KNOWN_FILTER_OPTIONS(known),
		KNOWN_SOURCE_OPTIONS(known),
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "index",
		.arguments = "[OPTION]...",
		.description = "Refresh what is known of the distributions' kernels, from their "
			       "signed indexes.",
		.options = options,
		.epilogue = "Example:\n  btfgen index --distro debian",
	};
	const struct catalogue *catalogue = &known.catalogue;
	char bytes[16];
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	exit_code = known__load(&known, false);
	if (exit_code != EXIT_OK)
		return exit_code;
	if (json) {
		json_t *object = json_pack("{s:i, s:i, s:i, s:I}", "indexes", (int)catalogue->index_count,
					   "failed", (int)catalogue->failure_count, "kernels",
					   (int)catalogue->kernels.count, "fetched_bytes",
					   (json_int_t)catalogue->bytes_fetched);

		missing_indexes__add_json(catalogue, object);
		json__print(object);
	} else {
		printf("%zu indexes, %zu failed; %zu kernels known; %s fetched\n",
		       catalogue->index_count, catalogue->failure_count, catalogue->kernels.count,
		       format_bytes(catalogue->bytes_fetched, bytes));
	}
	if (catalogue->failure_count)
		return EXIT_FAILED;
	return catalogue->kernels.count ? EXIT_OK : EXIT_NOTHING;
}
