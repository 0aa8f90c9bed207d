/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"
#include "cross_check.h"
#include "profile.h"

DEFINE_CLEANUP(workdir__closep, struct workdir, workdir__close)

struct verify_request {
	struct text_list objects_given;
	const char *archive_given, *against, *work_path;
	unsigned int timeout_s;
	bool json;
};

static void verify_request__free(struct verify_request *request)
{
	text_list__free(&request->objects_given);
}

struct verifying {
	size_t blobs, damaged, unparsable, unverified, partial;
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
	if (kbtf_entry__provenance(entry)->verification == KBTF_VERIFIED_PARTIAL)
		it->partial++;
}

/* ---- an archive --------------------------------------------------------------------------------- */

static int verify_archive(const char *archive_given, bool json)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = NULL;
	_cleanup_free_ char *path = archive_file__path(archive_given);
	struct verifying it = {};
	struct error err = {};
	size_t count;

	archive = archive_file__open(path, &err);
	if (!archive) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	count = kbtf_archive__entry_count(archive);
	for (size_t i = 0; i < count && !cancel__requested(); i++)
		check_entry(&it, archive, kbtf_archive__entry(archive, i));
	if (json)
		json__print(json_pack("{s:o, s:i, s:i, s:i, s:i, s:i, s:i}", "archive", json_text(path), "entries",
				      (int)count, "blobs", (int)it.blobs, "damaged",
				      (int)it.damaged, "unparsable", (int)it.unparsable,
				      "unverified_entries", (int)it.unverified, "partial_entries",
				      (int)it.partial));
	else
		printf("%s: %zu entries, %zu BTF read; %zu damaged, %zu unparsable; %zu entries from "
		       "sources that nothing signs, %zu of parts of packages\n", path, count, it.blobs,
		       it.damaged, it.unparsable, it.unverified, it.partial);
	return it.damaged || it.unparsable || cancel__requested() ? EXIT_FAILED : EXIT_OK;
}

/* ---- one encoder against the other ----------------------------------------------------------------- */

static json_t *check_json(const char *path, const struct cross_check *check, const char *error)
{
	json_t *object = json_pack("{s:o, s:s}", "file", json_text(path), "result",
				   error ? "failed" : check->differs ? "differs" : "same");

	if (error)
		json_object_set_new(object, "reason", json_text(error));
	if (error || !check->kernel_release)
		return object;
	json_object_update_new(object, json_pack("{s:o, s:i, s:[ff], s:[ii]}", "kernel",
						 json_text(check->kernel_release), "relocations",
						 (int)check->questions, "seconds",
						 check->seconds[0], check->seconds[1], "bytes",
						 (int)check->bytes[0], (int)check->bytes[1]));
	if (check->differs)
		json_object_set_new(object, "difference", json_text(check->difference.text));
	return object;
}

static void print_check(const char *path, const char *against, const struct cross_check *check)
{
	if (check->differs) {
		log__error("%s: differs: %s", path, check->difference.text);
		return;
	}
	printf("%s: %zu relocations come out the same; dwarf %.1f s, %s %.1f s\n", path,
	       check->questions, check->seconds[0], against, check->seconds[1]);
}

static bool check_file(const struct cross_check_opts *opts, const char *against, const char *path,
		       json_t *results)
{
	cleanup(cross_check__free) struct cross_check check = {};
	struct error err = {};
	int res = cross_check__run(opts, path, &check, &err);

	if (res)
		log__error("%s", err.text);
	else if (!results)
		print_check(path, against, &check);
	if (results)
		json_array_append_new(results, check_json(path, &check, res ? err.text : NULL));
	return !res && !check.differs;
}

static int verify_encoders(const struct verify_request *request, char **paths, int count)
{
	cleanup(workdir__closep) struct workdir *work = NULL;
	cleanup(objects__free) struct objects objects = {};
	struct cross_check_opts opts = { .objects = &objects, .timeout_s = request->timeout_s };
	json_t *results = request->json ? json_array() : NULL;
	struct error err = {};
	int failed = 0;

	if (encoder__parse(request->against, &opts.against, &err) ||
	    (opts.against != ENCODER_PAHOLE && opts.against != ENCODER_EMBEDDED)) {
		log__error("--against: '%s' is none of pahole, embedded", request->against);
		return EXIT_USAGE;
	}
	work = workdir__open(request->work_path, &err);
	if (!work || profile__read(&request->objects_given, &objects, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	opts.work = work;
	for (int i = 0; i < count && !cancel__requested(); i++)
		failed += !check_file(&opts, request->against, paths[i], results);
	if (results)
		json__print(json_pack("{s:s, s:i, s:o}", "against", request->against, "failed", failed,
				      "files", results));
	return failed || cancel__requested() ? EXIT_FAILED : EXIT_OK;
}

int cmd_verify(int argc, char **argv)
{
	cleanup(verify_request__free) struct verify_request it = {};
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_TEXT, "against", 0, "ENCODER", &it.against,
		  "compare --encoder dwarf with pahole or\nembedded on these files" },
		{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &it.objects_given,
		  "by these BPF objects' relocations\n(default: the bundled programs)" },
		{ OPTION_NUMBER, "encode-timeout", 0, "SECONDS", &it.timeout_s,
		  "stop pahole after this long\n(default: 1800)" },
		{ OPTION_TEXT, "work", 'w', "DIR", &it.work_path,
		  "scratch (default: $XDG_CACHE_HOME/btfgen)" },
		{ OPTION_FLAG, "json", 0, NULL, &it.json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "verify",
		.arguments = "[OPTION]... [--against ENCODER FILE...]",
		.description = "Read all of an archive: every digest is checked, and all BTF parsed.\n"
			       "Or check what is made straight from the DWARF of vmlinux files and "
			       "packages.",
		.options = options,
		.max_arguments = -1,
	};
	int exit_code, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (it.against && (it.archive_given || first == argc)) {
		log__error("verify: --against compares files: name some, and no archive");
		return EXIT_USAGE;
	}
	if (!it.against && (first < argc || it.objects_given.count)) {
		log__error("verify: files and objects go with --against; an archive is named by -a");
		return EXIT_USAGE;
	}
	return it.against ? verify_encoders(&it, argv + first, argc - first)
			  : verify_archive(it.archive_given, it.json);
}
