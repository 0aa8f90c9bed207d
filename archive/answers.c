/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "answers.h"

#include <stdatomic.h>

#include "core_target.h"

struct found {
	atomic_uint holders;
	void *what;
	void (*free_what)(void *what);
};

struct found *found__new(void *what, void (*free_what)(void *what))
{
	struct found *found = malloc(sizeof(*found));

	if (!found) {
		free_what(what);
		return NULL;
	}
	atomic_init(&found->holders, 1);
	found->what = what;
	found->free_what = free_what;
	return found;
}

const void *found__what(const struct found *found)
{
	return found->what;
}

struct found *found__hold(struct found *found)
{
	atomic_fetch_add(&found->holders, 1);
	return found;
}

void found__release(struct found *found)
{
	if (!found || atomic_fetch_sub(&found->holders, 1) > 1)
		return;
	found->free_what(found->what);
	free(found);
}

static void free_answer(struct answer *answer)
{
	found__release(answer->found);
	numbers__free(&answer->needs);
	free(answer->names);
	*answer = (struct answer){};
}

void answers__free(struct answers *answers)
{
	for (uint32_t i = 0; i < answers->count; i++)
		free_answer(&answers->items[i]);
	numbers__free(&answers->hashes);
	*answers = (struct answers){};
}

static uint8_t *copy_names(const uint8_t *names)
{
	uint8_t *copy = malloc(CORE_LOOKS_NAMES / 8);

	return copy ? memcpy(copy, names, CORE_LOOKS_NAMES / 8) : NULL;
}

int answers__copy(const struct answers *answers, struct answers *copy)
{
	int err;

	*copy = (struct answers){};
	err = numbers__copy(&copy->hashes, &answers->hashes, 0, answers->hashes.count);
	for (uint32_t i = 0; !err && i < answers->count; i++) {
		struct answer *answer = &copy->items[copy->count++];

		*answer = answers->items[i];
		found__hold(answer->found);
		answer->needs = (struct numbers){};
		answer->names = copy_names(answers->items[i].names);
		err = answer->names ? numbers__copy(&answer->needs, &answers->items[i].needs, 0,
						    answers->items[i].needs.count) : -ENOMEM;
	}
	if (err)
		answers__free(copy);
	return err;
}

static int hash_names(struct answers *answers, const struct pool *pool)
{
	int err = 0;

	for (uint32_t i = answers->hashes.count; !err && i < pool__name_count(pool); i++) {
		uint32_t string = pool__name(pool, i)[NAME_STRING];

		err = numbers__add(&answers->hashes, core_name__hash(pool__string(pool, string)));
	}
	return err;
}

static int need(struct answer *answer, uint32_t name, uint32_t record)
{
	return numbers__append(&answer->needs, (const uint32_t []){ name, record }, 2);
}

/*
 * Of the names that the answer was not compared with yet, those that it looked for; and
 * integers, by which the size of pointers is known. `records`: by name; NULL: there were none.
 */
static int compare_names(const struct answers *answers, const struct pool *pool,
			 const uint32_t *records, struct answer *answer)
{
	int err = 0;

	for (; !err && answer->compared < pool__name_count(pool); answer->compared++) {
		uint32_t name = answer->compared;

		if (core_looks__are_for(answer->names, answers->hashes.items[name]) ||
		    pool__name(pool, name)[NAME_KIND] == TYPE_INT)
			err = need(answer, name, records ? records[name] : 0);
	}
	return err;
}

static bool has_functions(const struct lineage *lineage)
{
	return lineage->set.functions.records.count;
}

static bool holds_for(const struct answer *answer, const struct kernel_traits *traits)
{
	if (answer->traits.big_endian != traits->big_endian)
		return false;
	if (answer->versions.same)
		return answer->traits.versions.from == traits->versions.from &&
		       answer->traits.versions.to == traits->versions.to;
	return kernel_versions__are_in(traits->versions, answer->versions.versions);
}

static bool holds(const struct answer *answer, const struct lineage *lineage,
		  const struct kernel_traits *traits)
{
	const uint32_t *records = lineage->by_name.items, *needs = answer->needs.items;

	if (!holds_for(answer, traits) || answer->functions != has_functions(lineage))
		return false;
	for (uint32_t i = 0; i < answer->needs.count; i += 2)
		if (records[needs[i]] != needs[i + 1])
			return false;
	return true;
}

static void move_to_front(struct answers *answers, uint32_t at)
{
	struct answer first = answers->items[at];

	memmove(&answers->items[1], &answers->items[0], at * sizeof(first));
	answers->items[0] = first;
}

int answers__find(struct answers *answers, const struct lineage *lineage,
		  const struct kernel_traits *traits, struct found **found)
{
	int err = hash_names(answers, &lineage->pool);

	*found = NULL;
	for (uint32_t i = 0; !err && i < answers->count; i++) {
		err = compare_names(answers, &lineage->pool, NULL, &answers->items[i]);
		if (err || !holds(&answers->items[i], lineage, traits))
			continue;
		*found = found__hold(answers->items[i].found);
		move_to_front(answers, i);
		break;
	}
	return err;
}

static int note_needs(const struct answers *answers, const struct lineage *lineage,
		      const struct set_graph *types, const struct core_looks *looks,
		      struct answer *answer)
{
	int err = compare_names(answers, &lineage->pool, lineage->by_name.items, answer);

	/* types without a name are part of the record of one that was looked at, too */
	for (uint32_t i = 0; !err && i < types->named.names.count; i++)
		if (looks->types[types->first_named + i])
			err = need(answer, types->named.names.items[i],
				   types->named.records.items[i]);
	return err;
}

int answers__add(struct answers *answers, const struct lineage *lineage,
		 const struct kernel_traits *traits, const struct set_graph *types,
		 const struct core_looks *looks, struct found *found)
{
	struct answer answer = { .traits = *traits, .versions = looks->versions,
				 .functions = has_functions(lineage) };
	int err = looks->all ? 0 : hash_names(answers, &lineage->pool);

	if (looks->all || err)
		return err;
	answer.found = found__hold(found);
	answer.names = copy_names(looks->names);
	err = answer.names ? note_needs(answers, lineage, types, looks, &answer) : -ENOMEM;
	if (err) {
		free_answer(&answer);
		return err;
	}
	if (answers->count == ANSWERS_MAX)
		free_answer(&answers->items[--answers->count]);
	answers->items[answers->count++] = answer;
	move_to_front(answers, answers->count - 1);
	return 0;
}
