/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "factory.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/hosts.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/url.h"
#include "base/utc.h"
#include "stage/fetch.h"

/* Beside the kernels that compute, so many wait for the network. */
#define FETCH_AHEAD 2
#define HOST_REST_MS 300000

struct factory {
	const struct factory_opts *opts;
	const struct plan *plan;
	struct task_outcome *outcomes;
	sem_t cores;            /* held while a task computes */
	pthread_mutex_t lock;   /* of next, the hosts, the journal and the circumstances */
	size_t next;
	struct hosts hosts;     /* that parts of packages were asked of */
};

const char *outcome__name(enum outcome outcome)
{
	static const char *const names[] = { "done", "skipped", "failed", "interrupted",
					     "waiting" };

	return names[outcome];
}

const char *failure__cause(int code)
{
	switch (-code) {
	case ENOENT:
		return "not found";
	case EACCES:
		return "access refused";
	case EBUSY:
		return "too many requests";
	case EHOSTUNREACH:
		return "unreachable";
	case EBADMSG:
	case ESTALE:
		return "damaged";
	case ENOKEY:
	case EKEYREJECTED:
		return "signature";
	case ENODATA:
		return "no types";
	case ENOSPC:
	case EDQUOT:
		return "disk full";
	case ENOMEM:
		return "memory";
	case ETIMEDOUT:
	case ETIME:
		return "too slow";
	default:
		return "other";
	}
}

void task_outcome__free(struct task_outcome *outcome)
{
	job_result__free(&outcome->result);
	free(outcome->url);
	*outcome = (struct task_outcome){};
}

/* ---- one attempt ------------------------------------------------------------------------ */

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static const char *file_name(const struct package *package)
{
	const char *slash = strrchr(package->url, '/');

	return slash ? slash + 1 : package->url;
}

/* `name` is the package's URL, for messages, or NULL where the file itself says more. */
static struct job_input input_of(const struct task *task, const struct package *package,
				 const struct fetched *fetched, const char *name)
{
	const struct kernel *kernel = task->kernel;

	return (struct job_input){
		.path = fetched->path,
		.name = name,
		.member = package->member,
		.rpm_trust = { (const char *const *)package->keyrings,
			       (const char *const *)package->keys },
		.must_be_rpm = package->keyrings != NULL,
		.encoder = task->encoder,
		.known = { .sz = sizeof(struct kbtf_ident),
			   .distro = kernel->distro,
			   .distro_release = kernel->distro_release,
			   .arch = kernel->arch,
			   .kernel_release = kernel->kernel_release },
		.provenance = { .sz = sizeof(struct kbtf_provenance),
				.package = file_name(package),
				.package_version = package->version,
				.package_sha256 = fetched->sha256,
				.verification = package->verification,
				.verified_by = package->verified_by },
	};
}

/* Wait for a core; a cancel ends the wait. */
static int take_core(struct factory *factory, struct error *err)
{
	while (sem_wait(&factory->cores) < 0)
		;
	if (!cancel__requested())
		return 0;
	sem_post(&factory->cores);
	return error__set(err, ECANCELED, "interrupted");
}

