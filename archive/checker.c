/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf_core.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check_choice.h"
#include "core_machine.h"
#include "core_words.h"
#include "ident.h"
#include "survey.h"

struct kbtf_checker {
	struct check_object **objects;
	size_t count;
	struct report_pool reports;
};

struct kbtf_checker *kbtf_checker__new(void)
{
	struct kbtf_checker *checker = calloc(1, sizeof(*checker));

	if (checker && report_pool__init(&checker->reports)) {
		free(checker);
		errno = ENOMEM;
		return NULL;
	}
	return checker;
}

void kbtf_checker__free(struct kbtf_checker *checker)
{
	if (!checker)
		return;
	for (size_t i = 0; i < checker->count; i++)
		check_object__free(checker->objects[i]);
	free(checker->objects);
	report_pool__free(&checker->reports);
	free(checker);
}

static void say(char *why, size_t why_size, const char *text)
{
	if (why && why_size)
		snprintf(why, why_size, "%s", text);
}

int kbtf_checker__add(struct kbtf_checker *checker, const char *name, const void *object,
		      size_t size, char *why, size_t why_size)
{
	struct check_object **grown = realloc(checker->objects,
					      (checker->count + 1) * sizeof(*grown));
	struct core_object_error error = {};
	int err;

	say(why, why_size, "no memory");
	if (!grown)
		return -ENOMEM;
	checker->objects = grown;
	err = check_object__read(name, object, size, &grown[checker->count], &error);
	if (err && why)
		core_words__bad_object(name, &error, why, why_size);
	checker->count += !err;
	return err;
}

static bool wants_functions(const struct kbtf_checker *checker)
{
	for (size_t i = 0; i < checker->count; i++)
		for (size_t k = 0; k < checker->objects[i]->program_count; k++)
			if (check_program__wants_function(&checker->objects[i]->programs[k]))
				return true;
	return false;
}

/* ---- an object on a kernel ---------------------------------------------------------------------- */

static void add_note(struct report_draft *draft, enum kbtf_verdict verdict,
		     enum kbtf_subject subject, const char *what, const char *text)
{
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = verdict, .subject = subject, .what = what, .text = text });
}

static void check_globals(const struct object_check *check, struct report_draft *draft)
{
	_cleanup_buf_ struct buf names = {};
	const struct bpf_map *map;

	bpf_object__for_each_map(map, check->object->bpf)
		if (bpf_map__is_internal(map))
			buf__printf(&names, "%s%s", names.len ? " " : "",
				    strchr(bpf_map__name(map), '.') ?: bpf_map__name(map));
	if (names.len && check->offer->globals == OFFER_NO)
		add_note(draft, KBTF_VERDICT_ADAPTED, KBTF_SUBJECT_GLOBALS, buf__cstr(&names),
			 "the kernel has no global variables; they live in maps of libkbtf's own");
}

/* What can't be told of any program. */
static void check_knowledge(const struct object_check *check, struct report_draft *draft)
{
	const struct kernel_offer *offer = check->offer;
	_cleanup_buf_ struct buf lacking = {};

	if (check->minimized || !check->object->bpf) {
		add_note(draft, KBTF_VERDICT_UNKNOWN, KBTF_SUBJECT_BTF, "",
			 check->minimized ? "its BTF is minimized: nothing is known of helpers, maps "
			 "and types of programs" : "libbpf does not open the object here: only its "
			 "relocations are looked at");
		return;
	}
	if (!offer->helpers.known)
		buf__printf(&lacking, " bpf_func_id");
	if (!offer->maps.known)
		buf__printf(&lacking, " bpf_map_type");
	if (!offer->programs.known)
		buf__printf(&lacking, " bpf_prog_type");
	if (lacking.len)
		add_note(draft, KBTF_VERDICT_UNKNOWN, KBTF_SUBJECT_BTF, buf__cstr(&lacking) + 1,
			 "these enumerations are not in its BTF: what the kernel offers is not known");
}

/* Without the code it can't be told what is reached. */
static void check_relocations_alone(const struct object_check *check, struct report_draft *draft)
{
	const struct core_object *core = &check->object->core;

	for (uint32_t i = 0; i < core->relocation_count; i++) {
		const struct core_relocation *relocation = &core->relocations[i];
		enum core_patched patched = check->fates[i].patched;

		if (patched != CORE_PATCHED ||
		    check->results->items[relocation->spec].outcome == CORE_ABSENT)
			check_relocation(check, i, relocation->program,
					 patched == CORE_NOT_PATCHED ? KBTF_VERDICT_FAILS :
					 patched == CORE_POISONED ? KBTF_VERDICT_MAY_FAIL :
					 KBTF_VERDICT_GUARDED, draft);
	}
}

/* libbpf relocates functions that are no programs, whoever calls them. */
static void check_refused_functions(const struct object_check *check, struct report_draft *draft)
{
	const struct core_object *core = &check->object->core;

	for (uint32_t i = 0; i < core->relocation_count; i++)
		if (check->fates[i].patched == CORE_NOT_PATCHED &&
		    strcmp(core->relocations[i].section, ".text") == 0)
			check_relocation(check, i, "", KBTF_VERDICT_FAILS, draft);
}

