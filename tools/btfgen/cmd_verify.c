/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"

struct verifying {
	size_t blobs, damaged, unparsable, unverified;
};

static void check_blob(struct verifying *it, int res, void *data, size_t size, const char *what,
		       const char *release)
{
	struct btf *btf = res ? NULL : btf__new(data, size);

	if (res) {
		it->damaged++;
		log__error("%s: %s: %s", release, what, res == -EBADMSG ?
			   "damaged: its digest differs" : strerror(-res));
	} else if (!btf) {
		it->unparsable++;
		log__error("%s: %s: no valid BTF", release, what);
	}
	btf__free(btf);
	free(data);
}

static void check_entry(struct verifying *it, const struct kbtf_archive *archive,
			const struct kbtf_entry *entry)
{
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	void *data = NULL;
	size_t size = 0;
	int res;

	if (kbtf_entry__btf_size(entry)) {
		res = kbtf_entry__read_btf(entry, &data, &size);
		check_blob(it, res, data, size, "full BTF", release);
		it->blobs++;
		/* the same, by another way and with a digest of its own */
		if (!res) {
			data = NULL;
			res = kbtf_entry__read_data_types(entry, &data, &size);
			check_blob(it, res, data, size, "data types", release);
		}
	}
	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(archive, i);

		if (!kbtf_entry__min_size(entry, profile))
			continue;
		data = NULL;
		res = kbtf_entry__read_min(entry, profile, &data, &size);
		check_blob(it, res, data, size, kbtf_profile__name(profile), release);
		it->blobs++;
	}
	if (kbtf_entry__provenance(entry)->verification == KBTF_UNVERIFIED)
		it->unverified++;
}

int cmd_verify(int argc, char **argv)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = NULL;
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
		.name = "verify",
		.arguments = "[OPTION]...",
		.description = "Read all of an archive: every digest is checked, and all BTF parsed.",
		.options = options,
		.max_arguments = 0,
	};
	struct verifying it = {};
	struct error err = {};
	size_t count;
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	path = archive_file__path(archive_given);
	archive = archive_file__open(path, &err);
	if (!archive) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	count = kbtf_archive__entry_count(archive);
	for (size_t i = 0; i < count && !cancel__requested(); i++)
		check_entry(&it, archive, kbtf_archive__entry(archive, i));
	if (json)
		json__print(json_pack("{s:o, s:i, s:i, s:i, s:i, s:i}", "archive", json_text(path), "entries",
				      (int)count, "blobs", (int)it.blobs, "damaged",
				      (int)it.damaged, "unparsable", (int)it.unparsable,
				      "unverified_entries", (int)it.unverified));
	else
		printf("%s: %zu entries, %zu BTF read; %zu damaged, %zu unparsable; %zu entries from "
		       "sources that nothing signs\n", path, count, it.blobs, it.damaged,
		       it.unparsable, it.unverified);
	return it.damaged || it.unparsable || cancel__requested() ? EXIT_FAILED : EXIT_OK;
}
