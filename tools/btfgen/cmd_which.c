/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "command.h"
#include "json_text.h"

DEFINE_CLEANUP(host_freep, struct kbtf_host, kbtf_host__free)

static json_t *host_json(const struct kbtf_ident *ident)
{
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "distro", json_text(ident->distro),
			 "release", json_text(ident->distro_release), "arch",
			 json_text(ident->arch), "kernel", json_text(ident->kernel_release),
			 "version", json_text(ident->kernel_version), "build_id",
			 hex__encode(ident->build_id, ident->build_id_len, build_id));
}

/* Entries of the same release, or else of the same series: what comes closest. */
static void print_closest(const struct kbtf_archive *archive, const struct kbtf_ident *host)
{
	size_t series = strspn(host->kernel_release, "0123456789."), shown = 0;

	for (size_t i = 0; series && i < kbtf_archive__entry_count(archive) && shown < 5; i++) {
		const struct kbtf_ident *its = kbtf_entry__ident(kbtf_archive__entry(archive, i));
		char build_id[2 * KBTF_BUILD_ID_MAX + 1];

		if (strncmp(its->kernel_release, host->kernel_release, series) != 0)
			continue;
		printf("%s %s %s %s %s %s (build ID %s)\n", shown++ ? "           " : "closest    ",
		       its->distro, its->distro_release, its->arch, its->kernel_release,
		       its->kernel_version,
		       its->build_id_len ? hex__encode(its->build_id, its->build_id_len, build_id)
					 : "unknown");
	}
}

static void print_selection(const struct kbtf_host *host, const struct kbtf_archive *archive,
			    const char *path, const struct kbtf_selection *selection)
{
	const struct kbtf_ident *ident = kbtf_host__ident(host);
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];

	printf("kernel      %s %s %s\n", ident->kernel_release, ident->kernel_version, ident->arch);
	printf("distro      %s %s\n", *ident->distro ? ident->distro : "unknown",
	       ident->distro_release);
	printf("build ID    %s\n", ident->build_id_len ? hex__encode(ident->build_id,
							ident->build_id_len, build_id) : "unknown");
	printf("archive     %s%s\n", path, archive ? "" : " (not there)");
	if (selection->match == KBTF_MATCH_KERNEL) {
		printf("uses        %s\n", kbtf_host__kernel_btf(host));
	} else if (selection->entry) {
		const struct kbtf_provenance *prov = kbtf_entry__provenance(selection->entry);

		printf("uses        the entry made from %s by %s %s\n", prov->package, prov->encoder,
		       prov->encoder_version);
	} else {
		printf("uses        nothing\n");
	}
	printf("because     %s\n", kbtf_match__text(selection->match));
	if (selection->match == KBTF_MATCH_NONE || selection->match == KBTF_MATCH_AMBIGUOUS) {
		if (archive)
			print_closest(archive, ident);
		printf("to build it btfgen build --kernel '%s'%s%s\n", ident->kernel_release,
		       *ident->distro ? " --distro " : "", ident->distro);
	}
}

static const char *match_name(enum kbtf_match match)
{
	static const char *const names[] = { "none", "kernel", "build-id", "version", "release",
					     "ambiguous" };

	return match < sizeof(names) / sizeof(names[0]) ? names[match] : "?";
}

int cmd_which(int argc, char **argv)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = NULL;
	struct kbtf_host *host __attribute__((__cleanup__(host_freep))) = NULL;
	_cleanup_free_ char *path = NULL;
	struct kbtf_host_opts host_opts = { .sz = sizeof(host_opts) };
	struct kbtf_select_opts select_opts = { .sz = sizeof(select_opts) };
	const char *archive_given = NULL;
	bool json = false, no_kernel_btf = false;
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_TEXT, "ident", 0, "FILE", &host_opts.ident_file,
		  "a machine described in FILE, see btfgen(1)" },
		{ OPTION_FLAG, "no-kernel-btf", 0, NULL, &no_kernel_btf,
		  "pass over the kernel's own BTF" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "which",
		.arguments = "[OPTION]...",
		.description = "Which BTF this machine would use, and why.",
		.options = options,
		.max_arguments = 0,
	};
	struct kbtf_selection selection;
	struct error err = {};
	int exit_code, res;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	host = kbtf_host__new(&host_opts);
	if (!host) {
		log__error("%s: %s", host_opts.ident_file ? host_opts.ident_file : "uname",
			   errno == EINVAL ? "does not describe a machine: it needs KERNEL_RELEASE "
			   "or BUILD_ID (hex)" : strerror(errno));
		return EXIT_FAILED;
	}
	path = archive_file__path(archive_given);
	archive = archive_file__open_if_any(path, &res, &err);
	if (res) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	select_opts.kernel_btf = kbtf_host__kernel_btf(host) && !no_kernel_btf;
	res = kbtf_select(archive, kbtf_host__ident(host), &select_opts, &selection);
	if (res) {
		log__error("can't select: %s", strerror(-res));
		return EXIT_FAILED;
	}
	if (json)
		json__print(json_pack("{s:o, s:o, s:s, s:s, s:i, s:o}", "host",
				      host_json(kbtf_host__ident(host)), "archive",
				      json_text(path), "match",
				      match_name(selection.match), "reason",
				      kbtf_match__text(selection.match), "candidates",
				      (int)selection.candidates, "entry", selection.entry ?
				      entry__json(selection.entry) : json_null()));
	else
		print_selection(host, archive, path, &selection);
	return selection.match == KBTF_MATCH_NONE || selection.match == KBTF_MATCH_AMBIGUOUS
		? EXIT_NOTHING : EXIT_OK;
}
