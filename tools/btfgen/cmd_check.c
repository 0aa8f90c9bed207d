/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <unistd.h>

#include "command.h"
#include "inquiry.h"
#include "matrix.h"

#define EXIT_IN_PART 4 /* nothing fails */

struct checking {
	struct inquiry inquiry;
	struct matrix matrix;
	unsigned int jobs;
	bool json, strict;
};

static void checking__free(struct checking *it)
{
	matrix__free(&it->matrix);
	inquiry__free(&it->inquiry);
}

static int add_kernel(void *ctx, const struct kbtf_entry *entry, const char *path,
		      struct error *err)
{
	return matrix__add_row(ctx, entry, path, err);
}

static int run(struct checking *it, struct error *err)
{
	struct matrix *matrix = &it->matrix;
	int res = matrix__init(matrix, &it->inquiry.objects, err);

	matrix->strict = it->strict;
	matrix->archive = it->inquiry.archive;
	if (!res)
		res = inquiry__each_kernel(&it->inquiry, add_kernel, matrix, err);
	return res ? res : matrix__check(matrix, it->jobs, err);
}

static void name_errors(const struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->count; i++) {
		const struct matrix_row *row = &matrix->rows[i];

		if (row->error)
			inquiry__name_error(row->entry, row->path, row->error);
	}
}

static int exit_code_of(const struct checking *it)
{
	enum kbtf_verdict worst = it->inquiry.objects.unusable_count ? KBTF_VERDICT_FAILS :
				  matrix__worst(&it->matrix);

	return worst == KBTF_VERDICT_FAILS ? EXIT_FAILED :
	       worst == KBTF_VERDICT_IN_PART ? EXIT_IN_PART : EXIT_OK;
}

static void print_json(const struct checking *it)
{
	json_t *document = matrix__json(&it->matrix), *unusable = json_array();

	inquiry__add_unusable(&it->inquiry, unusable);
	json_object_set_new(document, "unusable", unusable);
	json__print(document);
}

int cmd_check(int argc, char **argv)
{
	struct checking it __attribute__((__cleanup__(checking__free))) = {
		.jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) };
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.inquiry.operands.archive,
		  "check on the kernels of this archive (default,\nwithout BTF: "
		  "$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_NUMBER, "jobs", 'j', "N", &it.jobs, "kernels at a time (default: one a CPU)" },
		{ OPTION_FLAG, "strict", 0, NULL, &it.strict,
		  "an object fails with any of its programs, and does\nnot load in part, as for btfload(1)" },
		{ OPTION_FLAG, "json", 0, NULL, &it.json, "print JSON, with everything" },
		ENTRY_FILTER_OPTIONS(it.inquiry.filter),
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
	exit_code = inquiry__begin(&it.inquiry, argv + first, argc - first, true);
	if (exit_code != EXIT_OK)
		return exit_code;
	res = run(&it, &err);
	if (res)
		return inquiry__failed(res, &err);
	name_errors(&it.matrix);
	if (it.json)
		print_json(&it);
	else
		matrix__print(&it.matrix);
	return exit_code_of(&it);
}
