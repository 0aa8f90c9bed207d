/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/sha256.h"
#include "command.h"
#include "offer.h"

DEFINE_CLEANUP(host_freep, struct kbtf_host, kbtf_host__free)

static json_t *host_json(const struct kbtf_host *host)
{
	const struct kbtf_ident *ident = kbtf_host__ident(host);
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "distro", json_text(ident->distro),
			 "release", json_text(ident->distro_release), "arch",
			 json_text(ident->arch), "kernel", json_text(ident->kernel_release),
			 "version", json_text(ident->kernel_version), "package_version",
			 json_text(kbtf_host__package_version(host)), "build_id",
			 hex__encode(ident->build_id, ident->build_id_len, build_id));
}

/* The parts of an identity, as JSON and the text name them. */
static const struct {
	enum kbtf_host_part part;
	const char *name;
} host_parts[] = {
	{ KBTF_HOST_DISTRO, "distro" },
	{ KBTF_HOST_DISTRO_RELEASE, "release" },
	{ KBTF_HOST_ARCH, "arch" },
	{ KBTF_HOST_KERNEL_RELEASE, "kernel" },
	{ KBTF_HOST_KERNEL_VERSION, "version" },
	{ KBTF_HOST_BUILD_ID, "build_id" },
	{ KBTF_HOST_PACKAGE_VERSION, "package_version" },
};

/* Where each part comes from. */
static json_t *sources_json(const struct kbtf_host *host)
{
	json_t *sources = json_object();

	for (size_t i = 0; i < sizeof(host_parts) / sizeof(host_parts[0]); i++)
		json_object_set_new(sources, host_parts[i].name,
				    json_text(kbtf_host__source(host, host_parts[i].part)));
	return sources;
}

static void print_closest(const struct kbtf_archive *archive, const struct kbtf_ident *host)
{
	const struct kbtf_entry *entry = NULL;

	for (size_t shown = 0; shown < 5 && (entry = kbtf_closest(archive, host, entry)); shown++) {
		const struct kbtf_ident *its = kbtf_entry__ident(entry);
		char build_id[2 * KBTF_BUILD_ID_MAX + 1];

		printf("%s %s %s %s %s %s (build ID %s): %s\n", shown ? "           " : "closest    ",
		       its->distro, its->distro_release, its->arch, its->kernel_release,
		       its->kernel_version,
		       its->build_id_len ? hex__encode(its->build_id, its->build_id_len, build_id)
					 : "unknown", kbtf_entry__difference(entry, host));
	}
}

static void print_selection(const struct kbtf_host *host, const struct kbtf_archive *archive,
			    const char *path, const struct kbtf_selection *selection,
			    const struct offers *offers)
{
	const struct kbtf_ident *ident = kbtf_host__ident(host);
	const char *package_version = kbtf_host__package_version(host);
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];

	printf("kernel      %s %s %s (%s)\n", ident->kernel_release, ident->kernel_version,
	       ident->arch, kbtf_host__source(host, KBTF_HOST_KERNEL_RELEASE));
	printf("package     %s (%s)\n", *package_version ? package_version : "unknown",
	       kbtf_host__source(host, KBTF_HOST_PACKAGE_VERSION));
	printf("distro      %s%s%s (%s)\n", *ident->distro ? ident->distro : "unknown",
	       *ident->distro_release ? " " : "", ident->distro_release,
	       kbtf_host__source(host, KBTF_HOST_DISTRO));
	printf("build ID    %s (%s)\n", ident->build_id_len ? hex__encode(ident->build_id,
							ident->build_id_len, build_id) : "unknown",
	       kbtf_host__source(host, KBTF_HOST_BUILD_ID));
	printf("archive     %s%s\n", path, archive ? "" : " (not there)");
	if (selection->match == KBTF_MATCH_KERNEL) {
		printf("uses        %s\n", kbtf_host__kernel_btf(host));
	} else if (selection->entry) {
		const struct kbtf_provenance *prov = kbtf_entry__provenance(selection->entry);

		printf("uses        the entry%s%s made from %s by %s %s\n",
		       selection->match == KBTF_MATCH_INFERRED ? " of " : "",
		       selection->match == KBTF_MATCH_INFERRED ?
		       kbtf_entry__ident(selection->entry)->kernel_release : "",
		       prov->package, prov->encoder, prov->encoder_version);
	} else {
		printf("uses        nothing\n");
	}
	printf("because     %s\n", kbtf_match__text(selection->match));
	offers__print(offers, selection->match);
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
					     "ambiguous", "package", "short-build-id", "inferred" };

	return match < sizeof(names) / sizeof(names[0]) ? names[match] : "?";
}

