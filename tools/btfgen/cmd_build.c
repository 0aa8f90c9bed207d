/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>
#include <sys/sysinfo.h>

#include "adding.h"
#include "agenda.h"
#include "archive_file.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/utc.h"
#include "by_build_id.h"
#include "command.h"
#include "factory.h"
#include "missing_indexes.h"
#include "profile.h"
#include "report.h"

#define DEFAULT_CACHE (UINT64_C(20) << 30)
/* pahole takes 0.4 to 2 GB, the most for kernels whose BTF doesn't deduplicate. */
#define MEMORY_PER_JOB (UINT64_C(2) << 30)

struct build {
	struct agenda agenda;
	unsigned int jobs, timeout_s;
	uint64_t cache_limit, memory_limit;
	bool keep, dry_run, json;

	struct second_look second_look;
	struct text_list build_ids, servers; /* kernels by build ID, from debuginfod */
	struct task_outcome *outcomes;
};

static void build__free(struct build *build)
{
	for (size_t i = 0; build->outcomes && i < build->agenda.plan.count; i++)
		task_outcome__free(&build->outcomes[i]);
	free(build->outcomes);
	second_look__free(&build->second_look);
	text_list__free(&build->build_ids);
	text_list__free(&build->servers);
	agenda__free(&build->agenda);
}

/* ---- before the work ---------------------------------------------------------------- */

