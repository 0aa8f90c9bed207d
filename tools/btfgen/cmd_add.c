/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>
#include <sys/stat.h>

#include "adding.h"
#include "base/cancel.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/words.h"
#include "command.h"
#include "kernel_files.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* false: the folder itself can't be read. */
static bool add_directory(struct adding *adding, const char *directory,
			  const struct kbtf_ident *known)
{
	_cleanup_words_ char **paths = NULL;
	struct error err = {};
	size_t count;

	if (kernel_files__find(directory, &paths, &err)) {
		log__error("%s", err.text);
		return false;
	}
	count = words__count((const char *const *)paths);
	if (!count)
		log__error("%s: no package, vmlinux, vmlinuz or .btf.tar.xz in it", directory);
	for (size_t i = 0; i < count && !cancel__requested(); i++) {
		struct added_file file = { .path = paths[i], .known = known,
					   .may_be_another = true };

		log__info("%zu of %zu: %s", i + 1, count, paths[i]);
		adding__file(adding, &file);
	}
	return true;
}

int cmd_add(int argc, char **argv)
{
	struct adding adding __attribute__((__cleanup__(adding__free))) = {};
	struct kbtf_ident known = { .sz = sizeof(known) };
	const char *build_id = NULL;
	uint8_t id[KBTF_BUILD_ID_MAX];
	bool all_read = true;
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
			       "vmlinuz, any\nELF file with .BTF, raw BTF, and .btf.tar.xz; or all "
			       "such files below a folder.",
		.options = options,
		.epilogue = "What is given here comes before what the file says of itself.\n\n"
			    "Examples:\n  btfgen add path/to/linux/vmlinux\n"
			    "  btfgen add --distro centos --release 8 kernel-debuginfo-4.18*.rpm\n"
			    "  btfgen add --json packages/",
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
	if (known.kernel_release || build_id) {
		if (argc - first > 1) {
			log__error("--kernel and --build-id are of one kernel, but %d files are "
				   "given", argc - first);
			return EXIT_USAGE;
		}
		if (is_directory(argv[first])) {
			log__error("--kernel and --build-id are of one kernel, but %s is a folder",
				   argv[first]);
			return EXIT_USAGE;
		}
	}
	exit_code = adding__begin(&adding);
	if (exit_code != EXIT_OK)
		return exit_code;
	for (int i = first; i < argc; i++) {
		if (!is_directory(argv[i]))
			adding__one(&adding, argv[i], &known);
		else
			all_read &= add_directory(&adding, argv[i], &known);
	}
	exit_code = adding__end(&adding);
	return all_read ? exit_code : EXIT_FAILED;
}
