/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "adding.h"
#include "base/log.h"
#include "base/sha256.h"
#include "command.h"

#include <string.h>

int cmd_add(int argc, char **argv)
{
	struct adding adding __attribute__((__cleanup__(adding__free))) = {};
	struct kbtf_ident known = { .sz = sizeof(known) };
	const char *build_id = NULL;
	uint8_t id[KBTF_BUILD_ID_MAX];
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "What it is, where the file does not say" },
		{ OPTION_TEXT, "kernel", 'k', "RELEASE", &known.kernel_release, "its `uname -r`" },
		{ OPTION_TEXT, "kernel-version", 0, "TEXT", &known.kernel_version,
		  "its `uname -v`" },
		{ OPTION_TEXT, "build-id", 'b', "HEX", &build_id, "its GNU build ID" },
		{ OPTION_TEXT, "arch", 0, "ARCH", &known.arch, "as `uname -m` has it" },
		{ OPTION_TEXT, "distro", 'd', "NAME", &known.distro, "os-release ID" },
		{ OPTION_TEXT, "release", 'r', "VERSION", &known.distro_release,
		  "os-release VERSION_ID" },
		ADDING_OPTIONS(adding),
		{},
	};
	const struct command_line line = {
		.name = "add",
		.arguments = "[OPTION]... PATH...",
		.description = "Archive kernels from files: .deb, .ddeb or .rpm packages, vmlinux, "
			       "vmlinuz, any\nELF file with .BTF, raw BTF, and .btf.tar.xz.",
		.options = options,
		.epilogue = "What is given here comes before what the file says of itself.\n\n"
			    "Examples:\n  btfgen add path/to/linux/vmlinux\n"
			    "  btfgen add --distro centos --release 8 kernel-debuginfo-4.18*.rpm",
		.min_arguments = 1,
		.max_arguments = -1,
	};
	int exit_code, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (build_id) {
		known.build_id = id;
		known.build_id_len = strlen(build_id) / 2;
		if (known.build_id_len > sizeof(id) || !known.build_id_len ||
		    !hex__decode(build_id, id, known.build_id_len)) {
			log__error("--build-id: '%s' is no build ID (hex digits)", build_id);
			return EXIT_USAGE;
		}
	}
	if (argc - first > 1 && (known.kernel_release || build_id)) {
		log__error("--kernel and --build-id are of one kernel, but %d files are given",
			   argc - first);
		return EXIT_USAGE;
	}
	exit_code = adding__begin(&adding);
	if (exit_code != EXIT_OK)
		return exit_code;
	for (int i = first; i < argc; i++)
		adding__one(&adding, argv[i], &known);
	return adding__end(&adding);
}