/* What can be had without swapping; sysconf(3) knows only what is used for nothing at all. */
static uint64_t available_memory(void)
{
	_cleanup_free_ char *text = NULL;
	const char *line;
	size_t size;

	if (file__read("/proc/meminfo", 1 << 20, (void **)&text, &size) == 0 &&
	    (line = strstr(text, "MemAvailable:")))
		return strtoull(line + strlen("MemAvailable:"), NULL, 10) * 1024;
	return (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static unsigned int default_jobs(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t by_memory = available_memory() / MEMORY_PER_JOB;
	unsigned int jobs = cores < 1 ? 1 : (unsigned int)cores;

	if (by_memory < jobs)
		jobs = by_memory ? (unsigned int)by_memory : 1;
	return jobs;
}

/* Cores that a kernel's encoder may use beside those of the others. */
static unsigned int threads_each(const struct build *build)
{
	size_t at_once = build->jobs ? build->jobs : default_jobs();

	if (at_once > build->agenda.plan.by_kind[TASK_BUILD])
		at_once = build->agenda.plan.by_kind[TASK_BUILD];
	return at_once ? (unsigned int)get_nprocs() / (unsigned int)at_once : 1;
}

/* ---- reports ---------------------------------------------------------------------------- */

static void print_plan(const struct build *build)
{
	const struct agenda *agenda = &build->agenda;
	json_t *tasks;

	if (!build->json) {
		agenda__print(agenda, false);
		return;
	}
	tasks = json_array();
	for (size_t i = 0; i < agenda->plan.count; i++)
		json_array_append_new(tasks, task__json(&agenda->plan.tasks[i]));
	json__print(json_pack("{s:o, s:o}", "archive", json_text(agenda->archive_path), "tasks",
			      tasks));
}

struct counts {
	size_t done, skipped, failed, interrupted, waiting;
};

static struct counts count_outcomes(const struct build *build)
{
	struct counts counts = {};

	for (size_t i = 0; i < build->agenda.plan.count; i++) {
		enum outcome outcome = build->outcomes[i].outcome;

		counts.done += outcome == OUTCOME_DONE;
		counts.skipped += outcome == OUTCOME_SKIPPED;
		counts.failed += outcome == OUTCOME_FAILED;
		counts.interrupted += outcome == OUTCOME_INTERRUPTED;
		counts.waiting += outcome == OUTCOME_WAITING;
	}
	return counts;
}

/* How many wait, why each does, and when the first is due. */
static void print_waiting(const struct build *build, size_t count)
{
	const struct plan *plan = &build->agenda.plan;
	int64_t first = INT64_MAX;
	char until[UTC_SIZE];

	for (size_t i = 0; i < plan->count; i++) {
		const struct task *task = &plan->tasks[i];

		if (task->kind != TASK_WAITING)
			continue;
		first = task->until < first ? task->until : first;
		printf("%s (%s %s): %s\n", task->kernel->kernel_release, task->kernel->distro,
		       task->kernel->codename, build->outcomes[i].err.text);
	}
	if (count)
		printf("%zu waiting, the first until %s; --retry tries them now\n", count,
		       utc__format(first, until));
}

static void print_results(const struct build *build, const struct counts *counts)
{
	char words[80];

	report__results(build->outcomes, build->agenda.plan.count);
	for (size_t i = 0; i < build->agenda.plan.count; i++) {
		const struct task *task = &build->agenda.plan.tasks[i];

		if (task->kind == TASK_IMPOSSIBLE)
			printf("%s (%s %s): skipped: %s\n", task->kernel->kernel_release,
			       task->kernel->distro, task->kernel->codename, task->why);
	}
	print_waiting(build, counts->waiting);
	if (!build->agenda.plan.count)
		printf("no kernel of these is in shard %u/%u: ", build->agenda.shard.index,
		       build->agenda.shard.count);
	else if (!counts->done && !counts->failed && !counts->interrupted)
		printf("nothing to do: ");
	printf("%zu done, %zu skipped, %zu failed", counts->done, counts->skipped, counts->failed);
	if (counts->interrupted)
		printf(", %zu interrupted", counts->interrupted);
	if (counts->waiting)
		printf(", %zu waiting", counts->waiting);
	printf("%s; archive %s\n", missing_indexes__words(&build->agenda.known.catalogue, words),
	       build->agenda.archive_path);
}

static json_t *outcome_json(const struct task *task, const struct task_outcome *outcome)
{
	json_t *object;

	if (outcome->outcome == OUTCOME_DONE) {
		object = job_result__json(&outcome->result);
	} else {
		object = task__json(task);
		json_object_del(object, "task");
		json_object_set_new(object, "reason", json_string(outcome->err.text));
	}
	if (outcome->outcome == OUTCOME_FAILED) {
		json_object_set_new(object, "stage",
				    json_string(job_stage__name(outcome->result.stage)));
		json_object_set_new(object, "cause", json_string(failure__cause(outcome->code)));
	}
	json_object_set_new(object, "status", json_string(outcome__name(outcome->outcome)));
	return object;
}

static void print_results_json(const struct build *build, const struct counts *counts)
{
	json_t *kernels = json_array(), *object;

	for (size_t i = 0; i < build->agenda.plan.count; i++)
		json_array_append_new(kernels, outcome_json(&build->agenda.plan.tasks[i],
							    &build->outcomes[i]));
	object = json_pack("{s:o, s:i, s:i, s:i, s:i, s:i, s:o}", "archive",
			   json_text(build->agenda.archive_path), "done", (int)counts->done,
			   "skipped", (int)counts->skipped, "failed", (int)counts->failed,
			   "interrupted", (int)counts->interrupted, "waiting",
			   (int)counts->waiting, "kernels", kernels);
	missing_indexes__add_json(&build->agenda.known.catalogue, object);
	json__print(object);
}

/* ---- the run ------------------------------------------------------------------------------ */

static void run(struct build *build)
{
	const struct job_opts job = {
		.archive_path = build->agenda.archive_path,
		.work = build->agenda.known.work,
		.objects = &build->agenda.profile.objects,
		.min_only = build->agenda.profile.min_only,
		.threads = threads_each(build),
		.timeout_s = build->timeout_s,
		.memory_limit = build->memory_limit,
		.keep = build->keep,
	};
	const struct factory_opts opts = {
		.job = &job,
		.transfers = build->agenda.known.transfers,
		.journal = build->agenda.journal,
		.circumstances = &build->agenda.circumstances,
		.jobs = build->jobs ? build->jobs : default_jobs(),
		.cache_limit = build->cache_limit,
		.full_verify = build->agenda.full_verify,
		.second_look = &build->second_look,
	};

	second_look__init(&build->second_look, &build->agenda.known);
	factory__run(&opts, &build->agenda.plan, build->outcomes);
}

static int carry_out(struct build *build)
{
	const struct plan *plan = &build->agenda.plan;
	size_t index_failures = build->agenda.known.catalogue.failure_count;
	struct counts counts;
	struct error err = {};

	if (build->dry_run) {
		print_plan(build);
		return index_failures ? EXIT_FAILED : EXIT_OK;
	}
	build->outcomes = calloc(plan->count + 1, sizeof(*build->outcomes));
	if (!build->outcomes)
		error__oom(&err);
	if (!build->outcomes || archive_file__check_place(build->agenda.archive_path, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	run(build);
	counts = count_outcomes(build);
	if (build->json)
		print_results_json(build, &counts);
	else
		print_results(build, &counts);
	if (counts.failed || counts.interrupted || counts.waiting || index_failures)
		return EXIT_FAILED;
	return plan->count && plan->by_kind[TASK_IMPOSSIBLE] == plan->count ? EXIT_NOTHING : EXIT_OK;
}

/* No index is asked, so that nothing is chosen by one. */
static int build_by_id(struct build *build)
{
	struct agenda *agenda = &build->agenda;
	const struct known *known = &agenda->known;
	struct adding adding __attribute__((__cleanup__(adding__free))) = {
		.profile = agenda->profile,
		.archive_given = agenda->archive_given,
		.work_path = known->work_path,
		.keep = build->keep,
		.json = build->json,
	};
	const struct by_build_id what = {
		.ids = &build->build_ids,
		.servers = &build->servers,
		.distro = known->distros.count ? known->distros.items[0] : NULL,
		.distro_release = known->releases.count ? known->releases.items[0] : NULL,
		.transfers = known__transfers_opts(known),
		.cache_limit = build->cache_limit,
		.timeout_s = build->timeout_s,
		.memory_limit = build->memory_limit,
	};

	agenda->profile = (struct profile_choice){};
	if (known->pattern_text || agenda->newest || agenda->ids.count || agenda->shard_text ||
	    known->arches.count || build->dry_run || known->distros.count > 1 ||
	    known->releases.count > 1) {
		log__error("--build-id says which kernels; of the options that do, only one "
			   "--distro and one --release go with it: what they are of");
		return EXIT_USAGE;
	}
	return by_build_id__run(&what, &adding);
}

int cmd_build(int argc, char **argv)
{
	struct build build __attribute__((__cleanup__(build__free))) = {
		.cache_limit = DEFAULT_CACHE,
	};
	const struct option_def options[] = {
		AGENDA_FILTER_OPTIONS(build.agenda),
		{ OPTION_TEXT, "shard", 0, "I/N", &build.agenda.shard_text,
		  "only share I of N, from 1; auto, auto/N: the\none that the environment names" },
		{ OPTION_LIST, "build-id", 'b', "HEX", &build.build_ids,
		  "this one, from a debuginfod server and no\nindex; may be repeated" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "What to make" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &build.agenda.archive_given,
		  "the archive to add to (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		PROFILE_OPTIONS(build.agenda.profile),
		KNOWN_SOURCE_OPTIONS(build.agenda.known),
		{ OPTION_FLAG, "full-verify", 0, NULL, &build.agenda.full_verify,
		  "fetch and check whole packages where parts\nof them would do" },
		{ OPTION_LIST, "debuginfod", 0, "URL", &build.servers,
		  "for --build-id (default: $DEBUGINFOD_URLS)" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "How" },
		{ OPTION_NUMBER, "jobs", 'j', "N", &build.jobs,
		  "kernels at once (default: as many as cores\nand memory allow)" },
		{ OPTION_SIZE, "cache-size", 0, "SIZE", &build.cache_limit,
		  "bytes of packages to keep (default: 20G)" },
		{ OPTION_NUMBER, "encode-timeout", 0, "SECONDS", &build.timeout_s,
		  "stop an encoder after this long\n(default: 1800)" },
		{ OPTION_SIZE, "encode-memory", 0, "SIZE", &build.memory_limit,
		  "address space of an encoder (default: 16G)" },
		{ OPTION_FLAG, "keep", 0, NULL, &build.keep, "leave scratch files for a look" },
		{ OPTION_FLAG, "dry-run", 0, NULL, &build.dry_run, "print what would be done" },
		{ OPTION_FLAG, "json", 0, NULL, &build.json, "print the results as JSON" },
		{},
	};
	const struct command_line line = {
		.name = "build",
		.arguments = "[OPTION]...",
		.description = "Fetch kernels' packages, encode BTF, minimize it, and store both in "
			       "an archive.\nWhat the archive has already is skipped.",
		.options = options,
		.epilogue = "Examples:\n  btfgen build --kernel 4.18\n"
			    "  btfgen build --distro debian --release bookworm --newest 1 --arch x86_64\n"
			    "  btfgen build --kernel '5.10.*-cloud-*' --for agent.bpf.o -a agent.kbtf",
	};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (build.build_ids.count)
		return build_by_id(&build);
	meter__setup();
	build.agenda.circumstances = (struct circumstances){
		.knows_limits = true,
		.timeout_s = build.timeout_s,
		.memory_limit = build.memory_limit,
	};
	exit_code = agenda__make(&build.agenda);
	return exit_code == EXIT_OK ? carry_out(&build) : exit_code;
}
