/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "core.h"
#include "core_match.h"
#include "core_value.h"

/* The candidates of one type of the object, as far as they still are ones. */
struct candidates {
	struct numbers types;
	bool known;
};

struct relocating {
	const struct core_object *object;
	const struct core_target *target;
	struct core_results *results;
	struct candidates *by_root;
	struct core_place place;
	struct core_value value;  /* of the place */
	struct core_tries *tries; /* or NULL: nobody wants to know */
	uint32_t steps;
};

/*
 * Types and members that are looked at for one object: real ones need some ten thousand.
 * Others must not keep us for ever.
 */
#define STEPS_MAX (1u << 24)

void core_results__free(struct core_results *results)
{
	free(results->items);
	numbers__free(&results->paths);
	free(results->twins);
	*results = (struct core_results){};
}

static int find_candidates(struct relocating *it, uint32_t local, struct candidates *found)
{
	const struct core_types *types = &it->object->types;
	const struct graph_type *type = core_types__at(types, local);
	const char *name = core_types__string(types, type->name);
	uint32_t at = 0;
	int err = 0;

	while (!err && it->steps &&
	       (at = core_target__candidate(it->target, type->kind, name, at))) {
		err = numbers__add(&found->types, at);
		it->steps--;
	}
	found->known = true;
	return err;
}

static int keep_path(struct relocating *it, uint32_t *path, uint32_t *path_count)
{
	const struct core_place *place = &it->place;

	*path = it->results->paths.count;
	*path_count = place->path_count;
	return numbers__append(&it->results->paths, place->path, place->path_count);
}