/* Types alone are wanted of a package of some hundred MB, which is not here. */
static bool parts_do(const struct factory *factory, const struct task *task,
		     const struct package *package)
{
	const struct job_opts *job = factory->opts->job;

	return job->min_only && job->objects->count && !job->normalize &&
	       !factory->opts->full_verify && package == &task->kernel->debug &&
	       package->format == PACKAGE_DEB && package->sha256 &&
	       (task->encoder == ENCODER_DWARF || task->encoder == ENCODER_AUTO) &&
	       !fetch__is_here(job->work, package);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A host that did not answer several times in a row is left to the transfers' judgement. */
static bool is_given_up(struct factory *factory, const char *url)
{
	struct host *host;
	bool given_up;

	pthread_mutex_lock(&factory->lock);
	host = hosts__of(&factory->hosts, url);
	given_up = host && host__is_given_up(&factory->hosts, host, now_ms());
	pthread_mutex_unlock(&factory->lock);
	return given_up;
}

static void note_answer(struct factory *factory, const char *url, bool was_silent)
{
	struct host *host;

	pthread_mutex_lock(&factory->lock);
	host = hosts__of(&factory->hosts, url);
	if (host && was_silent)
		host__kept_silent(host, now_ms());
	else if (host)
		host__answered(&factory->hosts, host);
	pthread_mutex_unlock(&factory->lock);
}

/* As transfers are told to behave, all tasks together. */
static void set_manners(const struct factory *factory, struct package_place *place)
{
	const struct transfers_opts *opts = transfers__opts(factory->opts->transfers);

	if (opts->parallel_per_host)
		place->parallel = opts->parallel_per_host > factory->opts->jobs ?
				  opts->parallel_per_host / factory->opts->jobs : 1;
	place->tries = opts->tries;
	place->stall_s = opts->stall_s;
	place->delay_ms = opts->delay_ms;
}

static bool is_other_way_left(int res, const struct task_outcome *out)
{
	return res && out->result.stage == STAGE_EXTRACT && res != -ECANCELED && res != -ENOMEM &&
	       !cancel__requested();
}

/*
 * Of one mirror, in parts. What is read so is checked by nobody: the entry says so. Any failure
 * but of the job's later stages means: by another way.
 */
static int attempt_parts(struct factory *factory, const struct task *task,
			 const struct package *package, char *url, struct meter *meter,
			 struct task_outcome *out)
{
	const struct transfer_identity identity = {
		.certificate = package->client_certificate,
		.key = package->client_key,
		.ca_file = package->ca_file,
	};
	struct package_place place = {
		.url = url, .identity = &identity, .size = package->size,
	};
	struct fetched none = { .path = url };
	struct job_input input = input_of(task, package, &none, NULL);
	int res = take_core(factory, &out->err);

	if (res)
		return res;
	set_manners(factory, &place);
	input.remote = &place;
	input.provenance.package_sha256 = package->sha256;
	if (package->verification != KBTF_UNVERIFIED)
		input.provenance.verification = KBTF_VERIFIED_PARTIAL;
	res = job__run(factory->opts->job, &input, meter, &out->result, &out->err);
	sem_post(&factory->cores);
	note_answer(factory, url, res == -EHOSTUNREACH);
	return res;
}

/*
 * In parts, from the first mirror that it can be had from so. False: by another way, which is
 * left. What can't be entered anywhere else than at its beginning is so at all of them.
 */
static bool settle_by_parts(struct factory *factory, const struct task *task,
			    const struct package *package, struct meter *meter,
			    struct task_outcome *out, int *res)
{
	*res = 0;
	for (size_t i = 0; *res != -ENOTSUP; i++) {
		_cleanup_free_ char *url = i ? package__url_at(package, i - 1)
					     : strdup(package->url);

		if (!url)
			return false;
		if (is_given_up(factory, url))
			continue;
		*res = attempt_parts(factory, task, package, url, meter, out);
		if (!is_other_way_left(*res, out))
			return true;
		log__verbose("%s: not read in parts: %s", url, out->err.text);
	}
	return false;
}

static int attempt(struct factory *factory, const struct task *task,
		   const struct package *package, struct meter *meter, struct task_outcome *out)
{
	struct fetched fetched = { .lock_fd = -1 };
	struct timespec began;
	int res;

	free(out->url);
	out->url = strdup(package->url);
	if (parts_do(factory, task, package) &&
	    settle_by_parts(factory, task, package, meter, out, &res))
		return res;
	clock_gettime(CLOCK_MONOTONIC, &began);
	out->result.stage = STAGE_FETCH;
	res = fetch__package(factory->opts->transfers, factory->opts->job->work, package,
			     factory->opts->cache_limit, meter, &fetched, &out->err);
	out->result.seconds[STAGE_FETCH] += seconds_since(&began);
	out->result.fetched += fetched.bytes;
	if (!res)
		res = take_core(factory, &out->err);
	if (!res) {
		_cleanup_free_ char *name = url__is_file(package->url) ? NULL :
									 url__display(package->url);
		struct job_input input = input_of(task, package, &fetched, name);

		res = job__run(factory->opts->job, &input, meter, &out->result, &out->err);
		sem_post(&factory->cores);
		fetched__doubt(&fetched, res);
	}
	fetched__free(&fetched);
	return res;
}

/* The image has no .BTF, or its package is gone from the mirror: the debug package serves. */
static bool try_debug_package(const struct task *task, int res)
{
	return (res == -ENODATA || res == -ENOENT) && task->encoder == ENCODER_AUTO &&
	       task->package == &task->kernel->image && task->kernel->debug.name;
}

static int build_once(struct factory *factory, const struct task *task, struct meter *meter,
		      struct task_outcome *out)
{
	int res = attempt(factory, task, task->package, meter, out);

	if (try_debug_package(task, res)) {
		log__verbose("%s; taking the debug package", out->err.text);
		res = attempt(factory, task, &task->kernel->debug, meter, out);
	}
	return res;
}

/* Not there, or other bytes than the index says: the mirror may have changed since. */
static bool may_have_changed(int res, const struct task_outcome *out)
{
	return out->result.stage == STAGE_FETCH && (res == -ENOENT || res == -EBADMSG);
}

static int build(struct factory *factory, const struct task *task, struct meter *meter,
		 struct task_outcome *out)
{
	struct second_look *look = factory->opts->second_look;
	int res = build_once(factory, task, meter, out);
	const struct kernel *kernel;
	struct task anew = *task;

	if (!look || !may_have_changed(res, out) || cancel__requested())
		return res;
	kernel = second_look__at(look, task->kernel);
	if (!kernel)
		return res;
	anew.kernel = kernel;
	anew.package = task->package == &task->kernel->image && kernel->image.name ? &kernel->image :
										     &kernel->debug;
	if (!anew.package->name)
		return res;
	log__info("%s: its package has changed on the mirror; it is taken as it is now",
		  kernel->kernel_release);
	out->kernel = kernel;
	return build_once(factory, &anew, meter, out);
}

static int minimize_archived(struct factory *factory, const struct task *task,
			     struct meter *meter, struct task_outcome *out)
{
	const struct job_opts *job = factory->opts->job;
	_cleanup_kbtf_archive_ struct kbtf_archive *archive =
		archive_file__open(job->archive_path, &out->err);
	const struct kbtf_entry *entry;
	int res;

	out->result.stage = STAGE_MINIMIZE;
	if (!archive)
		return -EBADMSG;
	entry = plan__find_entry(archive, task->kernel);
	if (!entry)
		return error__set(&out->err, ESTALE, "%s: %s was removed meanwhile; run the same "
				  "command again", job->archive_path, task->kernel->kernel_release);
	res = take_core(factory, &out->err);
	if (!res) {
		res = job__minimize(job, entry, meter, &out->result, &out->err);
		sem_post(&factory->cores);
	}
	return res;
}

/* ---- one task ------------------------------------------------------------------------------ */

static json_t *failure_record(struct circumstances *circumstances, const struct task_outcome *out)
{
	const char *stage = job_stage__name(out->result.stage);
	json_t *record = json_pack("{s:s, s:s, s:s, s:s}", "status", "failed", "stage",
				   stage, "cause", failure__cause(out->code), "reason",
				   out->err.text);

	if (out->url)
		json_object_set_new(record, "url", json_text(out->url));
	json_object_set_new(record, "under",
			    circumstances__of(circumstances, out->kernel, out->url, stage));
	return record;
}

static json_t *success_record(const struct task_outcome *out)
{
	json_t *record = job_result__json(&out->result);

	json_object_set_new(record, "status", json_string("done"));
	return record;
}

static json_t *record_of(struct circumstances *circumstances, const struct task_outcome *out)
{
	switch (out->outcome) {
	case OUTCOME_DONE:
		return success_record(out);
	case OUTCOME_SKIPPED:
		return json_pack("{s:s, s:o}", "status", "skipped", "reason",
				 json_text(out->err.text));
	default:
		return failure_record(circumstances, out);
	}
}

/* The same reason to skip a kernel, run after run, is worth one record. */
static bool is_old_news(const struct journal *journal, const struct kernel *kernel,
			const struct task_outcome *out)
{
	const json_t *last = journal__find(journal, kernel);
	const char *status = json_string_value(json_object_get(last, "status"));
	const char *reason = json_string_value(json_object_get(last, "reason"));

	return out->outcome == OUTCOME_SKIPPED && status && strcmp(status, "skipped") == 0 &&
	       reason && strcmp(reason, out->err.text) == 0;
}

static void record(struct factory *factory, struct task_outcome *out)
{
	struct error err;
	int res;

	if (out->outcome == OUTCOME_INTERRUPTED)
		return;
	pthread_mutex_lock(&factory->lock);
	if (is_old_news(factory->opts->journal, out->kernel, out)) {
		pthread_mutex_unlock(&factory->lock);
		return;
	}
	res = journal__add(factory->opts->journal, out->kernel,
			   record_of(factory->opts->circumstances, out), &err);
	pthread_mutex_unlock(&factory->lock);
	if (res && out->outcome == OUTCOME_DONE) {
		out->outcome = OUTCOME_FAILED;
		out->err = err;
	}
}

static void tell(const struct task *task, const struct task_outcome *out)
{
	const struct job_result *result = &out->result;
	double seconds = 0;

	for (int i = 0; i < STAGE_COUNT; i++)
		seconds += result->seconds[i];
	if (out->outcome == OUTCOME_FAILED)
		log__error("%s (%s %s): %s failed: %s", task->kernel->kernel_release,
			   task->kernel->distro, task->kernel->codename,
			   job_stage__name(result->stage), out->err.text);
	else if (out->outcome == OUTCOME_DONE)
		log__info("%s: done, %zu bytes of BTF%s, %.1f s", task->kernel->kernel_release,
			  result->full_size ? result->full_size : result->min_size,
			  result->full_size ? "" : ", minimized", seconds);
}

static void explain_waiting(struct factory *factory, const struct task *task,
			    struct task_outcome *out)
{
	const json_t *last;
	const char *stage, *reason;
	char until[UTC_SIZE];

	pthread_mutex_lock(&factory->lock);
	last = journal__find(factory->opts->journal, task->kernel);
	stage = json_string_value(json_object_get(last, "stage"));
	reason = json_string_value(json_object_get(last, "reason"));
	error__set(&out->err, 0, "waits until %s: failed %lld times, last to %s: %s",
		   utc__format(task->until, until),
		   json_integer_value(json_object_get(last, "failures")), stage ? stage : "?",
		   reason ? reason : "?");
	pthread_mutex_unlock(&factory->lock);
}

static void run_task(struct factory *factory, const struct task *task, struct task_outcome *out)
{
	struct meter *meter;
	int res;

	out->kernel = task->kernel;
	if (task->kind == TASK_DONE || task->kind == TASK_IMPOSSIBLE) {
		out->outcome = OUTCOME_SKIPPED;
		error__set(&out->err, 0, "%s", task->why ? task->why : "already archived");
		/* what is archived has its record; why another can't be is worth one */
		if (task->kind == TASK_IMPOSSIBLE)
			record(factory, out);
		return;
	}
	if (task->kind == TASK_WAITING) {
		out->outcome = OUTCOME_WAITING;
		explain_waiting(factory, task, out);
		return;
	}
	if (cancel__requested()) {
		out->outcome = OUTCOME_INTERRUPTED;
		return;
	}
	meter = meter__new(task->kernel->kernel_release);
	res = task->kind == TASK_BUILD ? build(factory, task, meter, out)
				       : minimize_archived(factory, task, meter, out);
	meter__free(meter);
	if (!res && out->result.yielded) {
		out->outcome = OUTCOME_SKIPPED;
		error__set(&out->err, 0, "the archive has an entry of it with a build ID, which "
			   "this package's kernel lacks");
	} else if (!res) {
		out->outcome = OUTCOME_DONE;
	} else {
		out->outcome = cancel__requested() ? OUTCOME_INTERRUPTED : OUTCOME_FAILED;
		out->code = res;
	}
	record(factory, out);
	tell(task, out);
}

static void *work(void *arg)
{
	struct factory *factory = arg;

	for (;;) {
		size_t i;

		pthread_mutex_lock(&factory->lock);
		i = factory->next++;
		pthread_mutex_unlock(&factory->lock);
		if (i >= factory->plan->count)
			return NULL;
		run_task(factory, &factory->plan->tasks[i], &factory->outcomes[i]);
	}
}

void factory__run(const struct factory_opts *opts, const struct plan *plan,
		  struct task_outcome *outcomes)
{
	struct factory factory = {
		.opts = opts, .plan = plan, .outcomes = outcomes, .hosts.rest_ms = HOST_REST_MS,
	};
	size_t wanted = opts->jobs + FETCH_AHEAD, started = 0;
	_cleanup_free_ pthread_t *threads = NULL;

	if (wanted > plan->count)
		wanted = plan->count;
	threads = calloc(wanted + 1, sizeof(*threads));
	sem_init(&factory.cores, 0, opts->jobs);
	pthread_mutex_init(&factory.lock, NULL);
	while (threads && started + 1 < wanted &&
	       pthread_create(&threads[started], NULL, work, &factory) == 0)
		started++;
	work(&factory); /* this thread too, and alone where there are no others */
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&factory.lock);
	hosts__free(&factory.hosts);
	sem_destroy(&factory.cores);
}
