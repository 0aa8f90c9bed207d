/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "base/log.h"
#include "command.h"
#include "matrix.h"
#include "operands.h"
#include "profile.h"

#define EXIT_IN_PART 4 /* nothing fails */

struct checking {
	struct entry_filter filter;
	struct operands operands;
	char *archive_path;
	struct kbtf_archive *archive;
	struct objects objects;
	struct matrix matrix;
	unsigned int jobs;
	bool json, strict;
};

static void checking__free(struct checking *it)
{
	matrix__free(&it->matrix);
	objects__free(&it->objects);
	kbtf_archive__close(it->archive);
	free(it->archive_path);
	operands__free(&it->operands);
	entry_filter__free(&it->filter);
}

static int add_entries(struct checking *it, struct error *err)
{
	const struct kbtf_entry *entry;
	size_t index = 0;
	int res = 0;

	it->archive_path = archive_file__path(it->operands.archive);
	if (!it->archive_path)
		return error__oom(err);
	it->archive = archive_file__open(it->archive_path, err);
	if (!it->archive)
		return -EBADMSG;
	it->matrix.archive = it->archive;
	while (!res && (entry = entry_filter__next(&it->filter, it->archive, &index)))
		res = matrix__add_row(&it->matrix, entry, NULL, err);
	return res;
}

static int run(struct checking *it, struct error *err)
{
	int res = profile__read(&it->operands.objects, &it->objects, err);

	if (!res)
		res = matrix__init(&it->matrix, &it->objects, err);
	it->matrix.strict = it->strict;
	for (size_t i = 0; !res && i < it->operands.kernels.count; i++)
		res = matrix__add_row(&it->matrix, NULL, it->operands.kernels.items[i], err);
	if (!res && (it->operands.archive || !it->operands.kernels.count))
		res = add_entries(it, err);
	if (!res && !it->matrix.count)
		return error__set(err, ESRCH, "%s: no kernel there matches; `btfgen stats --list` "
				  "shows what it holds", it->archive_path);
	return res ? res : matrix__check(&it->matrix, it->jobs, err);
}

static void name_errors(const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->count; i++) {
		const struct matrix_row *row = &matrix->rows[i];

		if (row->error)
			log__error("%s: %s", row->entry ?
				   kbtf_entry__ident(row->entry)->kernel_release : row->path, row->error);
	}
}

static int exit_code_of(enum kbtf_verdict worst)
{
	return worst == KBTF_VERDICT_FAILS ? EXIT_FAILED :
	       worst == KBTF_VERDICT_IN_PART ? EXIT_IN_PART : EXIT_OK;
}

int cmd_check(int argc, char **argv)
{
	struct checking it __attribute__((__cleanup__(checking__free))) = {
		.jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) };
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.operands.archive,
		  "check on the kernels of this archive (default,\nwithout BTF: "
		  "$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_NUMBER, "jobs", 'j', "N", &it.jobs, "kernels at a time (default: one a CPU)" },
		{ OPTION_FLAG, "strict", 0, NULL, &it.strict,
		  "an object fails with any of its programs, and does\nnot load in part, as for btfload(1)" },
		{ OPTION_FLAG, "json", 0, NULL, &it.json, "print JSON, with everything" },
		ENTRY_FILTER_OPTIONS(it.filter),
		{},
	};
	const struct command_line line = {
		.name = "check",
		.arguments = "[OPTION]... [OBJ.bpf.o | BTF]...",
		.description = "On which kernels BPF objects work and on which not, and because of which "
			       "source\nline: relocations, helpers, maps, types of programs and their "
			       "targets, as the\nkernels' own types tell. Without objects the bundled "
			       "programs are checked.\nBTF is as for `btfgen show`; without it, the "
			       "kernels are those of an archive.",
		.options = options,
		.epilogue = "Exit status: 1 if an object fails, 4 if none fails and some load in part.\n\n"
			    "Examples:\n  btfgen check agent.bpf.o -a agent.kbtf --kernel 4.18\n"
			    "  btfgen check agent.bpf.o /sys/kernel/btf/vmlinux",
		.min_arguments = 0,
		.max_arguments = -1,
	};
	struct error err = {};
	int exit_code, res, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (entry_filter__prepare(&it.filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	res = operands__sort(&it.operands, argv + first, (size_t)(argc - first), &err);
	if (!res)
		res = run(&it, &err);
	if (res) {
		log__error("%s", err.text);
		return res == -ESRCH ? EXIT_NOTHING : EXIT_FAILED;
	}
	name_errors(&it.matrix);
	if (it.json)
		json__print(matrix__json(&it.matrix));
	else
		matrix__print(&it.matrix);
	return exit_code_of(matrix__worst(&it.matrix));
}
