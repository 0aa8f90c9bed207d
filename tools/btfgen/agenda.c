/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agenda.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/utc.h"
#include "stage/encode.h"
#include "table.h"

void agenda__free(struct agenda *agenda)
{
	for (size_t i = 0; i < agenda->pahole_count; i++) {
		free(agenda->pahole[i].version);
		free(agenda->pahole[i].flags);
	}
	plan__free(&agenda->plan);
	kbtf_archive__close(agenda->archive);
	journal__close(agenda->journal);
	circumstances__free(&agenda->circumstances);
	profile_choice__free(&agenda->profile);
	text_list__free(&agenda->ids);
	known__free(&agenda->known);
	free(agenda->archive_path);
}

/*
 * The archive as it is now. Not there is fine; damaged is not: what is worth an archive
 * is not overwritten silently.
 */
static int open_archive(struct agenda *agenda, struct error *err)
{
	int res;

	agenda->archive_path = archive_file__path(agenda->archive_given);
	if (!agenda->archive_path)
		return error__oom(err);
	agenda->archive = archive_file__open_if_any(agenda->archive_path, &res, err);
	if (res)
		return res;
	agenda->journal = journal__open(agenda->archive_path, err);
	return agenda->journal ? 0 : -EIO;
}

/* pahole is asked once a kernel series, since its flags depend on that. */
static bool is_current(void *arg, const char *kernel_release,
		       const struct kbtf_provenance *provenance)
{
	struct agenda *agenda = arg;
	size_t len = strspn(kernel_release, "0123456789."), i = 0;
	struct error err;

	if (strcmp(provenance->encoder, "dwarf") == 0)
		return strcmp(provenance->encoder_version, ENCODE_WANTED_VERSION) == 0;
	if (len >= sizeof(agenda->pahole[0].series))
		return false;
	while (i < agenda->pahole_count &&
	       (strlen(agenda->pahole[i].series) != len ||
		memcmp(agenda->pahole[i].series, kernel_release, len) != 0))
		i++;
	if (i == agenda->pahole_count) {
		if (i == sizeof(agenda->pahole) / sizeof(agenda->pahole[0])) {
			i = --agenda->pahole_count;
			free(agenda->pahole[i].version);
			free(agenda->pahole[i].flags);
		}
		memset(&agenda->pahole[i], 0, sizeof(agenda->pahole[i]));
		memcpy(agenda->pahole[i].series, kernel_release, len);
		encode__plan(kernel_release, &agenda->pahole[i].version, &agenda->pahole[i].flags,
			     &err);
		agenda->pahole_count++;
	}
	/* without pahole nothing newer can be made */
	return !agenda->pahole[i].version ||
	       (strcmp(agenda->pahole[i].version, provenance->encoder_version) == 0 &&
		strcmp(agenda->pahole[i].flags, provenance->encoder_flags) == 0);
}

static int64_t waits_until(void *arg, const struct kernel *kernel)
{
	struct agenda *agenda = arg;

	int64_t until = journal__waits_until(agenda->journal, kernel, agenda->now);

	if (until && circumstances__have_changed(&agenda->circumstances, kernel,
						 journal__find(agenda->journal, kernel)))
		return 0;
	return until;
}

static int make_plan(struct agenda *agenda, struct error *err)
{
	const struct plan_opts opts = {
		.encoder = agenda->profile.encoder,
		.objects = &agenda->profile.objects,
		.min_only = agenda->profile.min_only,
		.full_verify = agenda->full_verify,
		.is_current = is_current,
		.waits_until = agenda->retry ? NULL : waits_until,
		.arg = agenda,
		.newest = agenda->newest,
		.shard = agenda->shard,
		.ids = agenda->ids.items,
	};

	return plan__make(&agenda->known.catalogue.kernels, agenda->archive, &opts, &agenda->plan,
			  err);
}

