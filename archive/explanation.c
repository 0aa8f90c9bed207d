/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check_program.h"
#include "core_match.h"
#include "core_nearest.h"
#include "core_words.h"
#include "explainer.h"
#include "insn_words.h"
#include "kernel_offer.h"
#include "survey.h"

/* Candidates of all questions: a kernel has one a question, and few have two. */
#define CANDIDATES_MAX (1u << 17)
/* So many are told what they lack. */
#define LACKING_MAX 20000

struct explained {
	struct kbtf_explanation shown; /* the first, so that its address is this one's */
	struct kbtf_answer *answers;
	struct kbtf_fate *fates;
	size_t count;                  /* of answers */
	atomic_uint holders;           /* it is freed by the last of them */
	struct kept_words words;
};

struct explaining {
	const struct kbtf_explainer *explainer;
	const struct core_object *core;
	const struct core_target *target;
	struct object_check check;
	struct reach_verifier verifier;
	struct core_results results;
	struct core_tries tries;
	uint32_t tried;                /* up to here questions are answered */
	uint32_t candidates, lacking;  /* so far */
	/* what a type of the object's lost, by candidate: the question and 1 that did it */
	struct numbers *lost;          /* by root: pairs */
	struct explained *out;
};

static const char *name_at(const char *const *names, size_t count, unsigned int number)
{
	return number < count ? names[number] : "?";
}
#define NAME_AT(names, number) name_at(names, sizeof(names) / sizeof((names)[0]), number)

const char *kbtf_fit__name(enum kbtf_fit fit)
{
	static const char *const names[] = { "has it", "lacks it", "disagrees", "refused", "dropped",
					     "not tried" };

	return NAME_AT(names, fit);
}

const char *kbtf_outcome__name(enum kbtf_outcome outcome)
{
	static const char *const names[] = { "found", "absent", "ambiguous", "refused" };

	return NAME_AT(names, outcome);
}

const char *kbtf_patch__name(enum kbtf_patch patch)
{
	static const char *const names[] = { "patched", "poisoned", "refused" };

	return NAME_AT(names, patch);
}

const char *kbtf_reach__name(enum kbtf_reach reach)
{
	static const char *const names[] = { "unknown", "never", "on request", "maybe", "surely" };

	return NAME_AT(names, reach);
}

/* ---- candidates -------------------------------------------------------------------------------- */

/* The question that dropped a candidate, and 1; 0: it was not dropped. */
static uint32_t dropped_by(const struct numbers *lost, uint32_t type)
{
	for (uint32_t i = 0; i < lost->count; i += 2)
		if (lost->items[i] == type)
			return lost->items[i + 1];
	return 0;
}

static void say_found(struct explaining *it, const struct core_spec *spec,
		      struct kbtf_candidate *candidate)
{
	_cleanup_buf_ struct buf words = {};
	_cleanup_free_ struct core_place *place = malloc(sizeof(*place));
	uint32_t steps = 1u << 20;
	const char *why;

	if (!place)
		it->out->words.failed = true;
	else if (core_match(&it->core->types, spec, &it->target->types, candidate->type, place,
			    &steps, &why) == CORE_FITS)
		libbpf_words__add(&it->target->types, spec->kind, place, &words);
	candidate->spec = kept_words__add(&it->out->words, &words);
}

static void say_lacking(struct explaining *it, const struct core_spec *spec,
			struct kbtf_candidate *candidate)
{
	_cleanup_buf_ struct buf wrong = {}, nearest = {};

	if (it->lacking++ >= LACKING_MAX)
		return;
	core_nearest__of(it->core, spec, it->target, candidate->type, &wrong, &nearest);
	candidate->text = kept_words__add(&it->out->words, &wrong);
	candidate->nearest = kept_words__add(&it->out->words, &nearest);
}

static void say_tried(struct explaining *it, const struct core_spec *spec,
		      const struct core_try *tried, struct kbtf_candidate *candidate)
{
	candidate->value = tried->value.number;
	candidate->bit_offset = tried->bit_offset;
	switch (tried->trial) {
	case CORE_TRIAL_FITS:
		candidate->fit = KBTF_FIT_YES;
		say_found(it, spec, candidate);
		break;
	case CORE_TRIAL_DISAGREES:
		candidate->fit = KBTF_FIT_DISAGREES;
		say_found(it, spec, candidate);
		break;
	case CORE_TRIAL_FAILS:
		candidate->fit = KBTF_FIT_REFUSED;
		candidate->text = tried->why;
		candidate->value = candidate->bit_offset = 0;
		break;
	default:
		candidate->fit = KBTF_FIT_NO;
		candidate->value = candidate->bit_offset = 0;
		say_lacking(it, spec, candidate);
	}
}

