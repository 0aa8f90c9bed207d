/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "base/json_text.h"
#include "base/log.h"
#include "bytes.h"
#include "command.h"
#include "difference_text.h"

#define EXIT_DIFFERENT 4 /* with --exit-code alone */

struct comparing {
	struct entry_filter filter;
	const char *archive_given;
	const char *names[2];
	struct btf *sides[2];
	struct wanted_type *wanted;
	size_t wanted_count;
	struct difference difference;
	struct difference_view view;
	bool json, exit_code;
};

static void comparing__free(struct comparing *it)
{
	difference__free(&it->difference);
	btf__free(it->sides[0]);
	btf__free(it->sides[1]);
	free(it->wanted);
	entry_filter__free(&it->filter);
}

static int open_side(struct comparing *it, size_t side, struct error *err)
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res = btf_bytes__read_side(it->names[side], it->archive_given, &it->filter, &data, &size,
				       err);

	if (res)
		return res;
	it->sides[side] = btf__new(data, size);
	return it->sides[side] ? 0 : error__set(err, EBADMSG, "%s: its BTF can't be parsed; is the "
						"file whole?", it->names[side]);
}

/* The names of types that are in neither; EXIT_NOTHING if there is one. */
static int name_missing(const struct comparing *it, char **types)
{
	int exit_code = EXIT_OK;

	for (size_t i = 0; i < it->wanted_count; i++) {
		if (it->difference.found[i])
			continue;
		log__error("%s: no such type in either", types[i]);
		exit_code = EXIT_NOTHING;
	}
	return exit_code;
}

static int report(struct comparing *it)
{
	bool any = difference__is_any(&it->difference, &it->view);

	if (it->json) {
		json_t *all = difference__json(&it->difference);

		json_object_set_new(all, "a", json_text(it->names[0]));
		json_object_set_new(all, "b", json_text(it->names[1]));
		json__print(all);
	} else {
		if (any)
			printf("--- %s\n+++ %s\n", it->names[0], it->names[1]);
		if (!difference__print(&it->difference, &it->view)) {
			log__error("out of memory");
			return EXIT_FAILED;
		}
		difference__print_counts(&it->difference, &it->view);
	}
	return any && it->exit_code ? EXIT_DIFFERENT : EXIT_OK;
}

static int compare(struct comparing *it, char **types, struct error *err)
{
	int res = 0;

	it->wanted = calloc(it->wanted_count + 1, sizeof(*it->wanted));
	if (!it->wanted)
		return error__oom(err);
	for (size_t i = 0; i < it->wanted_count; i++)
		it->wanted[i] = wanted_type__parse(types[i]);
	it->view.functions |= it->wanted_count != 0;
	for (size_t side = 0; !res && side < 2; side++)
		res = open_side(it, side, err);
	return res ? res : difference__find(it->sides[0], it->sides[1], it->wanted, it->wanted_count,
					    &it->difference, err);
}

int cmd_diff(int argc, char **argv)
{
	struct comparing it __attribute__((__cleanup__(comparing__free))) = {};
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "What to show" },
		{ OPTION_FLAG, "functions", 0, NULL, &it.view.functions,
		  "list functions, too; else they are counted" },
		{ OPTION_FLAG, "spelling", 0, NULL, &it.view.spelling,
		  "what is the same type in other words, too:\nu32 for __u32, __user, an enum's sign" },
		{ OPTION_FLAG, "exit-code", 0, NULL, &it.exit_code, "exit with 4 if they differ" },
		{ OPTION_FLAG, "json", 0, NULL, &it.json, "print JSON, with everything" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.archive_given,
		  "the archive of kernels that are named (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		ENTRY_FILTER_OPTIONS(it.filter),
		{},
	};
	const struct command_line line = {
		.name = "diff",
		.arguments = "[OPTION]... A B [TYPE]...",
		.description = "What changed between the types of two kernels. A and B are files, as for "
			       "`btfgen\nshow`, or else kernels of an archive, by release or build ID. "
			       "TYPE is a name, or\na kind and a name; without it all types are compared.",
		.options = options,
		.epilogue = "Examples:\n  btfgen diff 6.1.0-9-amd64 6.1.0-10-amd64 'struct task_struct'\n"
			    "  btfgen diff /sys/kernel/btf/vmlinux 4.19.90-24.btf.tar.xz",
		.min_arguments = 2,
		.max_arguments = -1,
	};
	struct error err = {};
	int exit_code, missing, res, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (entry_filter__prepare(&it.filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	it.names[0] = argv[first];
	it.names[1] = argv[first + 1];
	it.wanted_count = (size_t)(argc - first - 2);
	res = compare(&it, argv + first + 2, &err);
	if (res) {
		log__error("%s", err.text);
		return res == -ESRCH ? EXIT_NOTHING : EXIT_FAILED;
	}
	missing = name_missing(&it, argv + first + 2);
	exit_code = report(&it);
	return missing == EXIT_OK || exit_code == EXIT_FAILED ? exit_code : missing;
}
