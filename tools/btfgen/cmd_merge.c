/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"
#include "stage/pack.h"

struct tally {
	size_t entries, yielded;
};

static int take_archive(struct kbtf_writer *writer, const char *path, struct tally *tally,
			struct error *err)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = archive_file__open(path, err);

	if (!archive)
		return -errno ?: -EIO;
	for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		enum kbtf_added added;
		int res = pack__copy(writer, archive, entry, NULL, &added);

		tally->entries++;
		tally->yielded += !res && added == KBTF_ADDED_YIELDED;
		if (res)
			return error__set(err, -res, "%s: %s: %s", path,
					  kbtf_entry__ident(entry)->kernel_release,
					  res == -EBADMSG ? "is damaged" : strerror(-res));
	}
	return 0;
}

int cmd_merge(int argc, char **argv)
{
	_cleanup_kbtf_writer_ struct kbtf_writer *writer = NULL;
	struct tally tally = {};
	bool json = false;
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "merge",
		.arguments = "[OPTION]... OUT IN...",
		.description = "Bring the kernels of archives together in one, which is compacted then: "
			       "it is\nthe same bytes in whichever order they come. Where two have the "
			       "same kernel, the\nlater one counts; OUT may be there already.",
		.options = options,
		.epilogue = "Example:\n  btfgen merge all.kbtf shard-*.kbtf",
		.min_arguments = 2,
		.max_arguments = 100000,
	};
	struct error err = {};
	const char *out;
	int exit_code, res = 0, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	out = argv[first];
	if (archive_file__check_place(out, &err) || !(writer = pack__open(out, &err)))
		res = -EIO;
	for (int i = first + 1; !res && i < argc; i++)
		res = take_archive(writer, argv[i], &tally, &err);
	if (res) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	res = kbtf_writer__compact(writer);
	if (!res)
		res = kbtf_writer__commit(writer);
	if (pack__explain(out, "write it", res, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	if (json)
		json__print(json_pack("{s:o, s:I, s:I}", "archive", json_text(out), "merged",
				      (json_int_t)tally.entries, "yielded",
				      (json_int_t)tally.yielded));
	else
		printf("%s: %zu entries of %d archives merged\n", out, tally.entries,
		       argc - first - 1);
	return EXIT_OK;
}