static void add_candidate(struct explaining *it, uint32_t spec, uint32_t type,
			  struct kbtf_candidate *candidate)
{
	uint32_t since = dropped_by(&it->lost[it->core->roots[spec]], type);
	int64_t size = core_types__size(&it->target->types, type);
	_cleanup_buf_ struct buf words = {};

	core_words__type(&it->target->types, type, &words);
	*candidate = (struct kbtf_candidate){
		.type = type, .name = kept_words__add(&it->out->words, &words),
		.size = size > 0 ? (uint32_t)size : 0, .spec = "", .text = "", .nearest = "",
		.fit = since ? KBTF_FIT_DROPPED : KBTF_FIT_UNTRIED, .since = since ? since - 1 : 0,
	};
	/* both by ascending IDs */
	if (!since && it->tried < it->tries.count && it->tries.items[it->tried].spec == spec &&
	    it->tries.items[it->tried].type == type)
		say_tried(it, &it->core->specs[spec], &it->tries.items[it->tried++], candidate);
}

/* Those without it are asked no more, as soon as one has it. */
static int drop(struct explaining *it, uint32_t spec, const struct kbtf_answer *answer)
{
	struct numbers *lost = &it->lost[it->core->roots[spec]];
	int err = 0;

	if (answer->outcome != KBTF_OUTCOME_FOUND)
		return 0;
	for (size_t i = 0; !err && i < answer->candidate_count; i++)
		if (answer->candidates[i].fit == KBTF_FIT_NO) {
			err = numbers__add(lost, answer->candidates[i].type);
			err = err ? err : numbers__add(lost, spec + 1);
		}
	return err;
}

