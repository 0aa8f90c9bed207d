/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "command.h"
#include "factory.h"
#include "known.h"
#include "profile.h"
#include "report.h"
#include "stage/encode.h"
#include "table.h"

#define DEFAULT_CACHE (UINT64_C(20) << 30)
/* pahole takes 0.4 to 2 GB, the most for kernels whose BTF doesn't deduplicate. */
#define MEMORY_PER_JOB (UINT64_C(2) << 30)

struct build {
	struct known known;
	struct text_list objects_given;
	const char *archive_given, *encoder_name;
	unsigned int jobs, timeout_s, newest;
	uint64_t cache_limit, memory_limit;
	bool keep, dry_run, json, no_min;

	char *archive_path;
	struct kbtf_archive *archive;
	struct journal *journal;
	struct objects objects;
	struct plan plan;
	struct task_outcome *outcomes;
	struct {
		char series[16];
		char *version, *flags;
	} pahole[32];
	size_t pahole_count;
};

static void build__free(struct build *build)
{
	for (size_t i = 0; build->outcomes && i < build->plan.count; i++)
		job_result__free(&build->outcomes[i].result);
	for (size_t i = 0; i < build->pahole_count; i++) {
		free(build->pahole[i].version);
		free(build->pahole[i].flags);
	}
	free(build->outcomes);
	plan__free(&build->plan);
	kbtf_archive__close(build->archive);
	journal__close(build->journal);
	objects__free(&build->objects);
	text_list__free(&build->objects_given);
	known__free(&build->known);
	free(build->archive_path);
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

/*
 * The archive as it is now. Not there is fine; damaged is not: what is worth an archive
 * is not overwritten silently.
 */
static int open_archive(struct build *build, struct error *err)
{
	int res;

	build->archive_path = archive_file__path(build->archive_given);
	if (!build->archive_path)
		return error__oom(err);
	build->archive = archive_file__open_if_any(build->archive_path, &res, err);
	if (res)
		return res;
	build->journal = journal__open(build->archive_path, err);
	return build->journal ? 0 : -EIO;
}

/* pahole is asked once a kernel series, since its flags depend on that. */
static bool is_current(void *arg, const char *kernel_release,
		       const struct kbtf_provenance *provenance)
{
	struct build *build = arg;
	size_t len = strspn(kernel_release, "0123456789."), i = 0;
	struct error err;

	if (len >= sizeof(build->pahole[0].series))
		return false;
	while (i < build->pahole_count &&
	       (strlen(build->pahole[i].series) != len ||
		memcmp(build->pahole[i].series, kernel_release, len) != 0))
		i++;
	if (i == build->pahole_count) {
		if (i == sizeof(build->pahole) / sizeof(build->pahole[0])) {
			i = --build->pahole_count;
			free(build->pahole[i].version);
			free(build->pahole[i].flags);
		}
		memset(&build->pahole[i], 0, sizeof(build->pahole[i]));
		memcpy(build->pahole[i].series, kernel_release, len);
		encode__plan(kernel_release, &build->pahole[i].version, &build->pahole[i].flags,
			     &err);
		build->pahole_count++;
	}
	/* without pahole nothing newer can be made */
	return !build->pahole[i].version ||
	       (strcmp(build->pahole[i].version, provenance->encoder_version) == 0 &&
		strcmp(build->pahole[i].flags, provenance->encoder_flags) == 0);
}

static int make_plan(struct build *build, struct error *err)
{
	struct plan_opts opts = {
		.objects = &build->objects,
		.is_current = is_current,
		.arg = build,
		.newest = build->newest,
	};
	int res = encoder__parse(build->encoder_name, &opts.encoder, err);

	if (!res)
		res = plan__make(&build->known.catalogue.kernels, build->archive, &opts,
				 &build->plan, err);
	if (!res) {
		build->outcomes = calloc(build->plan.count + 1, sizeof(*build->outcomes));
		if (!build->outcomes)
			res = error__oom(err);
	}
	return res;
}

/* ---- reports ---------------------------------------------------------------------------- */

static const char *task_text(const struct task *task)
{
	static const char *const texts[] = { "build", "minimize", "done", "impossible" };

	return texts[task->kind];
}

static json_t *task_json(const struct task *task)
{
	const struct kernel *kernel = task->kernel;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "distro", kernel->distro, "release",
				   kernel->distro_release, "arch", kernel->arch, "kernel",
				   kernel->kernel_release, "task", task_text(task));

	if (task->package) {
		json_object_set_new(object, "url", json_string(task->package->url));
		json_object_set_new(object, "bytes", json_integer((json_int_t)task->package->size));
	}
	if (task->why)
		json_object_set_new(object, "reason", json_string(task->why));
	return object;
}

