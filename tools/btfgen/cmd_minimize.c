/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/objects.h"
#include "bytes.h"
#include "command.h"
#include "places.h"
#include "stage/minimize.h"
#include "table.h"

struct minimizing {
	struct entry_filter filter;
	const char *out;
	unsigned int jobs;
	struct objects objects;
	void *full, *min;
	size_t full_size, min_size;
};

static void minimizing__free(struct minimizing *it)
{
	entry_filter__free(&it->filter);
	objects__free(&it->objects);
	free(it->full);
	free(it->min);
}

/* All that match into a tree. */
static int write_tree(struct minimizing *it, const char *path, struct error *err)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = archive_file__open(path, err);
	struct entry_source source;
	size_t written = 0;
	int res;

	if (!archive)
		return -EBADMSG;
	source = entry_source__of(archive, &it->objects);
	res = entry_source__prepare(&source, &it->filter, it->jobs, err);
	if (!res)
		res = places__write_tree(&source, &it->filter, false, it->out, &written, err);
	entry_source__free(&source);
	if (!res)
		log__info("%s: %zu written", it->out, written);
	return res;
}

static bool is_tree(const char *out)
{
	return *out && out[strlen(out) - 1] == '/';
}

static int run(struct minimizing *it, const char *btf, const char *const *objects, size_t count,
	       struct error *err)
{
	int res;

	if ((res = objects__read(objects, count, "", &it->objects, err)))
		return res;
	if (is_tree(it->out))
		return write_tree(it, btf, err);
	if ((res = btf_bytes__read(btf, &it->filter, &it->full, &it->full_size, err)))
		return res;
	if ((res = minimize__btf(&it->objects, it->full, it->full_size, &it->min, &it->min_size, err)))
		return res;
	return bytes__write(it->out, it->min, it->min_size, err);
}

int cmd_minimize(int argc, char **argv)
{
	struct minimizing it __attribute__((__cleanup__(minimizing__free))) = {};
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_TEXT, "output", 'o', "OUT.btf", &it.out,
		  "write here; - is stdout; of an archive all\nthat match into a tree if it ends with a slash" },
		{ OPTION_NUMBER, "jobs", 'j', "N", &it.jobs,
		  "cores to minimize on (default: all)" },
		ENTRY_FILTER_OPTIONS(it.filter),
		{},
	};
	const struct command_line line = {
		.name = "minimize",
		.arguments = "-o OUT.btf [OPTION]... BTF OBJ.bpf.o...",
		.description = "Cut BTF down to the types that the CO-RE relocations of BPF objects "
			       "reference.\nBTF is a raw file, a .btf.tar.xz, a vmlinux or vmlinuz, or an "
			       "archive of which\nthe options below name entries.",
		.options = options,
		.epilogue = "Example:\n  btfgen minimize /sys/kernel/btf/vmlinux agent.bpf.o -o min.btf",
		.min_arguments = 2,
		.max_arguments = -1,
	};
	char full[16], min[16];
	struct error err = {};
	int exit_code, res, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (!it.out) {
		log__error("minimize: -o OUT.btf is missing");
		return EXIT_USAGE;
	}
	if (entry_filter__prepare(&it.filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	res = run(&it, argv[first], (const char *const *)argv + first + 1,
		  (size_t)(argc - first - 1), &err);
	if (res) {
		log__error("%s", err.text);
		return res == -ESRCH ? EXIT_NOTHING : EXIT_FAILED;
	}
	if (!is_tree(it.out))
		log__info("%s: %s of %s", it.out, format_bytes(it.min_size, min),
			  format_bytes(it.full_size, full));
	return EXIT_OK;
}