static int add_candidates(struct explaining *it, uint32_t spec, struct kbtf_answer *answer)
{
	const struct core_types *types = &it->core->types;
	uint32_t root = it->core->specs[spec].local.root, at = 0;
	const struct graph_type *type = core_types__at(types, root);
	const char *name = core_types__string(types, type->name);
	struct kbtf_candidate *candidates;
	size_t count = 0;

	if (!type->name || it->core->specs[spec].kind == CORE_TYPE_ID_LOCAL)
		return 0;
	while (it->candidates < CANDIDATES_MAX &&
	       (at = core_target__candidate(it->target, type->kind, name, at))) {
		it->candidates++;
		count++;
	}
	candidates = calloc(count + 1, sizeof(*candidates));
	answer->candidates = candidates;
	if (!candidates)
		return -ENOMEM;
	at = 0;
	while (answer->candidate_count < count) {
		at = core_target__candidate(it->target, type->kind, name, at);
		add_candidate(it, spec, at, &candidates[answer->candidate_count++]);
	}
	while (it->tried < it->tries.count && it->tries.items[it->tried].spec == spec)
		it->tried++;
	return drop(it, spec, answer);
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void say_why(struct explaining *it, const struct core_spec *spec,
		    const struct core_result *result, struct kbtf_answer *answer)
{
	_cleanup_buf_ struct buf wrong = {}, nearest = {};

	if (result->outcome == CORE_AMBIGUOUS || result->outcome == CORE_REFUSED)
		core_words__why_refused(it->target, result, false, &wrong);
	else if (result->outcome == CORE_ABSENT && !answer->candidate_count)
		core_nearest__find(it->core, spec, it->target, &wrong, &nearest);
	answer->text = kept_words__add(&it->out->words, &wrong);
	answer->nearest = kept_words__add(&it->out->words, &nearest);
}

static int answer_one(struct explaining *it, uint32_t spec)
{
	static const enum kbtf_outcome outcomes[] = {
		[CORE_FOUND] = KBTF_OUTCOME_FOUND, [CORE_ABSENT] = KBTF_OUTCOME_ABSENT,
		[CORE_AMBIGUOUS] = KBTF_OUTCOME_AMBIGUOUS, [CORE_REFUSED] = KBTF_OUTCOME_REFUSED,
	};
	const struct core_result *result = &it->results.items[spec];
	struct kbtf_answer *answer = &it->out->answers[spec];
	int err;

	*answer = (struct kbtf_answer){ .outcome = outcomes[result->outcome] };
	if (result->outcome == CORE_FOUND) {
		answer->value = result->value.number;
		answer->load_size = result->value.size;
	}
	err = add_candidates(it, spec, answer);
	if (!err)
		say_why(it, &it->core->specs[spec], result, answer);
	return err;
}

/* ---- fates ---------------------------------------------------------------------------------------- */

/* What one program reaches. */
static int follow(struct explaining *it, const struct check_program *program)
{
	const struct check_object *object = it->check.object;
	struct reach reach;
	int err = reach__run(&object->code, it->check.insns, program->function, &it->verifier, &reach);

	if (!err)
		core_target__look_at_version(it->target, &reach.versions);
	for (uint32_t i = 0; !err && i < it->core->relocation_count; i++) {
		struct kbtf_fate *fate = &it->out->fates[i];
		enum reach_level level = object->places[i] < object->code.count ?
					 reach.levels[object->places[i]] : REACH_NEVER;
		enum kbtf_reach as = level == REACH_NEVER ? KBTF_REACH_NEVER :
				     !program->loads ? KBTF_REACH_REQUEST :
				     level == REACH_MAYBE ? KBTF_REACH_MAYBE : KBTF_REACH_SURELY;

		if (as > fate->reach) {
			fate->reach = as;
			if (as > KBTF_REACH_NEVER)
				fate->reached_by = program->name;
		}
	}
	reach__free(&reach);
	return err;
}

static int follow_all(struct explaining *it)
{
	const struct check_object *object = it->check.object;
	int err = 0;

	/* with no programs known nothing can be told */
	for (size_t i = 0; !err && object->bpf && i < object->program_count; i++)
		err = follow(it, &object->programs[i]);
	return err;
}

/* libbpf refuses an object for a relocation of a program that it loads, reached or not. */
static bool is_loaded(const struct explaining *it, const struct core_relocation *relocation)
{
	const struct check_object *object = it->check.object;

	for (size_t i = 0; object->bpf && i < object->program_count; i++)
		if (strcmp(object->programs[i].name, relocation->program) == 0 &&
		    strcmp(relocation->section, ".text") != 0)
			return object->programs[i].loads;
	return true;
}

static enum kbtf_verdict verdict_of(const struct explaining *it, uint32_t number)
{
	const struct core_relocation *relocation = &it->core->relocations[number];
	enum kbtf_reach reach = it->out->fates[number].reach;

	if (it->check.fates[number].patched == CORE_NOT_PATCHED)
		return is_loaded(it, relocation) ? KBTF_VERDICT_FAILS : KBTF_VERDICT_OK;
	return check_fate__verdict(&it->check.fates[number], &it->results.items[relocation->spec],
				   reach == KBTF_REACH_SURELY ? REACH_SURELY :
				   reach == KBTF_REACH_MAYBE || reach == KBTF_REACH_UNKNOWN ?
				   REACH_MAYBE : REACH_NEVER);
}

static void tell_fate(struct explaining *it, uint32_t number)
{
	const struct core_relocation *relocation = &it->core->relocations[number];
	const struct core_result *result = &it->results.items[relocation->spec];
	struct kbtf_fate *fate = &it->out->fates[number];
	_cleanup_buf_ struct buf words = {};
	struct bpf_insn insns[2];
	const char *why;
	enum core_patched patched = core_patch(it->core, relocation, result, insns, &why);

	fate->patch = patched == CORE_PATCHED ? KBTF_PATCH_DONE :
		      patched == CORE_POISONED ? KBTF_PATCH_POISONED : KBTF_PATCH_REFUSED;
	if (patched != CORE_NOT_PATCHED)
		insn_words__add(insns, &words);
	fate->insn = kept_words__add(&it->out->words, &words);
	fate->text = result->outcome == CORE_FOUND && why ? why : "";
	fate->verdict = verdict_of(it, number);
	if (fate->verdict > it->out->shown.verdict)
		it->out->shown.verdict = fate->verdict;
}

static int explain_all(struct explaining *it)
{
	int err = core_results__find_tried(it->core, it->target, &it->results, &it->tries);

	if (err)
		return err;
	it->check.results = &it->results;
	err = object_check__relocate(&it->check);
	for (uint32_t i = 0; !err && i < it->core->spec_count; i++)
		err = answer_one(it, i);
	for (uint32_t i = 0; i < it->core->relocation_count; i++)
		it->out->fates[i].reached_by = "";
	if (!err)
		err = follow_all(it);
	for (uint32_t i = 0; !err && i < it->core->relocation_count; i++)
		tell_fate(it, i);
	object_check__free(&it->check);
	core_results__free(&it->results);
	core_tries__free(&it->tries);
	return err;
}

void kbtf_explanation__free(struct kbtf_explanation *explanation)
{
	struct explained *it = (struct explained *)explanation;

	if (!it || atomic_fetch_sub(&it->holders, 1) > 1)
		return;
	for (size_t i = 0; it->answers && i < it->count; i++)
		free((void *)it->answers[i].candidates);
	free(it->answers);
	free(it->fates);
	kept_words__free(&it->words);
	free(it);
}

static int explain(const struct kbtf_explainer *explainer, const struct core_target *target,
		   struct kbtf_explanation **explanation)
{
	const struct core_object *core = &explainer->object->core;
	struct explaining it = {
		.explainer = explainer, .core = core, .target = target,
		.check = { .object = explainer->object, .target = target },
		.lost = calloc((size_t)core->root_count + 1, sizeof(*it.lost)),
		.out = calloc(1, sizeof(*it.out)),
	};
	struct kernel_offer offer;
	int err = -ENOMEM;

	kernel_offer__read(target, NULL, NULL, &offer);
	it.check.offer = &offer;
	it.verifier = object_check__verifier(&it.check);
	if (it.out) {
		atomic_init(&it.out->holders, 1);
		it.out->answers = calloc((size_t)core->spec_count + 1, sizeof(*it.out->answers));
		it.out->fates = calloc((size_t)core->relocation_count + 1, sizeof(*it.out->fates));
		it.out->count = core->spec_count;
		it.out->shown.answers = it.out->answers;
		it.out->shown.fates = it.out->fates;
	}
	if (it.lost && it.out && it.out->answers && it.out->fates)
		err = explain_all(&it);
	for (uint32_t i = 0; it.lost && i < core->root_count; i++)
		numbers__free(&it.lost[i]);
	free(it.lost);
	if (!err && it.out->words.failed)
		err = -ENOMEM;
	if (err) {
		kbtf_explanation__free(it.out ? &it.out->shown : NULL);
		return err;
	}
	*explanation = &it.out->shown;
	return 0;
}

/* ---- kernels ---------------------------------------------------------------------------------------- */

int kbtf_explainer__run(const struct kbtf_explainer *explainer, const void *btf, size_t size,
			struct kbtf_explanation **explanation, char *why, size_t why_size)
{
	struct type_graph_error error = {};
	struct core_target target;
	struct type_graph graph;
	int err = type_graph__parse(btf, size, &graph, &error);

	if (why && why_size)
		snprintf(why, why_size, "%s", error.what ?: "no memory");
	if (err)
		return err == -EBADMSG ? -EINVAL : err;
	err = core_target__init(&target, &graph, type_graph__is_big_endian(btf));
	if (!err)
		err = explain(explainer, &target, explanation);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}

struct many {
	const struct kbtf_explainer *explainer;
	kbtf_explained_fn fn;
	void *ctx;
};

static int ask(void *ctx, const struct core_target *target, const struct lineage *lineage,
	       void **answer, char why[SURVEY_WORDS])
{
	const struct many *many = ctx;
	struct kbtf_explanation *explanation;
	int err = explain(many->explainer, target, &explanation);

	(void)lineage, (void)why;
	if (!err)
		*answer = explanation;
	return err;
}

static void free_answer(void *answer)
{
	kbtf_explanation__free(answer);
}

static int tell(void *ctx, size_t number, int err, const void *answer, const char *why)
{
	const struct many *many = ctx;
	struct explained *explained = (struct explained *)answer;

	if (err)
		return many->fn(many->ctx, number, err, NULL, why);
	atomic_fetch_add(&explained->holders, 1);
	return many->fn(many->ctx, number, 0, &explained->shown, NULL);
}

int kbtf_explainer__run_entries(const struct kbtf_explainer *explainer,
				const struct kbtf_entry *const *entries, size_t count,
				unsigned int threads, kbtf_explained_fn fn, void *ctx)
{
	struct many many = { explainer, fn, ctx };
	const struct survey survey = { .threads = threads, .ask = ask, .free_answer = free_answer,
				       .tell = tell, .ctx = &many };

	return survey__run(&survey, entries, count);
}
