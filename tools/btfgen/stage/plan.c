/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/release.h"
#include "base/sha256.h"

int encoder__parse(const char *name, enum encoder *encoder, struct error *err)
{
	if (!name || strcmp(name, "auto") == 0)
		*encoder = ENCODER_AUTO;
	else if (strcmp(name, "pahole") == 0)
		*encoder = ENCODER_PAHOLE;
	else if (strcmp(name, "embedded") == 0)
		*encoder = ENCODER_EMBEDDED;
	else if (strcmp(name, "dwarf") == 0)
		*encoder = ENCODER_DWARF;
	else
		return error__set(err, EINVAL, "--encoder: '%s' is none of auto, pahole, embedded, "
				  "dwarf", name);
	return 0;
}

const char *task_kind__name(enum task_kind kind)
{
	static const char *const names[] = { "build", "minimize", "done", "impossible", "waiting" };

	return names[kind];
}

/* ---- what the archive has --------------------------------------------------------- */

static bool made_from(const struct kbtf_entry *entry, const struct package *package)
{
	const struct kbtf_provenance *prov = kbtf_entry__provenance(entry);
	const char *slash;

	if (!package->name)
		return false;
	if (package->sha256)
		return strcmp(prov->package_sha256, package->sha256) == 0;
	/* an index without digests leaves no more than names */
	slash = strrchr(package->url, '/');
	return strcmp(prov->package, slash ? slash + 1 : package->url) == 0 &&
	       strcmp(prov->package_version, package->version) == 0;
}

const struct kbtf_entry *plan__find_entry(const struct kbtf_archive *archive,
					  const struct kernel *kernel)
{
	const struct kbtf_entry *entry = NULL;

	if (!archive)
		return NULL;
	while ((entry = kbtf_archive__find_release(archive, kernel->kernel_release, entry)))
		if (made_from(entry, &kernel->debug) || made_from(entry, &kernel->image))
			return entry;
	return NULL;
}

static bool has_object(const struct objects *objects, const uint8_t sha256[SHA256_SIZE])
{
	for (size_t i = 0; i < objects->count; i++)
		if (memcmp(objects->refs[i].sha256, sha256, SHA256_SIZE) == 0)
			return true;
	return false;
}

static bool is_profile_of(const struct kbtf_profile *profile, const struct objects *objects)
{
	if (kbtf_profile__object_count(profile) != objects->count)
		return false;
	for (size_t i = 0; i < objects->count; i++)
		if (!has_object(objects, kbtf_profile__object(profile, i)->sha256))
			return false;
	return true;
}

const struct kbtf_profile *plan__find_profile(const struct kbtf_archive *archive,
					      const struct objects *objects)
{
	for (size_t i = 0; archive && i < kbtf_archive__profile_count(archive); i++)
		if (is_profile_of(kbtf_archive__profile(archive, i), objects))
			return kbtf_archive__profile(archive, i);
	return NULL;
}

/* ---- one kernel --------------------------------------------------------------------- */

static bool entry_serves(const struct kbtf_entry *entry, const struct kernel *kernel,
			 const struct plan_opts *opts)
{
	const struct kbtf_provenance *prov = kbtf_entry__provenance(entry);
	bool embedded = strcmp(prov->encoder, "embedded") == 0;
	bool dwarf = strcmp(prov->encoder, "dwarf") == 0;

	if ((!opts->min_only && !kbtf_entry__btf_size(entry)) ||
	    (opts->full_verify && prov->verification == KBTF_VERIFIED_PARTIAL))
		return false;
	if (opts->encoder == ENCODER_EMBEDDED || (embedded && opts->encoder == ENCODER_AUTO))
		return embedded;
	/* what is cut out of full BTF is as good */
	if (opts->encoder == ENCODER_DWARF && kbtf_entry__btf_size(entry))
		return true;
	if (dwarf ? opts->encoder == ENCODER_PAHOLE :
		    opts->encoder == ENCODER_DWARF || strcmp(prov->encoder, "pahole") != 0)
		return false;
	return opts->is_current(opts->arg, kernel->kernel_release, prov);
}

static void choose_package(struct task *task)
{
	const struct kernel *kernel = task->kernel;
	const struct package *debug = kernel->debug.name ? &kernel->debug : NULL;
	const struct package *image = kernel->image.name ? &kernel->image : NULL;

	task->kind = TASK_BUILD;
	switch (task->encoder) {
	case ENCODER_PAHOLE:
	case ENCODER_DWARF:
		task->package = debug;
		task->why = "no debug package of it is published, and its encoder needs one";
		break;
	case ENCODER_EMBEDDED:
		/* the debug package's vmlinux holds the same .BTF, but is much larger */
		task->package = image ? image : debug;
		break;
	case ENCODER_AUTO:
		task->package = image && (kernel->expect_embedded || !debug) ? image : debug;
		break;
	}
	if (task->package)
		task->why = NULL;
	else
		task->kind = TASK_IMPOSSIBLE;
}

