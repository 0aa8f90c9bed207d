/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "adding.h"
#include "base/log.h"
#include "command.h"

#define SUFFIX ".btf.tar.xz"

/* What BTFHub's layout tells: [[[distro/]release/]arch/]<kernel release>.btf.tar.xz */
struct layout {
	char *copy;
	struct kbtf_ident ident;
};

/* BTFHub writes uname's names, others the distributions'. */
static const char *canonical_arch(const char *name)
{
	static const char *const aliases[][2] = {
		{ "amd64", "x86_64" }, { "arm64", "aarch64" }, { "ppc64el", "ppc64le" },
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(name, aliases[i][0]) == 0)
			return aliases[i][1];
	return name;
}

/* The architecture at the end of a release: "4.18.0-80.el8.x86_64", "...-arm64". */
static const char *arch_of_release(const char *release)
{
	static const char *const names[] = { "x86_64", "aarch64", "s390x", "ppc64le", "amd64",
					     "arm64", "ppc64el" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(release), name_len = strlen(names[i]);

		if (len > name_len && strchr(".-", release[len - name_len - 1]) &&
		    strcmp(release + len - name_len, names[i]) == 0)
			return canonical_arch(names[i]);
	}
	return NULL;
}

/* Take the last component off `path`; NULL if there is none. */
static const char *pop(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* `below` is the file's path from the tree's top, with a leading slash. */
static bool parse_layout(const char *below, const struct kbtf_ident *given, struct layout *layout)
{
	size_t len = strlen(below);
	const char *arch, *release, *distro;

	layout->ident = *given;
	layout->copy = strndup(below, len - strlen(SUFFIX));
	if (!layout->copy)
		return false;
	layout->ident.kernel_release = pop(layout->copy);
	arch = pop(layout->copy);
	release = arch ? pop(layout->copy) : NULL;
	distro = release ? pop(layout->copy) : NULL;
	if (!layout->ident.arch)
		layout->ident.arch = arch ? canonical_arch(arch)
					  : arch_of_release(layout->ident.kernel_release);
	if (!layout->ident.distro_release)
		layout->ident.distro_release = release;
	if (!layout->ident.distro)
		layout->ident.distro = distro;
	return true;
}

static bool is_btf_file(const FTSENT *file)
{
	return file->fts_info == FTS_F && file->fts_namelen > strlen(SUFFIX) &&
	       strcmp(file->fts_name + file->fts_namelen - strlen(SUFFIX), SUFFIX) == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strverscmp((*a)->fts_name, (*b)->fts_name);
}

/*
 * Links in the tree are passed over: BTFHub's codename links lead to directories that
 * come anyway.
 */
static int import_tree(struct adding *adding, const char *dir, const struct kbtf_ident *given)
{
	char *roots[] = { (char *)dir, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *file;

	while (tree && (file = fts_read(tree))) {
		struct layout layout = {};

		if (file->fts_info == FTS_DNR || file->fts_info == FTS_ERR ||
		    file->fts_info == FTS_NS) {
			log__error("%s: %s", file->fts_path, strerror(file->fts_errno));
			fts_close(tree);
			return EXIT_FAILED;
		}
		if (!is_btf_file(file))
			continue;
		if (parse_layout(file->fts_path + strlen(dir), given, &layout))
			adding__one(adding, file->fts_path, &layout.ident);
		free(layout.copy);
	}
	if (tree)
		fts_close(tree);
	return EXIT_OK;
}

int cmd_import(int argc, char **argv)
{
	struct adding adding __attribute__((__cleanup__(adding__free))) = {};
	struct kbtf_ident known = { .sz = sizeof(known) };
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "What it is, where the path does not say" },
		{ OPTION_TEXT, "arch", 0, "ARCH", &known.arch, "as `uname -m` has it" },
		{ OPTION_TEXT, "distro", 'd', "NAME", &known.distro, "os-release ID" },
		{ OPTION_TEXT, "release", 'r', "VERSION", &known.distro_release,
		  "os-release VERSION_ID" },
		ADDING_OPTIONS(adding),
		{},
	};
	const struct command_line line = {
		.name = "import",
		.arguments = "[OPTION]... DIR",
		.description = "Archive a tree in BTFHub's layout:\n"
			       "DISTRO/RELEASE/ARCH/KERNEL" SUFFIX ", or a part of it.",
		.options = options,
		.epilogue = "Imported BTF has no build ID: it gives way to an entry that has one.",
		.min_arguments = 1,
		.max_arguments = 1,
	};
	int exit_code, walked, first = options__parse(&line, argc, argv, &exit_code);
	size_t len;

	if (first < 0)
		return exit_code;
	exit_code = adding__begin(&adding);
	if (exit_code != EXIT_OK)
		return exit_code;
	len = strlen(argv[first]);
	while (len > 1 && argv[first][len - 1] == '/')
		argv[first][--len] = '\0';
	walked = import_tree(&adding, argv[first], &known);
	if (walked == EXIT_OK && !adding.count)
		log__error("%s: no *" SUFFIX " in it", argv[first]);
	exit_code = adding__end(&adding);
	return walked == EXIT_OK ? exit_code : walked;
}
