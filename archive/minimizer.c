/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf_core.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "core.h"
#include "core_reduction.h"
#include "core_words.h"

/* Objects do not move, so each has memory of its own. */
struct minimizer_object {
	char *name;
	struct core_object core;
};

struct kbtf_minimizer {
	struct minimizer_object **objects;
	size_t count;
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
	free(minimizer->objects);
	free(minimizer);
}

static void say(const struct words *why, const char *text)
{
	if (why->text && why->size)
		snprintf(why->text, why->size, "%s", text);
}

static void explain(const struct words *why, const char *name,
		    const struct core_object_error *error)
{
	_cleanup_buf_ struct buf text = {};

	buf__printf(&text, "%s: %s", name, error->what ?: "no memory");
	if (*error->section)
		buf__printf(&text, " (%s+%zu)", error->section,
			    error->offset / sizeof(struct bpf_insn));
	say(why, buf__cstr(&text) ?: "no memory");
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
	if (err) {
		explain(&words, name, &error);
		free_object(added);
		return err;
	}
	grown[minimizer->count++] = added;
	return 0;
}

/* ---- one kernel ------------------------------------------------------------------------------- */

static int check_results(const struct minimizer_object *object, const struct core_target *target,
			 const struct core_results *results, const struct words *why)
{
	for (uint32_t i = 0; i < results->count; i++) {
		const struct core_result *result = &results->items[i];
		_cleanup_buf_ struct buf text = {};

		if (result->outcome != CORE_AMBIGUOUS && result->outcome != CORE_REFUSED)
			continue;
		buf__printf(&text, "%s: ", object->name);
		core_words__refusal(&object->core, i, target, result, &text);
		say(why, buf__cstr(&text) ?: "no memory");
		return -ESTALE;
	}
	return 0;
}

static int add_object(struct core_reduction *reduction, const struct minimizer_object *object,
		      const struct words *why)
{
	struct core_results results;
	int err = core_results__find(&object->core, reduction->target, &results);

	if (err)
		return err;
	err = check_results(object, reduction->target, &results, why);
	if (!err)
		err = core_reduction__add(reduction, &object->core, &results);
	core_results__free(&results);
	return err;
}

static int reduce(const struct kbtf_minimizer *minimizer, const struct core_target *target,
		  void **min, size_t *min_size, const struct words *why)
{
	struct core_reduction reduction;
	int err = core_reduction__init(&reduction, target);

	if (err)
		return err;
	for (size_t i = 0; !err && i < minimizer->count; i++)
		err = add_object(&reduction, minimizer->objects[i], why);
	if (!err)
		err = core_reduction__write(&reduction, min, min_size);
	core_reduction__free(&reduction);
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

	say(&words, "no memory");
	err = type_graph__parse(btf, size, &graph, &error);
	if (err) {
		say(&words, error.what ?: "no memory");
		return err == -EBADMSG ? -EINVAL : err;
	}
	err = core_target__init(&target, &graph, type_graph__is_big_endian(btf));
	if (!err)
		err = reduce(minimizer, &target, min, min_size, &words);
	core_target__free(&target);
	type_graph__free(&graph);
	return err;
}