static void plan_task(struct task *task, const struct kbtf_archive *archive,
		      const struct kbtf_profile *profile, const struct plan_opts *opts)
{
	const struct kbtf_entry *entry = plan__find_entry(archive, task->kernel);
	bool has_min = entry && profile && kbtf_entry__min_size(entry, profile);

	task->encoder = opts->encoder;
	if (!entry || !entry_serves(entry, task->kernel, opts))
		choose_package(task);
	else if (has_min || !opts->objects->count)
		task->kind = TASK_DONE;
	else if (kbtf_entry__btf_size(entry))
		task->kind = TASK_MINIMIZE;
	else
		choose_package(task);
	if (opts->waits_until && (task->kind == TASK_BUILD || task->kind == TASK_MINIMIZE))
		task->until = opts->waits_until(opts->arg, task->kernel);
	if (task->until)
		task->kind = TASK_WAITING;
}

/* ---- the list -------------------------------------------------------------------------- */

static bool needs_no_dwarf(enum encoder encoder)
{
	return encoder != ENCODER_PAHOLE && encoder != ENCODER_DWARF;
}

/* The list is sorted by these three first. */
static bool same_group(const struct kernel *a, const struct kernel *b)
{
	return strcmp(a->distro, b->distro) == 0 &&
	       strcmp(a->distro_release, b->distro_release) == 0 &&
	       strcmp(a->arch, b->arch) == 0;
}

/* How many kernels of one flavour there are behind the one that is looked at. */
struct flavour {
	const char *release;    /* of one of them */
	unsigned int newer;
};

struct flavours {
	const struct kernel *group;
	struct flavour *items;
	size_t count, cap;
};

static struct flavour *flavour_of(struct flavours *flavours, const char *release)
{
	for (size_t i = 0; i < flavours->count; i++)
		if (release__same_flavour(flavours->items[i].release, release))
			return &flavours->items[i];
	if (flavours->count == flavours->cap) {
		size_t cap = flavours->cap ? 2 * flavours->cap : 16;
		struct flavour *items = reallocarray(flavours->items, cap, sizeof(*items));

		if (!items)
			return NULL;
		flavours->items = items;
		flavours->cap = cap;
	}
	flavours->items[flavours->count] = (struct flavour){ .release = release };
	return &flavours->items[flavours->count++];
}

/* Which are the newest: from the last on, since the newest of a group come last. */
static int mark_newest(const struct kernel_list *kernels, const struct plan_opts *opts, bool *is_new)
{
	struct flavours flavours = {};

	for (size_t i = kernels->count; i--;) {
		const struct kernel *kernel = &kernels->items[i];
		struct flavour *flavour;

		if (!flavours.group || !same_group(flavours.group, kernel))
			flavours.count = 0;
		flavours.group = kernel;
		flavour = flavour_of(&flavours, kernel->kernel_release);
		if (!flavour) {
			free(flavours.items);
			return -ENOMEM;
		}
		is_new[i] = flavour->newer < opts->newest;
		flavour->newer += needs_no_dwarf(opts->encoder) || kernel->debug.name;
	}
	free(flavours.items);
	return 0;
}

/* Each kernel stays in its shard, whichever others there are. */
static int name_task(struct task *task, const struct plan_opts *opts)
{
	uint64_t number;
	int res = kernel__number(task->kernel, &number);

	if (res)
		return res;
	snprintf(task->id, sizeof(task->id), "%016" PRIx64, number);
	task->shard = opts->shard.count ? shard__of(number, opts->shard.count) : 0;
	return 0;
}

static bool is_wanted(const struct task *task, const struct plan_opts *opts)
{
	if (opts->shard.index && task->shard != opts->shard.index)
		return false;
	if (!opts->ids)
		return true;
	for (size_t i = 0; opts->ids[i]; i++)
		if (strcmp(opts->ids[i], task->id) == 0)
			return true;
	return false;
}

int plan__make(const struct kernel_list *kernels, const struct kbtf_archive *archive,
	       const struct plan_opts *opts, struct plan *plan, struct error *err)
{
	const struct kbtf_profile *profile = plan__find_profile(archive, opts->objects);
	_cleanup_free_ bool *is_new = calloc(kernels->count + 1, sizeof(*is_new));

	*plan = (struct plan){ .tasks = calloc(kernels->count + 1, sizeof(*plan->tasks)) };
	if (!plan->tasks || !is_new || (opts->newest && mark_newest(kernels, opts, is_new)))
		return error__oom(err);
	for (size_t i = 0; i < kernels->count; i++) {
		struct task *task = &plan->tasks[plan->count];

		if (opts->newest && !is_new[i])
			continue;
		*task = (struct task){ .kernel = &kernels->items[i] };
		if (name_task(task, opts))
			return error__oom(err);
		if (!is_wanted(task, opts)) {
			plan->elsewhere++;
			continue;
		}
		plan_task(task, archive, profile, opts);
		if (opts->newest && task->kind == TASK_IMPOSSIBLE)
			continue;
		plan->by_kind[task->kind]++;
		plan->count++;
	}
	return 0;
}

void plan__free(struct plan *plan)
{
	free(plan->tasks);
	*plan = (struct plan){};
}