/* libbpf makes all maps, but of those that are left out because the kernel lacks their type. */
static void check_map_values(const struct object_check *check, struct report_draft *draft)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, check->object->bpf)
		if (kernel_offer__map(check->offer, bpf_map__type(map)) == OFFER_YES &&
		    kernel_offer__map_value(check->offer, bpf_map__type(map),
					    bpf_map__value_size(map)) == OFFER_NO)
			add_note(draft, KBTF_VERDICT_FAILS, KBTF_SUBJECT_MAP, bpf_map__name(map),
				 "its values are larger than the kernel takes: 4 bytes");
}

static int check_all(const struct object_check *check, struct report_draft *draft)
{
	int err;

	if (!check->object->bpf) {
		check_relocations_alone(check, draft);
		check_knowledge(check, draft);
		return 0;
	}
	err = check_programs(check, draft);
	check_refused_functions(check, draft);
	if (!check->minimized) {
		check_map_values(check, draft);
		check_globals(check, draft);
	}
	check_knowledge(check, draft);
	return err;
}

static int check_one(struct kbtf_checker *checker, struct object_check *check,
		     const struct kbtf_report **report)
{
	_cleanup_report_draft_ struct report_draft draft = {};
	struct core_results results;
	int err = core_results__find(&check->object->core, check->target, &results);

	if (err)
		return err;
	check->results = &results;
	err = object_check__relocate(check);
	if (!err)
		err = check_all(check, &draft);
	if (!err && !(*report = report_pool__keep(&checker->reports, &draft)))
		err = -ENOMEM;
	object_check__free(check);
	core_results__free(&results);
	return err;
}

/* NULL: it is the object's, or one of the two is not known. */
static const char *other_machine(const struct check_object *object,
				 const struct core_target *target,
				 const struct kbtf_check_opts *opts)
{
	const char *machine = object->machine ? core_machine__of_kernel(target) : NULL;

	/* minimized BTF has no registers that the object does not ask for */
	if (object->machine && !machine && opts->kernel && *opts->kernel->arch)
		machine = opts->kernel->arch;
	return machine && strcmp(machine, object->machine) != 0 ? machine : NULL;
}

static int check_kernel(struct kbtf_checker *checker, const struct core_target *target,
			const struct lineage *lineage, const struct kbtf_check_opts *opts,
			const struct kbtf_report **reports)
{
	struct kernel_offer offer;
	int err = 0;

	kernel_offer__read(target, lineage ? &lineage->pool : NULL, lineage ? &lineage->set : NULL,
			   &offer);
	for (size_t i = 0; !err && i < checker->count; i++) {
		struct object_check check = {
			.object = checker->objects[i], .target = target, .offer = &offer,
			.data_types = opts->data_types, .minimized = opts->minimized,
			.strict = opts->strict,
			.machine = other_machine(checker->objects[i], target, opts),
		};

		err = check_one(checker, &check, &reports[i]);
	}
	return err;
}

int kbtf_checker__run(struct kbtf_checker *checker, const void *btf, size_t size,
		      const struct kbtf_check_opts *given, const struct kbtf_report **reports,
		      char *why, size_t why_size)
{
	struct kbtf_check_opts opts = {};
	struct type_graph_error error = {};
	struct core_target target;
	struct type_graph graph;
	int err = given ? versioned__copy(&opts, sizeof(opts), given) : 0;

	if (err) {
		say(why, why_size, "options that this library does not know");
		return err;
	}
	say(why, why_size, "no memory");
	err = type_graph__parse(btf, size, &graph, &error);
	if (err) {
		say(why, why_size, error.what ?: "no memory");
		return err == -EBADMSG ? -EINVAL : err;
	}
	err = core_target__init(&target, &graph, type_graph__is_big_endian(btf));
	if (!err && opts.kernel)
		target.versions = kernel_versions__of(opts.kernel);
	if (!err)
		err = check_kernel(checker, &target, NULL, &opts, reports);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}

/* ---- many kernels ------------------------------------------------------------------------------- */

struct many {
	struct kbtf_checker *checker;
	const struct kbtf_check_opts *opts;
	kbtf_checked_fn fn;
	void *ctx;
};

static int check_followed(void *ctx, const struct core_target *target,
			  const struct lineage *lineage, void **answer, char why[SURVEY_WORDS])
{
	const struct many *many = ctx;
	const struct kbtf_report **reports = calloc(many->checker->count + 1, sizeof(*reports));
	int err = -ENOMEM;

	(void)why;
	if (reports)
		err = check_kernel(many->checker, target, lineage, many->opts, reports);
	if (err)
		free(reports);
	else
		*answer = reports;
	return err;
}

static int hand_out(void *ctx, size_t number, int err, const void *answer, const char *why)
{
	const struct many *many = ctx;

	return many->fn(many->ctx, number, err, answer, why);
}

int kbtf_checker__run_entries(struct kbtf_checker *checker,
			      const struct kbtf_entry *const *entries, size_t count,
			      const struct kbtf_check_opts *given, unsigned int threads,
			      kbtf_checked_fn fn, void *ctx)
{
	struct kbtf_check_opts opts = {};
	struct many many = { checker, &opts, fn, ctx };
	struct survey survey = { .threads = threads, .ask = check_followed, .free_answer = free,
				 .tell = hand_out, .ctx = &many };
	int err = given ? versioned__copy(&opts, sizeof(opts), given) : 0;

	if (err)
		return err;
	survey.functions = wants_functions(checker) && !opts.data_types;
	opts.data_types = !survey.functions;
	return survey__run(&survey, entries, count);
}
