/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "archive_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"
#include "stage/pack.h"

/* Those that match, named; -errno or how many. */
static int remove_matching(struct kbtf_writer *writer, const struct entry_filter *filter,
			   bool dry_run, json_t *removed)
{
	const struct kbtf_archive *archive = kbtf_writer__base(writer);
	int count = 0;

	for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		int res = 0;

		if (!entry_filter__matches(filter, entry))
			continue;
		if (!dry_run)
			res = kbtf_writer__remove(writer, kbtf_entry__ident(entry));
		if (res)
			return res;
		log__info("%s %s", dry_run ? "would drop" : "dropped",
			  kbtf_entry__ident(entry)->kernel_release);
		json_array_append_new(removed, entry__json(entry));
		count++;
	}
	return count;
}

static bool says_nothing(const struct entry_filter *filter)
{
	return !filter->pattern_text && !filter->build_id && !filter->distro && !filter->release &&
	       !filter->arch;
}

int cmd_rm(int argc, char **argv)
{
	_cleanup_kbtf_writer_ struct kbtf_writer *writer = NULL;
	struct entry_filter filter __attribute__((__cleanup__(entry_filter__free))) = {};
	_cleanup_free_ char *path = NULL;
	const char *archive_given = NULL;
	bool json = false, dry_run = false;
	const struct option_def options[] = {
		ENTRY_FILTER_OPTIONS(filter),
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_FLAG, "dry-run", 0, NULL, &dry_run, "name them, and drop none" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "rm",
		.arguments = "[OPTION]...",
		.description = "Drop kernels from an archive. What others are stored after stays in the "
			       "file\nuntil `btfgen compact`.",
		.options = options,
		.epilogue = "Examples:\n  btfgen rm --distro debian --release 10\n"
			    "  btfgen rm -k 6.1.0-9-amd64",
		.max_arguments = 0,
	};
	cleanup(json_decrefp) json_t *removed = json_array();
	struct error err = {};
	int exit_code, res;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (says_nothing(&filter)) {
		fprintf(stderr, "btfgen rm: say which entries. Try 'btfgen rm --help'.\n");
		return EXIT_USAGE;
	}
	path = archive_file__path(archive_given);
	if (!path || entry_filter__prepare(&filter, &err) || !archive_file__exists(path, &err) ||
	    !(writer = pack__open(path, &err))) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	res = remove_matching(writer, &filter, dry_run, removed);
	exit_code = res ? EXIT_OK : EXIT_NOTHING;
	if (res > 0)
		res = dry_run ? 0 : kbtf_writer__commit(writer);
	if (pack__explain(path, "drop entries of it", res, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	if (exit_code == EXIT_NOTHING)
		log__error("%s: no entry matches", path);
	if (json)
		json__print(json_pack("{s:o, s:O}", "archive", json_text(path), "removed", removed));
	return exit_code;
}
