/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "archive_file.h"
#include "base/log.h"
#include "base/release.h"
#include "command.h"
#include "coverage.h"
#include "known.h"
#include "missing_indexes.h"
#include "table.h"

#define FLAVOUR_SIZE 64

static json_t *package_json(const struct package *package)
{
	json_t *object;

	if (!package->name)
		return json_null();
	object = json_pack("{s:s, s:s, s:I, s:s}", "url", package->url, "version",
			   package->version ? package->version : "", "bytes",
			   (json_int_t)package->size, "verification",
			   kbtf_verification__name(package->verification));
	if (package->sha256)
		json_object_set_new(object, "sha256", json_string(package->sha256));
	return object;
}

static json_t *kernel_json(const struct kernel *kernel, const struct standing *standing)
{
	char flavour[FLAVOUR_SIZE];
	json_t *object;

	release__flavour(kernel->kernel_release, flavour, sizeof(flavour));
	object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "distro",
			   kernel->distro, "release", kernel->distro_release, "codename",
			   kernel->codename, "suite", kernel->suite, "arch", kernel->arch,
			   "kernel", kernel->kernel_release, "flavour", flavour, "state",
			   coverage__name(standing->coverage), "debug",
			   package_json(&kernel->debug), "image", package_json(&kernel->image));

	if (standing->failure)
		json_object_set_new(object, "failure", standing__failure_json(standing));
	return object;
}

/* Some indexes tell no sizes. */
static void format_size(const struct package *package, char text[16])
{
	if (package->name && !package->size)
		strcpy(text, "?");
	else if (package->name)
		format_bytes(package->size, text);
}

static void add_row(struct table *table, const struct kernel *kernel, enum coverage coverage)
{
	char debug[16] = "none", image[16] = "none", flavour[FLAVOUR_SIZE];
	const char *cells[] = { kernel->kernel_release, flavour, kernel->distro,
				kernel->distro_release, kernel->suite, kernel->arch, debug, image,
				coverage__name(coverage) };

	release__flavour(kernel->kernel_release, flavour, sizeof(flavour));
	if (!*flavour)
		strcpy(flavour, "-");
	format_size(&kernel->debug, debug);
	format_size(&kernel->image, image);
	table__add(table, cells);
}

static int print_kernels(const struct known *known, struct ledger *ledger, bool missing, bool json)
{
	static const char *const headings[] = { "KERNEL", "FLAVOUR", "DISTRO", "RELEASE", "SUITE", "ARCH",
						">DEBUG", ">IMAGE", "STATE", NULL };
	const struct kernel_list *kernels = &known->catalogue.kernels;
	struct table *table = table__new(headings);
	json_t *array = json_array(), *object;
	size_t shown = 0;

	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->items[i];
		struct standing standing = standing__of(kernel, ledger);

		if (missing && standing.coverage == COVERAGE_ARCHIVED)
			continue;
		shown++;
		if (json)
			json_array_append_new(array, kernel_json(kernel, &standing));
		else
			add_row(table, kernel, standing.coverage);
	}
	if (json) {
		table__free(table);
		object = json_pack("{s:o}", "kernels", array);
		missing_indexes__add_json(&known->catalogue, object);
		json__print(object);
	} else {
		table__print(table);
		json_decref(array);
	}
	if (known->catalogue.failure_count)
		return EXIT_FAILED;
	return shown ? EXIT_OK : EXIT_NOTHING;
}

int cmd_list(int argc, char **argv)
{
	struct known known __attribute__((__cleanup__(known__free))) = {};
	struct ledger ledger __attribute__((__cleanup__(ledger__close))) = {};
	const char *archive_given = NULL;
	bool missing = false, json = false, cached = false;
	const struct option_def options[] = {
		KNOWN_FILTER_OPTIONS(known),
		{ OPTION_FLAG, "missing", 'm', NULL, &missing, "only those that are not archived" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &archive_given,
		  "the archive to compare with" },
		KNOWN_SOURCE_OPTIONS(known),
		{ OPTION_FLAG, "cached", 0, NULL, &cached,
		  "what is known already, without network" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_FLAG, "json", 0, NULL, &json, "print JSON" },
		{},
	};
	const struct command_line line = {
		.name = "list",
		.arguments = "[OPTION]...",
		.description = "List the kernels that distributions publish, and whether the archive "
			       "has them.",
		.options = options,
		.epilogue = "Example:\n  btfgen list --distro debian --kernel 6.1 --missing",
	};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (!ledger__open(archive_given, &ledger))
		return EXIT_FAILED;
	exit_code = known__load(&known, cached);
	if (exit_code == EXIT_OK)
		exit_code = print_kernels(&known, &ledger, missing, json);
	return exit_code;
}
