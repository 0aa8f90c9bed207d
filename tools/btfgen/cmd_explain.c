/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "explained.h"
#include "inquiry.h"

struct explaining {
	struct inquiry inquiry;
	struct relocation_filter relocations;
	struct explained *explained; /* by object */
	unsigned int jobs;
	bool json;
};

static void explaining__free(struct explaining *it)
{
	for (size_t i = 0; it->explained && i < it->inquiry.objects.count; i++)
		explained__free(&it->explained[i]);
	free(it->explained);
	inquiry__free(&it->inquiry);
}

static int add_kernel(void *ctx, const struct kbtf_entry *entry, const char *path,
		      struct error *err)
{
	return explained__add_kernel(ctx, entry, path, err);
}

static int explain_one(struct explaining *it, size_t number, struct error *err)
{
	const struct objects *objects = &it->inquiry.objects;
	struct explained *explained = &it->explained[number];
	int res = explained__read(objects, number, explained, err);

	if (!res)
		res = inquiry__each_kernel(&it->inquiry, add_kernel, explained, err);
	if (!res)
		res = explained__run(explained, it->inquiry.archive, &objects->refs[number],
				     it->jobs, err);
	if (!res)
		explained__filter(explained, &it->relocations);
	return res;
}

static int run(struct explaining *it, struct error *err)
{
	const struct relocation_filter *filter = &it->relocations;
	size_t count = it->inquiry.objects.count, shown = 0;
	int res = 0;

	it->explained = calloc(count + 1, sizeof(*it->explained));
	if (!it->explained)
		return error__oom(err);
	for (size_t i = 0; !res && i < count; i++) {
		res = explain_one(it, i, err);
		shown += res ? 0 : it->explained[i].shown_count;
	}
	if (!res && count && !shown && !filter->failing && (filter->program || filter->type))
		return error__set(err, ESRCH, "no relocation there is %s%s%s%s%s",
				  filter->program ? "in " : "", filter->program ?: "",
				  filter->program && filter->type ? " and " : "",
				  filter->type ? "of type " : "", filter->type ?: "");
	return res;
}

/* The kernels of all objects are the same, and so is what is wrong with them. */
static void name_errors(const struct explained *it)
{
	for (size_t i = 0; i < it->kernel_count; i++)
		if (it->kernels[i].error)
			inquiry__name_error(it->kernels[i].entry, it->kernels[i].path,
					    it->kernels[i].error);
}

static int show(const struct explaining *it)
{
	const struct objects *objects = &it->inquiry.objects;
	json_t *all = it->json ? json_array() : NULL;
	bool fails = objects->unusable_count;

	for (size_t i = 0; i < objects->count; i++) {
		fails |= explained__fails(&it->explained[i]);
		if (!i)
			name_errors(&it->explained[i]);
		if (it->json) {
			json_array_append_new(all, explained__json(&it->explained[i]));
			continue;
		}
		if (i)
			printf("\n");
		explained__print(&it->explained[i]);
	}
	if (it->json) {
		inquiry__add_unusable(&it->inquiry, all);
		json__print(all);
	}
	return fails ? EXIT_FAILED : EXIT_OK;
}

int cmd_explain(int argc, char **argv)
{
	struct explaining it __attribute__((__cleanup__(explaining__free))) = {
		.jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) };
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.inquiry.operands.archive,
		  "on the kernels of this archive (default, where\nentries are chosen: "
		  "$XDG_DATA_HOME/btfgen/\nbtfgen.kbtf)" },
		{ OPTION_NUMBER, "jobs", 'j', "N", &it.jobs, "kernels at a time (default: one a CPU)" },
		{ OPTION_FLAG, "json", 0, NULL, &it.json, "print JSON, with everything" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Which relocations" },
		{ OPTION_TEXT, "program", 'p', "NAME", &it.relocations.program,
		  "in this function or section" },
		{ OPTION_TEXT, "type", 't', "NAME", &it.relocations.type,
		  "of this type, flavours aside" },
		{ OPTION_FLAG, "failing", 0, NULL, &it.relocations.failing,
		  "that fail or may fail on one of the kernels" },
		ENTRY_FILTER_OPTIONS(it.inquiry.filter),
		{},
	};
	const struct command_line line = {
		.name = "explain",
		.arguments = "[OPTION]... [OBJ.bpf.o | BTF]...",
		.description = "What each CO-RE relocation of BPF objects asks for and, on kernels, which "
			       "types\nare candidates, why they have it or not, and what becomes of the "
			       "instruction.\nWithout objects the bundled programs are explained. BTF is as "
			       "for `btfgen show`;\nwithout it and any archive the objects alone are told "
			       "of.",
		.options = options,
		.epilogue = "Examples:\n  btfgen explain agent.bpf.o /sys/kernel/btf/vmlinux\n"
			    "  btfgen explain agent.bpf.o -a agent.kbtf --kernel 4.18 --failing\n"
			    "  btfgen explain agent.bpf.o --type task_struct 4.18.btf 6.1.btf",
		.min_arguments = 0,
		.max_arguments = -1,
	};
	struct error err = {};
	int exit_code, res, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	exit_code = inquiry__begin(&it.inquiry, argv + first, argc - first, false);
	if (exit_code != EXIT_OK)
		return exit_code;
	res = run(&it, &err);
	return res ? inquiry__failed(res, &err) : show(&it);
}
