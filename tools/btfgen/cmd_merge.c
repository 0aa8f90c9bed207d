/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"
#include "journal_merge.h"
#include "stage/pack.h"

DEFINE_CLEANUP(journal_merge__freep, struct journal_merge, journal_merge__free)
#define JOURNAL_SUFFIX ".journal"

struct tally {
	size_t archives, entries, yielded;
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

static bool is_journal(const char *path)
{
	size_t len = strlen(path), suffix = strlen(JOURNAL_SUFFIX);

	return len > suffix && strcmp(path + len - suffix, JOURNAL_SUFFIX) == 0;
}

/* That of an archive, or a journal by itself: one that had failures alone has no archive. */
static int take_journal(struct journal_merge *journals, const char *path, struct error *err)
{
	_cleanup_free_ char *beside = NULL;

	if (is_journal(path))
		return journal_merge__take(journals, path, err);
	if (asprintf(&beside, "%s" JOURNAL_SUFFIX, path) < 0) {
		beside = NULL;
		return error__oom(err);
	}
	return journal_merge__take(journals, beside, err);
}

static int take(struct kbtf_writer *writer, struct journal_merge *journals, const char *path,
		struct tally *tally, struct error *err)
{
	int res = 0;

	if (is_journal(path)) {
		if (access(path, R_OK) < 0)
			return error__set(err, errno, "%s: %s", path, strerror(errno));
	} else {
		res = take_archive(writer, path, tally, err);
		tally->archives++;
	}
	return res ? res : take_journal(journals, path, err);
}

static int write_journal(struct journal_merge *journals, const char *out, struct error *err)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s" JOURNAL_SUFFIX, out) < 0) {
		path = NULL;
		return error__oom(err);
	}
	return journal_merge__write(journals, path, err);
}

int cmd_merge(int argc, char **argv)
{
	cleanup(journal_merge__freep) struct journal_merge *journals = journal_merge__new();
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
			       "same kernel, the\nlater one counts; OUT may be there already. Their "
			       "journals become one, too; what\nhad failures alone may be given as "
			       "its IN.journal.",
		.options = options,
		.epilogue = "Example:\n  btfgen merge all.kbtf shards/*.kbtf shards/*.journal",
		.min_arguments = 2,
		.max_arguments = 100000,
	};
	struct error err = {};
	const char *out;
	int exit_code, res = 0, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	out = argv[first];
	if (!journals)
		res = error__oom(&err);
	else if (archive_file__check_place(out, &err) || !(writer = pack__open(out, &err)) ||
		 take_journal(journals, out, &err))
		res = -EIO;
	for (int i = first + 1; !res && i < argc; i++)
		res = take(writer, journals, argv[i], &tally, &err);
	if (res) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	res = kbtf_writer__compact(writer);
	if (!res)
		res = kbtf_writer__commit(writer);
	if (pack__explain(out, "write it", res, &err) || write_journal(journals, out, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	if (json)
		json__print(json_pack("{s:o, s:I, s:I}", "archive", json_text(out), "merged",
				      (json_int_t)tally.entries, "yielded",
				      (json_int_t)tally.yielded));
	else
		printf("%s: %zu entries of %zu archives merged\n", out, tally.entries,
		       tally.archives);
	return EXIT_OK;
}
