/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "archive_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"
#include "stage/pack.h"
#include "table.h"

int cmd_compact(int argc, char **argv)
{
	_cleanup_kbtf_writer_ struct kbtf_writer *writer = NULL;
	_cleanup_free_ char *path = NULL;
	const char *archive_given = NULL;
	bool json = false;
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "compact",
		.arguments = "[OPTION]...",
		.description = "Store all kernels of an archive anew, each after its nearest relative. "
			       "The\nresult depends on what is in the archive alone: archives of the "
			       "same kernels\nbecome the same bytes.",
		.options = options,
		.max_arguments = 0,
	};
	struct error err = {};
	int exit_code, res;
	uint64_t before, after;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	path = archive_file__path(archive_given);
	if (!path || !archive_file__exists(path, &err) || !(writer = pack__open(path, &err))) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	before = archive_file__size(path);
	res = kbtf_writer__compact(writer);
	if (!res)
		res = kbtf_writer__commit(writer);
	if (pack__explain(path, "compact it", res, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	after = archive_file__size(path);
	if (json) {
		json__print(json_pack("{s:o, s:I, s:I}", "archive", json_text(path), "bytes_before",
				      (json_int_t)before, "bytes", (json_int_t)after));
	} else {
		char old[16], new[16];

		printf("%s: %s, was %s\n", path, format_bytes(after, new), format_bytes(before, old));
	}
	return EXIT_OK;
}