static void print_plan(const struct build *build)
{
	static const char *const headings[] = { "KERNEL", "DISTRO", "SUITE", "ARCH", "TASK",
						">FETCH", "PACKAGE", NULL };
	struct table *table;
	uint64_t total = 0;
	char size[16];

	if (build->json) {
		json_t *tasks = json_array();

		for (size_t i = 0; i < build->plan.count; i++)
			json_array_append_new(tasks, task_json(&build->plan.tasks[i]));
		json__print(json_pack("{s:o, s:o}", "archive", json_text(build->archive_path), "tasks",
				      tasks));
		return;
	}
	table = table__new(headings);
	for (size_t i = 0; i < build->plan.count; i++) {
		const struct task *task = &build->plan.tasks[i];
		const struct kernel *kernel = task->kernel;
		const char *cells[] = { kernel->kernel_release, kernel->distro, kernel->suite,
					kernel->arch, task_text(task),
					task->package ? format_bytes(task->package->size, size) : "",
					task->package ? task->package->name : task->why };

		total += task->package ? task->package->size : 0;
		table__add(table, cells);
	}
	table__print(table);
	printf("%zu to build, %zu to minimize, %zu done, %zu impossible; %s to fetch at most\n",
	       build->plan.by_kind[TASK_BUILD], build->plan.by_kind[TASK_MINIMIZE],
	       build->plan.by_kind[TASK_DONE], build->plan.by_kind[TASK_IMPOSSIBLE],
	       format_bytes(total, size));
}

struct counts {
	size_t done, skipped, failed, interrupted;
};

static struct counts count_outcomes(const struct build *build)
{
	struct counts counts = {};

	for (size_t i = 0; i < build->plan.count; i++) {
		enum outcome outcome = build->outcomes[i].outcome;

		counts.done += outcome == OUTCOME_DONE;
		counts.skipped += outcome == OUTCOME_SKIPPED;
		counts.failed += outcome == OUTCOME_FAILED;
		counts.interrupted += outcome == OUTCOME_INTERRUPTED;
	}
	return counts;
}

static void print_results(const struct build *build, const struct counts *counts)
{
	report__results(build->outcomes, build->plan.count);
	for (size_t i = 0; i < build->plan.count; i++) {
		const struct task *task = &build->plan.tasks[i];

		if (task->kind == TASK_IMPOSSIBLE)
			printf("%s (%s %s): skipped: %s\n", task->kernel->kernel_release,
			       task->kernel->distro, task->kernel->codename, task->why);
	}
	if (!counts->done && !counts->failed && !counts->interrupted)
		printf("nothing to do: ");
	printf("%zu done, %zu skipped, %zu failed", counts->done, counts->skipped, counts->failed);
	if (counts->interrupted)
		printf(", %zu interrupted", counts->interrupted);
	printf("; archive %s\n", build->archive_path);
}

static json_t *outcome_json(const struct task *task, const struct task_outcome *outcome)
{
	json_t *object;

	if (outcome->outcome == OUTCOME_DONE) {
		object = job_result__json(&outcome->result);
	} else {
		object = task_json(task);
		json_object_del(object, "task");
		json_object_set_new(object, "reason", json_string(outcome->err.text));
	}
	if (outcome->outcome == OUTCOME_FAILED)
		json_object_set_new(object, "stage",
				    json_string(job_stage__name(outcome->result.stage)));
	json_object_set_new(object, "status", json_string(outcome__name(outcome->outcome)));
	return object;
}

