/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "by_build_id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/url.h"
#include "base/words.h"
#include "stage/fetch.h"

struct wanted {
	uint8_t id[KBTF_BUILD_ID_MAX];
	size_t len;
	char hex[2 * KBTF_BUILD_ID_MAX + 1]; /* lower case, as URLs have it */
};

struct run {
	const struct by_build_id *what;
	struct adding *adding;
	struct transfers *transfers;
	char **servers;
};

/* ---- what was asked for ----------------------------------------------------------- */

static bool parse_id(const char *text, struct wanted *wanted)
{
	wanted->len = strlen(text) / 2;
	if (wanted->len < 2 || wanted->len > sizeof(wanted->id) ||
	    !hex__decode(text, wanted->id, wanted->len))
		return false;
	hex__encode(wanted->id, wanted->len, wanted->hex);
	return true;
}

/* Without slashes at the end. Newer elfutils have words there that are no URLs. */
static bool add_server(char ***servers, const char *url)
{
	_cleanup_free_ char *copy = strdup(url);

	for (size_t len = copy ? strlen(copy) : 0; len && copy[len - 1] == '/';)
		copy[--len] = '\0';
	return copy && (!strstr(copy, ":/") || !words__add(servers, copy));
}

/* EXIT_OK, or how it ends. */
static int choose_servers(struct run *run)
{
	const struct text_list *given = run->what->servers;
	_cleanup_words_ char **fallback = words__split(getenv("DEBUGINFOD_URLS"));
	bool all = fallback;

	run->servers = words__split(NULL);
	for (size_t i = 0; all && i < given->count; i++) {
		if (!strstr(given->items[i], ":/")) {
			log__error("--debuginfod: '%s' is no URL", given->items[i]);
			return EXIT_USAGE;
		}
		all = run->servers && add_server(&run->servers, given->items[i]);
	}
	for (size_t i = 0; all && !given->count && fallback[i]; i++)
		all = run->servers && add_server(&run->servers, fallback[i]);
	if (!all || !run->servers) {
		log__error("out of memory");
		return EXIT_FAILED;
	}
	if (run->servers[0])
		return EXIT_OK;
	log__error("no debuginfod server is known: name one with --debuginfod URL, or in "
		   "DEBUGINFOD_URLS");
	return EXIT_USAGE;
}

/* ---- one kernel -------------------------------------------------------------------- */

/* From the first server that has it. What was not there on any is told once. */
static int fetch(const struct run *run, const struct wanted *wanted, struct meter *meter,
		 struct fetched *fetched, char **url, struct error *err)
{
	struct error later;
	int res = -ENOENT, unsure = 0;

	for (size_t i = 0; run->servers[i] && res && res != -ECANCELED && res != -ENOSPC; i++) {
		struct package package = { .name = (char *)wanted->hex, .allow_unsigned = true };

		free(*url);
		if (asprintf(url, "%s/buildid/%s/debuginfo", run->servers[i], wanted->hex) < 0) {
			*url = NULL;
			return error__oom(err);
		}
		package.url = *url;
		fetched__free(fetched);
		res = fetch__package(run->transfers, run->adding->work, &package,
				     run->what->cache_limit, meter, fetched, &later);
		if (!res)
			break;
		log__verbose("%s", later.text);
		if (res == -ENOENT || unsure)
			continue;
		unsure = res;
		*err = later;
	}
	/* who could not be asked may have it: that is what is wrong then */
	if (res && unsure)
		return unsure;
	if (res == -ENOENT)
		return error__set(err, ENOENT, "build ID %s: no debuginfod server has it, of %zu "
				  "asked", wanted->hex,
				  words__count((const char *const *)run->servers));
	return res;
}

/* 0 with *outcome decided, or 1: there is something to do. */
static int look_up(const struct run *run, const struct wanted *wanted,
		   struct task_outcome *outcome)
{
	struct adding *adding = run->adding;
	int res;
	_cleanup_kbtf_archive_ struct kbtf_archive *archive =
		archive_file__open_if_any(adding->archive_path, &res, &outcome->err);
	const struct kbtf_entry *entry = NULL;
	const struct kbtf_profile *profile;
	bool is_missing;