static json_t *selection_json(const struct kbtf_host *host, const char *path,
			      const struct kbtf_selection *selection,
			      const struct offers *offers)
{
	json_t *json = json_pack("{s:o, s:o, s:o, s:s, s:s, s:i, s:o}", "host", host_json(host),
				 "sources", sources_json(host), "archive", json_text(path), "match",
				 match_name(selection->match), "reason",
				 kbtf_match__text(selection->match), "candidates",
				 (int)selection->candidates, "entry", selection->entry ?
				 entry__json(selection->entry) : json_null());

	offers__to_json(offers, json);
	return json;
}

int cmd_which(int argc, char **argv)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = NULL;
	struct kbtf_host *host __attribute__((__cleanup__(host_freep))) = NULL;
	_cleanup_free_ char *path = NULL;
	struct kbtf_host_opts host_opts = { .sz = sizeof(host_opts) };
	struct kbtf_select_opts select_opts = { .sz = sizeof(select_opts) };
	const char *archive_given = NULL;
	bool json = false, no_kernel_btf = false, infer = false;
	struct text_list objects __attribute__((__cleanup__(text_list__free))) = {};
	struct offers offers __attribute__((__cleanup__(offers__free))) = {};
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_TEXT, "ident", 0, "FILE", &host_opts.ident_file,
		  "a machine described in FILE, see btfgen(1)" },
		{ OPTION_TEXT, "root", 0, "DIR", &host_opts.root,
		  "the host's root, where it is mounted in a\ncontainer" },
		{ OPTION_TEXT, "os-release", 0, "FILE", &host_opts.os_release,
		  "the host's os-release; it is believed" },
		{ OPTION_FLAG, "no-kernel-btf", 0, NULL, &no_kernel_btf,
		  "pass over the kernel's own BTF" },
		{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &objects,
		  "what this BPF object would get; may be repeated" },
		{ OPTION_FLAG, "infer", 0, NULL, &infer,
		  "where no entry fits, what the kernel's\nneighbours agree on for all of them" },
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
	if (infer && !objects.count) {
		log__error("which: --infer needs to know for which objects: --for OBJ.bpf.o");
		return EXIT_USAGE;
	}
	host = kbtf_host__new(&host_opts);
	if (!host) {
		log__error("%s: %s", host_opts.ident_file ? host_opts.ident_file :
			   host_opts.os_release ? host_opts.os_release : "uname",
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
	select_opts.package_version = kbtf_host__package_version(host);
	res = kbtf_select(archive, kbtf_host__ident(host), &select_opts, &selection);
	if (res) {
		log__error("can't select: %s", strerror(-res));
		return EXIT_FAILED;
	}
	if (offers__find(archive, host, &objects, infer, &selection, &offers, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	if (json)
		json__print(selection_json(host, path, &selection, &offers));
	else
		print_selection(host, archive, path, &selection, &offers);
	return selection.match == KBTF_MATCH_NONE || selection.match == KBTF_MATCH_AMBIGUOUS ||
	       !offers__suffice(&offers) ? EXIT_NOTHING : EXIT_OK;
}