static void print_results_json(const struct build *build, const struct counts *counts)
{
	json_t *kernels = json_array(), *failures = json_array();

	for (size_t i = 0; i < build->plan.count; i++)
		json_array_append_new(kernels, outcome_json(&build->plan.tasks[i],
							    &build->outcomes[i]));
	for (size_t i = 0; i < build->known.catalogue.failure_count; i++) {
		const struct index_failure *failure = &build->known.catalogue.failures[i];

		json_array_append_new(failures,
				      json_pack("{s:s, s:s, s:s, s:s}", "distro", failure->distro,
						"codename", failure->codename, "arch",
						failure->arch, "reason", failure->reason));
	}
	json__print(json_pack("{s:o, s:i, s:i, s:i, s:i, s:o, s:o}", "archive",
			     json_text(build->archive_path), "done", (int)counts->done, "skipped", (int)counts->skipped, "failed",
			     (int)counts->failed, "interrupted", (int)counts->interrupted,
			     "kernels", kernels, "index_failures", failures));
}

/* ---- the run ------------------------------------------------------------------------------ */

static void run(struct build *build)
{
	const struct job_opts job = {
		.archive_path = build->archive_path,
		.work = build->known.work,
		.objects = &build->objects,
		.timeout_s = build->timeout_s,
		.memory_limit = build->memory_limit,
		.keep = build->keep,
	};
	const struct factory_opts opts = {
		.job = &job,
		.transfers = build->known.transfers,
		.journal = build->journal,
		.jobs = build->jobs ? build->jobs : default_jobs(),
		.cache_limit = build->cache_limit,
	};

	factory__run(&opts, &build->plan, build->outcomes);
}

static int carry_out(struct build *build)
{
	size_t index_failures = build->known.catalogue.failure_count;
	struct counts counts;
	struct error err = {};

	if (make_plan(build, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	if (!build->plan.count) {
		if (cancel__requested())
			return EXIT_FAILED;
		log__error("no kernel matches%s%s; `btfgen list` shows what is known",
			   build->known.pattern_text ? " --kernel " : "",
			   build->known.pattern_text ? build->known.pattern_text : "");
		return index_failures ? EXIT_FAILED : EXIT_NOTHING;
	}
	if (build->dry_run) {
		print_plan(build);
		return index_failures ? EXIT_FAILED : EXIT_OK;
	}
	if (archive_file__check_place(build->archive_path, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	run(build);
	counts = count_outcomes(build);
	if (build->json)
		print_results_json(build, &counts);
	else
		print_results(build, &counts);
	if (counts.failed || counts.interrupted || index_failures)
		return EXIT_FAILED;
	return build->plan.by_kind[TASK_IMPOSSIBLE] == build->plan.count ? EXIT_NOTHING : EXIT_OK;
}

int cmd_build(int argc, char **argv)
{
	struct build build __attribute__((__cleanup__(build__free))) = {
		.cache_limit = DEFAULT_CACHE,
	};
	const struct option_def options[] = {
		KNOWN_FILTER_OPTIONS(build.known),
		{ OPTION_NUMBER, "newest", 'n', "N", &build.newest,
		  "only the N newest of each flavour" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "What to make" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &build.archive_given,
		  "the archive to add to (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		PROFILE_OPTIONS(build.objects_given, build.no_min),
		{ OPTION_TEXT, "encoder", 'e', "NAME", &build.encoder_name,
		  "auto: the kernel's own .BTF or else pahole\npahole: from the debug package\n"
		  "embedded: the kernel's own .BTF" },
		KNOWN_SOURCE_OPTIONS(build.known),
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
	struct error err = {};
	enum encoder encoder;
	int exit_code, res;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (encoder__parse(build.encoder_name, &encoder, &err)) {
		log__error("%s", err.text);
		return EXIT_USAGE;
	}
	meter__setup();
	if (profile__choose(&build.objects_given, build.no_min, &build.objects, &err) || open_archive(&build, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	res = known__load(&build.known, false);
	return res == EXIT_OK ? carry_out(&build) : res;
}