	if (res)
		return res;
	if (archive)
		entry = kbtf_archive__find_build_id(archive, wanted->id, wanted->len);
	if (!entry || (!kbtf_entry__btf_size(entry) && !adding->profile.min_only))
		return 1;
	profile = plan__find_profile(archive, &adding->profile.objects);
	is_missing = adding->profile.objects.count &&
		     (!profile || !kbtf_entry__min_size(entry, profile));
	if (is_missing && !kbtf_entry__btf_size(entry))
		return 1;
	if (is_missing)
		return job__minimize(&adding->job, entry, NULL, &outcome->result, &outcome->err);
	outcome->outcome = OUTCOME_SKIPPED;
	error__set(&outcome->err, 0, "already archived");
	return 0;
}

static int build(const struct run *run, const struct wanted *wanted,
		 struct task_outcome *outcome)
{
	struct fetched fetched __attribute__((__cleanup__(fetched__free))) = { .lock_fd = -1 };
	_cleanup_free_ char *url = NULL, *shown = NULL, *name = NULL, *notes = NULL;
	struct kbtf_ident known = { .sz = sizeof(known), .distro = run->what->distro,
				    .distro_release = run->what->distro_release,
				    .build_id = wanted->id, .build_id_len = wanted->len };
	struct added_file file = { .known = &known, .must_agree = true };
	struct meter *meter = meter__new(wanted->hex);
	int res = fetch(run, wanted, meter, &fetched, &url, &outcome->err);

	meter__free(meter);
	if (res)
		return res;
	outcome->result.fetched = fetched.bytes;
	shown = url__display(url);
	if (asprintf(&name, "buildid/%s/debuginfo", wanted->hex) < 0)
		name = NULL;
	if (shown && asprintf(&notes, "fetched from %s, known by its build ID alone", shown) < 0)
		notes = NULL;
	if (!name || !notes)
		return error__oom(&outcome->err);
	file.path = fetched.path;
	file.sha256 = fetched.sha256;
	file.package = name;
	file.notes = notes;
	res = adding__run(run->adding, &file, outcome);
	fetched__doubt(&fetched, res);
	return res;
}

static void run_one(const struct run *run, const struct wanted *wanted)
{
	struct task_outcome *outcome = adding__open(run->adding, wanted->hex);
	int res;

	if (cancel__requested())
		return;
	outcome->result.stage = STAGE_FETCH;
	res = look_up(run, wanted, outcome);
	if (res == 1)
		res = build(run, wanted, outcome);
	if (outcome->outcome == OUTCOME_SKIPPED)
		log__info("build ID %s: %s", wanted->hex, outcome->err.text);
	else
		adding__close(outcome, res, wanted->hex);
}

static int run_all(struct run *run, const struct wanted *wanted)
{
	struct error err = {};
	int exit_code = adding__begin(run->adding);

	if (exit_code != EXIT_OK)
		return exit_code;
	run->adding->job.timeout_s = run->what->timeout_s;
	run->adding->job.memory_limit = run->what->memory_limit;
	run->transfers = transfers__new(&run->what->transfers, &err);
	if (!run->transfers) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < run->what->ids->count; i++)
		run_one(run, &wanted[i]);
	transfers__free(run->transfers);
	return adding__end(run->adding);
}

int by_build_id__run(const struct by_build_id *what, struct adding *adding)
{
	struct run run = { .what = what, .adding = adding };
	_cleanup_free_ struct wanted *wanted = calloc(what->ids->count + 1, sizeof(*wanted));
	int exit_code;

	if (!wanted) {
		log__error("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < what->ids->count; i++) {
		if (parse_id(what->ids->items[i], &wanted[i]))
			continue;
		log__error("--build-id: '%s' is no build ID (hex digits)", what->ids->items[i]);
		return EXIT_USAGE;
	}
	exit_code = choose_servers(&run);
	if (exit_code == EXIT_OK)
		exit_code = run_all(&run, wanted);
	words__free(run.servers);
	return exit_code;
}
