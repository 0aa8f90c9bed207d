/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/log.h"
#include "programs.h"
#include "session.h"

DEFINE_CLEANUP(bpf_object_closep, struct bpf_object, bpf_object__close)

/* ---- what an object needs, by what it is made of ------------------------------------- */

static bool begins_with(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

static const char *need_of_program(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_KPROBE:
		return begins_with(section, "uprobe") || begins_with(section, "uretprobe") ||
		       begins_with(section, "usdt") ? "uprobes" : "kprobes";
	case BPF_PROG_TYPE_TRACEPOINT:
		return "tracepoints";
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return "raw tracepoints";
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT:
		return "the kernel's own BTF";
	case BPF_PROG_TYPE_PERF_EVENT:
		return "perf events";
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_SOCK_OPS:
		return "cgroups";
	default:
		return libbpf_bpf_prog_type_str(bpf_program__type(program));
	}
}

static const char *need_of_map(const struct bpf_map *map)
{
	const char *dot = strrchr(bpf_map__name(map), '.');

	if (dot && strcmp(dot, ".kconfig") == 0)
		return "the kernel's configuration";
	return bpf_map__is_internal(map) ? "variables" : NULL;
}

/* A need is told once. */
static void add_need(json_t *needs, const char *need)
{
	for (size_t i = 0; need && i < json_array_size(needs); i++)
		if (strcmp(json_string_value(json_array_get(needs, i)), need) == 0)
			return;
	if (need)
		json_array_append_new(needs, json_string(need));
}

/* An array of strings; of alternatives, what all of them need. */
static json_t *find_needs(const char *path, bool btf)
{
	struct bpf_object *object __attribute__((__cleanup__(bpf_object_closep))) =
		bpf_object__open_file(path, NULL);
	json_t *needs = json_array();
	struct bpf_program *program;
	struct bpf_map *map;

	if (btf)
		add_need(needs, "BTF");
	if (!object)
		return needs;
	bpf_object__for_each_program(program, object)
		add_need(needs, need_of_program(program));
	bpf_object__for_each_map(map, object)
		add_need(needs, need_of_map(map));
	return needs;
}

/* ---- whether it runs ---------------------------------------------------------------------- */

/* What came of trying. Texts are lent by the session. */
struct verdict {
	const char *loads, *runs; /* "yes", "in part", "no" */
	const char *reason;       /* of what is not "yes", or "" */
};

/* The first remark of a kind, or "". */
static const char *find_remark(const struct session *session, enum kbtf_remark_kind kind)
{
	size_t count = session->object ? kbtf_object__remark_count(session->object) : 0;

	for (size_t i = 0; i < count; i++)
		if (kbtf_object__remark(session->object, i)->kind == kind)
			return kbtf_object__remark(session->object, i)->text;
	return "";
}

/* Loads, and attaches for as long as the session lives: to load is not to run. */
static struct verdict try_program(struct session *session, const char *path)
{
	int err = session__load(session, path);
	const char *problem = find_remark(session, KBTF_REMARK_PROBLEM);
	const char *left_out = session->left_out_count ? session->left_out[0] :
			       find_remark(session, KBTF_REMARK_LEFT_OUT);
	const char *loads = *left_out ? "in part" : "yes";

	if (err)
		return (struct verdict){ "no", "no", *problem ? problem : *left_out ? left_out :
					 strerror(-err) };
	err = session__attach(session);
	if (err < 0)
		return (struct verdict){ loads, "no", session->unattached ? session->unattached :
					 *left_out ? left_out : strerror(-err) };
	if (session->unattached && !*left_out)
		return (struct verdict){ loads, "in part", session->unattached };
	return (struct verdict){ loads, loads, left_out };
}

static void print_json(const struct bundled *program, const struct verdict *verdict, json_t *needs)
{
	json_t *whole = json_pack("{s:s, s:s, s:s, s:o, s:O, s:s}", "program", program->name, "loads",
				  verdict->loads, "runs", verdict->runs, "reason",
				  json_text(verdict->reason), "needs", needs, "summary",
				  program->summary);

	json_dumpf(whole, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(whole);
}

/* What is the same for many rows is told once. */
struct told {
	char *reason;       /* the last that was printed, and whose */
	const char *name;
	const char *remedy; /* what can be done, told below the table */
};

static void print_reason(const struct bundled *program, const char *reason, struct told *told)
{
	if (told->reason && strcmp(told->reason, reason) == 0) {
		printf("%22s(as %s)\n", "", told->name);
		return;
	}
	printf("%22s(%s)\n", "", reason);
	free(told->reason);
	told->reason = strdup(reason);
	told->name = program->name;
}

static void print_row(const struct bundled *program, const struct verdict *verdict, json_t *needs,
		      struct told *told)
{
	json_t *need;
	size_t i;

	printf("%-12s%-10s%s; needs ", program->name, verdict->runs, program->summary);
	json_array_foreach(needs, i, need)
		printf("%s%s", i ? ", " : "", json_string_value(need));
	putchar('\n');
	if (*verdict->reason)
		print_reason(program, verdict->reason, told);
}

/* False if the archive or the like is bad: the same for all others, and said on stderr. */
static bool print_program(const struct bundled *program, struct session *session, struct told *told)
{
	_cleanup_free_ char *path = bundled__path(program->name);
	struct verdict verdict = try_program(session, path ? path : "");
	json_t *needs;

	if (!session__has_sources(session))
		return false;
	needs = find_needs(path ? path : "", session->object &&
			   kbtf_object__needs_btf(session->object));
	if (session->json)
		print_json(program, &verdict, needs);
	else
		print_row(program, &verdict, needs, told);
	json_decref(needs);
	if (session->remedy)
		told->remedy = session->remedy;
	return true;
}

int cmd_list(int argc, char **argv)
{
	struct session asked __attribute__((__cleanup__(session__free))) = { .tells_problems = true };
	struct told told = {};
	const struct option_def options[] = {
		BTF_OPTIONS(asked),
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_FLAG, "json", 0, NULL, &asked.json, "print JSON, an object a line" },
		{},
	};
	const struct command_line line = {
		.program = "btfload",
		.name = "list",
		.arguments = "[OPTION]...",
		.description = "List the bundled programs: whether each runs on this kernel, which is "
			       "tried, and\nwhat it needs, alternatives included.",
		.options = options,
		.max_arguments = 0,
	};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	exit_code = EXIT_OK;
	log__set_level(LOG_LEVEL_QUIET);
	for (const struct bundled *program = bundled_programs; program->name && exit_code == EXIT_OK;
	     program++) {
		struct session session __attribute__((__cleanup__(session__free))) = asked;

		if (!print_program(program, &session, &told))
			exit_code = EXIT_FAILED;
	}
	if (told.remedy && !asked.json)
		printf("To attach more: %s\n", told.remedy);
	free(told.reason);
	return exit_code;
}
