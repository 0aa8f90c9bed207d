/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf_core.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "core_difference.h"
#include "core_reduction.h"
#include "core_wants.h"
#include "core_words.h"
#include "survey.h"

/* Objects do not move, so each has memory of its own. */
struct minimizer_object {
	char *name;
	struct core_object core;
};

struct kbtf_minimizer {
	struct minimizer_object **objects;
	size_t count;
	struct core_wants wants;
};

/* Words for the caller, if he wants any. */
struct words {
	char *text;
	size_t size;
};

struct kbtf_minimizer *kbtf_minimizer__new(void)
{
	return calloc(1, sizeof(struct kbtf_minimizer));
}

static void free_object(struct minimizer_object *object)
{
	core_object__free(&object->core);
	free(object->name);
	free(object);
}

void kbtf_minimizer__free(struct kbtf_minimizer *minimizer)
{
	if (!minimizer)
		return;
	for (size_t i = 0; i < minimizer->count; i++)
		free_object(minimizer->objects[i]);
	core_wants__free(&minimizer->wants);
	free(minimizer->objects);
	free(minimizer);
}

static void say(const struct words *why, const char *text)
{
	if (why->text && why->size)
		snprintf(why->text, why->size, "%s", text);
}

int kbtf_minimizer__add(struct kbtf_minimizer *minimizer, const char *name, const void *object,
			size_t size, char *why, size_t why_size)
{
	const struct words words = { why, why_size };
	struct minimizer_object **grown, *added;
	struct core_object_error error = {};
	int err = -ENOMEM;

	say(&words, "no memory");
	grown = realloc(minimizer->objects, (minimizer->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	minimizer->objects = grown;
	added = calloc(1, sizeof(*added));
	if (!added)
		return -ENOMEM;
	added->name = strdup(name);
	if (added->name)
		err = core_object__read(object, size, &added->core, &error);
	if (!err)
		err = core_wants__add(&minimizer->wants, &added->core);
	if (err) {
		core_words__bad_object(name, &error, why, why_size);
		free_object(added);
		return err;
	}
	grown[minimizer->count++] = added;
	return 0;
}

void kbtf_minimizer__wants(const struct kbtf_minimizer *minimizer, const char *name,
			   struct kbtf_wants *wants)
{
	*wants = core_wants__of(&minimizer->wants, name);
}

/* ---- one kernel ------------------------------------------------------------------------------- */

/* What all objects find on a kernel. */
struct found {
	const struct kbtf_minimizer *minimizer;
	const struct core_target *target;
	bool canonical;               /* which form the minimized BTF is to have */
	struct core_results *results; /* by object */
};

static void free_found(struct found *found)
{
	for (size_t i = 0; found->results && i < found->minimizer->count; i++)
		core_results__free(&found->results[i]);
	free(found->results);
}

static int find_all(const struct kbtf_minimizer *minimizer, const struct core_target *target,
		    struct found *found)
{
	int err = 0;

	*found = (struct found){
		.minimizer = minimizer, .target = target,
		.results = calloc(minimizer->count + 1, sizeof(*found->results)),
	};
	for (size_t i = 0; found->results && !err && i < minimizer->count; i++)
		err = core_results__find(&minimizer->objects[i]->core, target, &found->results[i]);
	return found->results ? err : -ENOMEM;
}

static int check_found(const struct found *found, const struct words *why)
{
	for (size_t i = 0; i < found->minimizer->count; i++) {
		const struct minimizer_object *object = found->minimizer->objects[i];

		for (uint32_t k = 0; k < found->results[i].count; k++) {
			const struct core_result *result = &found->results[i].items[k];
			_cleanup_buf_ struct buf text = {};

			if (result->outcome == CORE_FOUND || result->outcome == CORE_ABSENT)
				continue;
			buf__printf(&text, "%s: ", object->name);
			core_words__refusal(&object->core, k, found->target, result, &text);
			say(why, buf__cstr(&text) ?: "no memory");
			return -ESTALE;
		}
	}
	return 0;
}

static int make_canonical(void **min, size_t *min_size)
{
	_cleanup_free_ void *as_found = *min;

	*min = NULL;
	return kbtf_btf__canonical(as_found, *min_size, min, min_size);
}

static int reduce(const struct found *found, bool twins, void **min, size_t *min_size)
{
	struct core_reduction reduction;
	int err = core_reduction__init(&reduction, found->target);

	if (err)
		return err;
	for (size_t i = 0; !err && i < found->minimizer->count; i++) {
		const struct core_object *object = &found->minimizer->objects[i]->core;

		err = core_reduction__add(&reduction, object, &found->results[i]);
		if (!err && twins)
			err = core_reduction__add_twins(&reduction, object, &found->results[i]);
	}
	if (!err)
		err = core_reduction__write(&reduction, min, min_size);
	core_reduction__free(&reduction);
	return err || !found->canonical ? err : make_canonical(min, min_size);
}

/* Whether all objects find in the target what they have found. */
static int finds_the_same(const struct found *found, const struct core_target *target, bool *same)
{
	struct found again;
	int err = find_all(found->minimizer, target, &again);

	*same = true;
	for (size_t i = 0; !err && i < found->minimizer->count; i++)
		*same &= core_results__difference(&found->minimizer->objects[i]->core,
						  &found->results[i], &again.results[i]) ==
			 found->results[i].count;
	free_found(&again);
	return err;
}

static int prove(const struct found *found, const void *min, size_t min_size, bool *same)
{
	struct type_graph_error error;
	struct core_target target;
	struct type_graph graph;
	int err = type_graph__parse(min, min_size, &graph, &error);

	if (err)
		return err == -ENOMEM ? err : -EIO;
	err = core_target__init(&target, &graph, found->target->types.big_endian);
	if (!err)
		err = finds_the_same(found, &target, same);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}

/* With what all candidates have, if it is not enough what one of them has. */
static int reduce_and_prove(const struct found *found, void **min, size_t *min_size)
{
	bool same = false;
	int err = reduce(found, false, min, min_size);

	if (!err)
		err = prove(found, *min, *min_size, &same);
	if (!err && !same) {
		free(*min);
		*min = NULL;
		err = reduce(found, true, min, min_size);
		if (!err)
			err = prove(found, *min, *min_size, &same);
		if (!err && !same)
			err = -EIO;
	}
	if (err) {
		free(*min);
		*min = NULL;
	}
	return err;
}

static int minimize(const struct kbtf_minimizer *minimizer, const struct core_target *target,
		    bool canonical, void **min, size_t *min_size, const struct words *why)
{
	struct found found;
	int err = find_all(minimizer, target, &found);

	found.canonical = canonical;
	if (!err)
		err = check_found(&found, why);
	if (!err)
		err = reduce_and_prove(&found, min, min_size);
	if (err == -EIO)
		say(why, "the objects would not find the same in the minimized BTF; this is a bug");
	free_found(&found);
	return err;
}

int kbtf_minimizer__run(const struct kbtf_minimizer *minimizer, const void *btf, size_t size,
			void **min, size_t *min_size, char *why, size_t why_size)
{
	const struct words words = { why, why_size };
	struct type_graph_error error = {};
	struct core_target target;
	struct type_graph graph;
	int err;

	*min = NULL;
	say(&words, "no memory");
	err = type_graph__parse(btf, size, &graph, &error);
	if (err) {
		say(&words, error.what ?: "no memory");
		return err == -EBADMSG ? -EINVAL : err;
	}
	err = core_target__init(&target, &graph, type_graph__is_big_endian(btf));
	if (!err)
		err = minimize(minimizer, &target, false, min, min_size, &words);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}

/* ---- two of one kernel -------------------------------------------------------------------------- */

struct parsed {
	struct type_graph graph;
	struct core_target target;
};

static int parse(const struct kbtf_named_btf *btf, struct parsed *parsed, const struct words *why)
{
	struct type_graph_error error = {};
	int err = type_graph__parse(btf->btf, btf->size, &parsed->graph, &error);

	if (!err)
		return core_target__init(&parsed->target, &parsed->graph,
					 type_graph__is_big_endian(btf->btf));
	say(why, error.what ?: "no memory");
	return err == -EBADMSG ? -EINVAL : err;
}

static void free_parsed(struct parsed *parsed)
{
	core_target__free(&parsed->target);
	type_graph__free(&parsed->graph);
}

static int compare_object(const struct minimizer_object *object, const struct parsed sides[2],
			  struct core_found found[2], const struct words *why)
{
	_cleanup_buf_ struct buf text = {};
	int err = core_results__find(&object->core, &sides[0].target, &found[0].results);

	if (!err)
		err = core_results__find(&object->core, &sides[1].target, &found[1].results);
	buf__printf(&text, "%s: ", object->name);
	if (!err && core_difference__tell(&object->core, &found[0], &found[1], &text)) {
		say(why, buf__cstr(&text) ?: "no memory");
		err = -ENOTUNIQ;
	}
	core_results__free(&found[0].results);
	core_results__free(&found[1].results);
	return err;
}

int kbtf_minimizer__compare(const struct kbtf_minimizer *minimizer, const struct kbtf_named_btf *a,
			    const struct kbtf_named_btf *b, size_t *questions, char *why,
			    size_t why_size)
{
	const struct words words = { why, why_size };
	struct core_found found[2] = { { .where = a->name }, { .where = b->name } };
	struct parsed sides[2] = {};
	size_t count = 0;
	int err;

	say(&words, "no memory");
	err = parse(a, &sides[0], &words);
	if (!err)
		err = parse(b, &sides[1], &words);
	for (size_t i = 0; !err && i < minimizer->count; i++) {
		err = compare_object(minimizer->objects[i], sides, found, &words);
		count += minimizer->objects[i]->core.spec_count;
	}
	free_parsed(&sides[0]);
	free_parsed(&sides[1]);
	if (questions)
		*questions = count;
	return err;
}

/* ---- many kernels ------------------------------------------------------------------------------- */

struct many {
	const struct kbtf_minimizer *minimizer;
	kbtf_minimized_fn fn;
	void *ctx;
};

struct minimized {
	void *btf;
	size_t size;
};

static void free_minimized(void *minimized)
{
	struct minimized *it = minimized;

	if (it)
		free(it->btf);
	free(it);
}

static int minimize_kernel(void *ctx, const struct core_target *target,
			   const struct lineage *lineage, void **answer, char text[SURVEY_WORDS])
{
	const struct many *many = ctx;
	const struct words why = { text, SURVEY_WORDS };
	struct minimized *it = calloc(1, sizeof(*it));
	int err = -ENOMEM;

	(void)lineage;
	if (it)
		err = minimize(many->minimizer, target, true, &it->btf, &it->size, &why);
	if (err)
		free_minimized(it);
	else
		*answer = it;
	return err;
}

static int hand_out(void *ctx, size_t number, int err, const void *answer, const char *why)
{
	const struct many *many = ctx;
	const struct minimized *it = answer;
	void *own = NULL;

	if (!err) {
		own = malloc(it->size + 1);
		if (!own)
			return -ENOMEM;
		memcpy(own, it->btf, it->size);
	}
	return many->fn(many->ctx, number, err, own, err ? 0 : it->size, why);
}

int kbtf_minimizer__run_entries(const struct kbtf_minimizer *minimizer,
				const struct kbtf_entry *const *entries, size_t count,
				unsigned int threads, kbtf_minimized_fn fn, void *ctx)
{
	struct many many = { minimizer, fn, ctx };
	const struct survey survey = { .threads = threads, .ask = minimize_kernel,
				       .free_answer = free_minimized, .tell = hand_out,
				       .ctx = &many };

	return survey__run(&survey, entries, count);
}
