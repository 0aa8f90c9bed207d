/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/sha256.h"
#include "command.h"
#include "table.h"

struct totals {
	size_t entries, embedded, pahole, dwarf;
	uint64_t full, stored, min[2];
};

static void count_entry(struct totals *totals, const struct kbtf_archive *archive,
			const struct kbtf_entry *entry)
{
	const char *encoder = kbtf_entry__provenance(entry)->encoder;

	totals->entries++;
	totals->embedded += strcmp(encoder, "embedded") == 0;
	totals->pahole += strcmp(encoder, "pahole") == 0;
	totals->dwarf += strcmp(encoder, "dwarf") == 0;
	totals->full += kbtf_entry__btf_size(entry);
	totals->stored += kbtf_entry__btf_stored_size(entry);
	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++) {
		size_t size = kbtf_entry__min_size(entry, kbtf_archive__profile(archive, i));

		totals->min[0] += size > 0;
		totals->min[1] += size;
	}
}

static void print_list(const struct kbtf_archive *archive, const struct entry_filter *filter)
{
	static const char *const headings[] = { "KERNEL", "DISTRO", "RELEASE", "ARCH", "BUILD ID",
						"ENCODER", ">FULL", "VERIFIED", NULL };
	struct table *table = table__new(headings);

	for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		const struct kbtf_ident *ident = kbtf_entry__ident(entry);
		const struct kbtf_provenance *prov = kbtf_entry__provenance(entry);
		char build_id[2 * KBTF_BUILD_ID_MAX + 1], full[16];
		const char *cells[] = { ident->kernel_release, ident->distro, ident->distro_release,
					ident->arch, hex__encode(ident->build_id,
								 ident->build_id_len, build_id),
					prov->encoder, format_bytes(kbtf_entry__btf_size(entry), full),
					kbtf_verification__name(prov->verification) };

		if (entry_filter__matches(filter, entry))
			table__add(table, cells);
	}
	table__print(table);
}

static json_t *list_json(const struct kbtf_archive *archive, const struct entry_filter *filter)
{
	json_t *list = json_array();

	for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++)
		if (entry_filter__matches(filter, kbtf_archive__entry(archive, i)))
			json_array_append_new(list, entry__json(kbtf_archive__entry(archive, i)));
	return list;
}

static json_t *profiles_json(const struct kbtf_archive *archive)
{
	json_t *list = json_array();

	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(archive, i);
		json_t *objects = json_array();

		for (size_t k = 0; k < kbtf_profile__object_count(profile); k++)
			json_array_append_new(objects, json_text(kbtf_profile__object(profile, k)->name));
		json_array_append_new(list, json_pack("{s:o, s:o}", "name",
						      json_text(kbtf_profile__name(profile)),
						      "objects", objects));
	}
	return list;
}

static void print_profiles(const struct kbtf_archive *archive)
{
	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(archive, i);

		printf("profile     %s:", kbtf_profile__name(profile));
		for (size_t k = 0; k < kbtf_profile__object_count(profile); k++)
			printf(" %s", kbtf_profile__object(profile, k)->name);
		printf("\n");
	}
}

static void print_totals(const struct kbtf_archive *archive, const char *path, uint64_t size,
			 const struct totals *totals)
{
	char a[16], b[16], digest[2 * KBTF_DIGEST_SIZE + 1];

	printf("archive     %s, %s\n", path, format_bytes(size, a));
	printf("digest      %s\n", hex__encode(kbtf_archive__digest(archive), KBTF_DIGEST_SIZE, digest));
	printf("entries     %zu: %zu embedded, %zu by pahole, %zu by dwarf, %zu imported\n",
	       totals->entries, totals->embedded, totals->pahole, totals->dwarf,
	       totals->entries - totals->embedded - totals->pahole - totals->dwarf);
	printf("full BTF    %s, stored as %s\n", format_bytes(totals->full, a),
	       format_bytes(totals->stored, b));
	printf("minimized   %llu, %s\n", (unsigned long long)totals->min[0],
	       format_bytes(totals->min[1], a));
	print_profiles(archive);
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

int cmd_stats(int argc, char **argv)
{
	struct entry_filter filter __attribute__((__cleanup__(entry_filter__free))) = {};
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = NULL;
	_cleanup_free_ char *path = NULL;
	const char *archive_given = NULL;
	bool json = false, list = false;
	const struct option_def options[] = {
		ENTRY_FILTER_OPTIONS(filter),
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_FLAG, "list", 'l', NULL, &list, "a line an entry" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON, entries included" },
		{},
	};
	const struct command_line line = {
		.name = "stats",
		.arguments = "[OPTION]...",
		.description = "What an archive holds, and what it takes.",
		.options = options,
		.max_arguments = 0,
	};
	char digest[2 * KBTF_DIGEST_SIZE + 1];
	struct totals totals = {};
	struct error err = {};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (entry_filter__prepare(&filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	path = archive_file__path(archive_given);
	archive = archive_file__open(path, &err);
	if (!archive) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++)
		if (entry_filter__matches(&filter, kbtf_archive__entry(archive, i)))
			count_entry(&totals, archive, kbtf_archive__entry(archive, i));
	if (json)
		json__print(json_pack("{s:o, s:I, s:s, s:o, s:I, s:I, s:o}", "archive", json_text(path),
				      "bytes", (json_int_t)file_size(path), "digest",
				      hex__encode(kbtf_archive__digest(archive), KBTF_DIGEST_SIZE,
						  digest), "profiles", profiles_json(archive),
				      "full_bytes",
				      (json_int_t)totals.full, "stored_bytes",
				      (json_int_t)totals.stored, "entries",
				      list_json(archive, &filter)));
	else if (list)
		print_list(archive, &filter);
	else
		print_totals(archive, path, file_size(path), &totals);
	return totals.entries ? EXIT_OK : EXIT_NOTHING;
}