static int keep_twin(struct relocating *it, const struct core_spec *spec, uint32_t type)
{
	struct core_results *results = it->results;
	struct core_twin *twin;

	/* room for a power of two of them */
	if (!(results->twin_count & (results->twin_count - 1))) {
		size_t room = results->twin_count ? 2 * (size_t)results->twin_count : 1;
		struct core_twin *grown = realloc(results->twins, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		results->twins = grown;
	}
	twin = &results->twins[results->twin_count++];
	*twin = (struct core_twin){ .spec = (uint32_t)(spec - it->object->specs), .type = type };
	return keep_path(it, &twin->path, &twin->path_count);
}

static void refuse(struct core_result *result, uint32_t type, const char *why)
{
	result->outcome = CORE_REFUSED;
	result->rival = type;
	result->why = why;
}

static void compare_loads(const struct relocating *it, const struct core_spec *spec,
			  struct core_result *result)
{
	const struct core_value *local = &spec->value, *found = &result->value;

	if (local->size == found->size)
		return;
	result->resizes = core_values__can_resize(&it->object->types, local, &it->target->types,
						  found);
	result->cannot_resize = !result->resizes;
}

/* A candidate that has it: the first, or one that must agree with the first. */
static int take(struct relocating *it, const struct core_spec *spec, uint32_t type,
		uint64_t *bit_offset, struct core_result *result)
{
	const char *why = core_value__of(&it->target->types, spec->kind, &it->place, &it->value);

	if (why) {
		refuse(result, type, why);
		return 0;
	}
	if (result->type) {
		if (it->place.bit_offset != *bit_offset || it->value.number != result->value.number) {
			result->outcome = CORE_AMBIGUOUS;
			result->rival = type;
			return 0;
		}
		return keep_twin(it, spec, type);
	}
	result->outcome = CORE_FOUND;
	result->type = type;
	result->value = it->value;
	*bit_offset = it->place.bit_offset;
	compare_loads(it, spec, result);
	return keep_path(it, &result->path, &result->path_count);
}

void core_tries__free(struct core_tries *tries)
{
	free(tries->items);
	*tries = (struct core_tries){};
}

/* What `result` tells of the candidate that was tried last. */
static int keep_try(struct relocating *it, const struct core_spec *spec, uint32_t type,
		    enum core_fit fit, const struct core_result *result)
{
	struct core_tries *tries = it->tries;
	struct core_try *grown;

	if (!tries)
		return 0;
	if (tries->count == tries->room) {
		uint32_t room = tries->room ? 2 * tries->room : 64;

		grown = room > tries->room ? realloc(tries->items, room * sizeof(*grown)) : NULL;
		if (!grown)
			return -ENOMEM;
		tries->items = grown;
		tries->room = room;
	}
	tries->items[tries->count++] = (struct core_try){
		.spec = (uint32_t)(spec - it->object->specs), .type = type,
		.trial = fit == CORE_FITS_NOT ? CORE_TRIAL_FITS_NOT :
			 result->outcome == CORE_REFUSED ? CORE_TRIAL_FAILS :
			 result->outcome == CORE_AMBIGUOUS ? CORE_TRIAL_DISAGREES : CORE_TRIAL_FITS,
		.bit_offset = it->place.bit_offset, .value = it->value, .why = result->why,
	};
	return 0;
}

static int try_candidates(struct relocating *it, const struct core_spec *spec,
			  struct numbers *candidates, struct core_result *result)
{
	uint32_t kept = 0;
	uint64_t bit_offset = 0;

	result->candidates = candidates->count;
	for (uint32_t i = 0; i < candidates->count; i++) {
		uint32_t type = candidates->items[i];
		const char *why = NULL;
		enum core_fit fit = core_match(&it->object->types, spec, &it->target->types, type,
					       &it->place, &it->steps, &why);
		int err = 0;

		it->steps -= it->steps > 0;
		if (fit == CORE_FIT_UNKNOWN)
			refuse(result, type, why);
		else if (fit == CORE_FITS)
			err = take(it, spec, type, &bit_offset, result);
		if (!err)
			err = keep_try(it, spec, type, fit, result);
		if (err)
			return err;
		if (fit == CORE_FITS_NOT)
			continue;
		if (result->outcome != CORE_FOUND)
			return 0;
		candidates->items[kept++] = type;
	}
	if (kept)
		candidates->count = kept;
	return 0;
}

static int find_one(struct relocating *it, uint32_t number, struct core_result *result)
{
	const struct core_spec *spec = &it->object->specs[number];
	struct candidates *candidates = &it->by_root[it->object->roots[number]];
	int err = 0;

	*result = (struct core_result){ .outcome = CORE_ABSENT };
	if (spec->refusal) {
		refuse(result, 0, spec->refusal);
		return 0;
	}
	if (spec->kind == CORE_TYPE_ID_LOCAL) {
		result->outcome = CORE_FOUND;
		result->value = spec->value;
		return 0;
	}
	if (!candidates->known) {
		err = find_candidates(it, spec->local.root, candidates);
		if (err)
			return err;
	}
	if (!it->steps)
		refuse(result, 0, "more types and members than can be compared");
	else
		err = try_candidates(it, spec, &candidates->types, result);
	if (result->outcome == CORE_ABSENT)
		result->poisons = !core_kind__is_question(spec->kind) &&
				  !core_kind__is_type(spec->kind);
	return err;
}

int core_results__find(const struct core_object *object, const struct core_target *target,
		       struct core_results *results)
{
	return core_results__find_tried(object, target, results, NULL);
}

int core_results__find_tried(const struct core_object *object, const struct core_target *target,
			     struct core_results *results, struct core_tries *tries)
{
	struct relocating it = {
		.object = object, .target = target, .results = results, .tries = tries,
		.by_root = calloc((size_t)object->root_count + 1, sizeof(*it.by_root)),
		.steps = STEPS_MAX,
	};
	int err = 0;

	if (tries)
		*tries = (struct core_tries){};
	*results = (struct core_results){
		.items = calloc((size_t)object->spec_count + 1, sizeof(*results->items)),
		.count = object->spec_count,
	};
	if (!it.by_root || !results->items)
		err = -ENOMEM;
	for (uint32_t i = 0; !err && i < object->spec_count; i++)
		err = find_one(&it, i, &results->items[i]);
	for (uint32_t i = 0; it.by_root && i < object->root_count; i++)
		numbers__free(&it.by_root[i].types);
	free(it.by_root);
	if (err) {
		core_results__free(results);
		if (tries)
			core_tries__free(tries);
	}
	return err;
}

static bool is_same(enum core_kind kind, const struct core_result *a, const struct core_result *b)
{
	if (a->outcome != b->outcome)
		return false;
	if (a->outcome != CORE_FOUND)
		return true;
	return (kind == CORE_TYPE_ID_TARGET || a->value.number == b->value.number) &&
	       a->value.size == b->value.size && a->resizes == b->resizes &&
	       a->cannot_resize == b->cannot_resize;
}

uint32_t core_results__difference(const struct core_object *object, const struct core_results *a,
				  const struct core_results *b)
{
	uint32_t i = 0;

	while (i < a->count && is_same(object->specs[i].kind, &a->items[i], &b->items[i]))
		i++;
	return i;
}
