/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "command.h"
#include "explained.h"
#include "operands.h"
#include "profile.h"

struct explaining {
	struct entry_filter filter;
	struct relocation_filter relocations;
	struct operands operands;
	char *archive_path;
	struct kbtf_archive *archive;
	struct objects objects;
	struct explained *explained; /* by object */
	unsigned int jobs;
	bool json;
};

static void explaining__free(struct explaining *it)
{
	for (size_t i = 0; it->explained && i < it->objects.count; i++)
		explained__free(&it->explained[i]);
	free(it->explained);
	objects__free(&it->objects);
	kbtf_archive__close(it->archive);
	free(it->archive_path);
	operands__free(&it->operands);
	entry_filter__free(&it->filter);
}

static bool wants_entries(const struct explaining *it)
{
	const struct entry_filter *filter = &it->filter;

	return it->operands.archive || filter->pattern_text || filter->build_id || filter->distro ||
	       filter->release || filter->arch;
}

static int open_archive(struct explaining *it, struct error *err)
{
	size_t index = 0;

	it->archive_path = archive_file__path(it->operands.archive);
	if (!it->archive_path)
		return error__oom(err);
	it->archive = archive_file__open(it->archive_path, err);
	if (!it->archive)
		return -EBADMSG;
	if (!entry_filter__next(&it->filter, it->archive, &index))
		return error__set(err, ESRCH, "%s: no kernel there matches; `btfgen stats --list` "
				  "shows what it holds", it->archive_path);
	return 0;
}

static int add_kernels(struct explaining *it, struct explained *explained, struct error *err)
{
	const struct kbtf_entry *entry;
	size_t index = 0;
	int res = 0;

	for (size_t i = 0; !res && i < it->operands.kernels.count; i++)
		res = explained__add_kernel(explained, NULL, it->operands.kernels.items[i], err);
	while (!res && it->archive &&
	       (entry = entry_filter__next(&it->filter, it->archive, &index)))
		res = explained__add_kernel(explained, entry, NULL, err);
	return res;
}

static int explain_one(struct explaining *it, size_t number, struct error *err)
{
	struct explained *explained = &it->explained[number];
	int res = explained__read(&it->objects, number, explained, err);

	if (!res)
		res = add_kernels(it, explained, err);
	if (!res)
		res = explained__run(explained, it->archive, &it->objects.refs[number], it->jobs, err);
	if (!res)
		explained__filter(explained, &it->relocations);
	return res;
}

static int run(struct explaining *it, struct error *err)
{
	const struct relocation_filter *filter = &it->relocations;
	int res = profile__read(&it->operands.objects, &it->objects, err);
	size_t shown = 0;

	if (!res && wants_entries(it))
		res = open_archive(it, err);
	if (!res && !(it->explained = calloc(it->objects.count + 1, sizeof(*it->explained))))
		return error__oom(err);
	for (size_t i = 0; !res && i < it->objects.count; i++) {
		res = explain_one(it, i, err);
		shown += res ? 0 : it->explained[i].shown_count;
	}
	if (!res && !shown && !filter->failing && (filter->program || filter->type))
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
			log__error("%s: %s", it->kernels[i].entry ?
				   kbtf_entry__ident(it->kernels[i].entry)->kernel_release :
				   it->kernels[i].path, it->kernels[i].error);
}

static int show(const struct explaining *it)
{
	json_t *all = it->json ? json_array() : NULL;
	bool fails = false;

	for (size_t i = 0; i < it->objects.count; i++) {
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
	if (it->json)
		json__print(all);
	return fails ? EXIT_FAILED : EXIT_OK;
}

int cmd_explain(int argc, char **argv)
{
	struct explaining it __attribute__((__cleanup__(explaining__free))) = {
		.jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) };
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Options" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.operands.archive,
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
		ENTRY_FILTER_OPTIONS(it.filter),
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
	return show(&it);
}