/* A share of the work may be empty. That no kernel is meant at all is a slip. */
static int check_plan(const struct agenda *agenda)
{
	const char *pattern = agenda->known.pattern_text;
	bool is_divided = agenda->shard.index && !agenda->ids.count;

	if (agenda->plan.count || (is_divided && agenda->plan.elsewhere))
		return EXIT_OK;
	if (cancel__requested())
		return EXIT_FAILED;
	if (agenda->ids.count)
		log__error("no kernel of this ID is known; `btfgen plan` shows them");
	else
		log__error("no kernel matches%s%s; `btfgen list` shows what is known",
			   pattern ? " --kernel " : "", pattern ? pattern : "");
	return agenda->known.catalogue.failure_count ? EXIT_FAILED : EXIT_NOTHING;
}

int agenda__make(struct agenda *agenda)
{
	struct error err = {};
	int res;

	if (agenda->shard_text && shard__parse(agenda->shard_text, &agenda->shard, &err)) {
		log__error("%s", err.text);
		return EXIT_USAGE;
	}
	res = profile_choice__check(&agenda->profile);
	if (res != EXIT_OK)
		return res;
	agenda->now = time(NULL);
	agenda->circumstances.knows_trust = true;
	agenda->circumstances.encoder = agenda->profile.encoder_name ? agenda->profile.encoder_name :
								       "auto";
	agenda->circumstances.objects = &agenda->profile.objects;
	if (open_archive(agenda, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	res = known__load(&agenda->known, agenda->cached);
	if (res != EXIT_OK)
		return res;
	if (make_plan(agenda, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	return check_plan(agenda);
}

/* ---- tasks, printed ----------------------------------------------------------------- */

json_t *task__json(const struct task *task)
{
	const struct kernel *kernel = task->kernel;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", task->id, "distro",
				   kernel->distro, "release", kernel->distro_release, "arch",
				   kernel->arch, "kernel", kernel->kernel_release, "task",
				   task_kind__name(task->kind));
	char until[UTC_SIZE];

	if (task->shard)
		json_object_set_new(object, "shard", json_integer(task->shard));
	if (task->package) {
		json_object_set_new(object, "url", json_string(task->package->url));
		json_object_set_new(object, "bytes", json_integer((json_int_t)task->package->size));
	}
	if (task->until)
		json_object_set_new(object, "until", json_string(utc__format(task->until, until)));
	if (task->why)
		json_object_set_new(object, "reason", json_string(task->why));
	return object;
}

static void add_row(struct table *table, const struct task *task)
{
	const struct kernel *kernel = task->kernel;
	char size[16], until[UTC_SIZE];
	const char *cells[] = { task->id, kernel->kernel_release, kernel->distro, kernel->suite,
				kernel->arch, task_kind__name(task->kind),
				task->package ? format_bytes(task->package->size, size) : "",
				task->package ? task->package->name : task->why };

	if (task->until)
		cells[7] = utc__format(task->until, until);
	table__add(table, cells);
}

bool task__is_due(const struct task *task)
{
	return task->kind == TASK_BUILD || task->kind == TASK_MINIMIZE;
}

void agenda__print(const struct agenda *agenda, bool due_only)
{
	static const char *const headings[] = { "ID", "KERNEL", "DISTRO", "SUITE", "ARCH", "TASK",
						">FETCH", "PACKAGE", NULL };
	const struct plan *plan = &agenda->plan;
	struct table *table = table__new(headings);
	uint64_t total = 0;
	char size[16];

	for (size_t i = 0; i < plan->count; i++) {
		const struct task *task = &plan->tasks[i];

		if (task__is_due(task) && task->package)
			total += task->package->size;
		if (!due_only || task__is_due(task))
			add_row(table, task);
	}
	table__print(table);
	printf("%zu to build, %zu to minimize, %zu done, %zu impossible", plan->by_kind[TASK_BUILD],
	       plan->by_kind[TASK_MINIMIZE], plan->by_kind[TASK_DONE],
	       plan->by_kind[TASK_IMPOSSIBLE]);
	if (plan->by_kind[TASK_WAITING])
		printf(", %zu waiting", plan->by_kind[TASK_WAITING]);
	printf("; %s to fetch at most\n", format_bytes(total, size));
}
