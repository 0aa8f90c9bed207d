/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "survey.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "kernel_walk.h"

struct surveying {
	const struct survey *survey;
	const struct kbtf_entry *const *entries;
	size_t *numbers;      /* by what is walked: which of the entries */
	pthread_mutex_t lock; /* of tell() */
};

/* A kernel's types, with notes of what is looked at. */
struct subject {
	struct set_graph types;
	struct core_target target;
	struct core_looks looks;
};

static void subject__free(struct subject *subject)
{
	free(subject->looks.types);
	free(subject->looks.names);
	core_target__free(&subject->target);
	set_graph__free(&subject->types);
}

static int subject__init(struct subject *subject, const struct lineage *lineage,
			 const struct kernel_traits *traits)
{
	int err = record_set__to_graph(&lineage->pool, &lineage->set, &subject->types);

	if (!err)
		err = core_target__init(&subject->target, &subject->types.graph, traits->big_endian);
	if (err)
		return err;
	subject->target.versions = traits->versions;
	subject->looks.versions.versions = KERNEL_VERSIONS_ANY;
	subject->looks.types = calloc(subject->types.graph.type_count, 1);
	subject->looks.names = calloc(CORE_LOOKS_NAMES / 8, 1);
	subject->target.types.looks = &subject->looks;
	return subject->looks.types && subject->looks.names ? 0 : -ENOMEM;
}

/* What is found is the caller's to release. */
static int ask(struct surveying *it, struct followed *kernel, const struct kernel_traits *traits,
	       struct found **found, char why[SURVEY_WORDS])
{
	struct subject subject __attribute__((__cleanup__(subject__free))) = {};
	int err = subject__init(&subject, &kernel->lineage, traits);
	void *own = NULL;

	if (err)
		return err;
	err = it->survey->ask(it->survey->ctx, &subject.target, &kernel->lineage, &own, why);
	if (err)
		return err;
	*found = found__new(own, it->survey->free_answer);
	if (!*found)
		return -ENOMEM;
	return answers__add(&kernel->answers, &kernel->lineage, traits, &subject.types,
			    &subject.looks, *found);
}

static int tell(struct surveying *it, size_t number, int err, const void *answer, const char *why)
{
	int res;

	pthread_mutex_lock(&it->lock);
	res = it->survey->tell(it->survey->ctx, number, err, answer, why);
	pthread_mutex_unlock(&it->lock);
	return res;
}

static int visit(void *ctx, size_t at, int err, struct followed *kernel)
{
	struct surveying *it = ctx;
	size_t number = it->numbers[at];
	const struct kernel_traits traits = {
		entry__is_big_endian(it->entries[number]),
		kernel_versions__of(kbtf_entry__ident(it->entries[number])),
	};
	char why[SURVEY_WORDS] = "its BTF in the archive is damaged";
	struct found *found = NULL;

	if (!err)
		err = answers__find(&kernel->answers, &kernel->lineage, &traits, &found);
	if (!err && !found)
		err = ask(it, kernel, &traits, &found, why);
	if (err != -ENOMEM)
		err = tell(it, number, err, found ? found__what(found) : NULL, why);
	found__release(found);
	return err;
}

static int run(struct surveying *it, size_t count)
{
	_cleanup_free_ const struct blob **blobs = calloc(count + 1, sizeof(*blobs));
	_cleanup_free_ size_t *numbers = calloc(count + 1, sizeof(*numbers));
	const struct kernel_walk_opts opts = { .functions = it->survey->functions,
					       .threads = it->survey->threads,
					       .visit = visit, .ctx = it };
	size_t found = 0;
	int err = 0;

	if (!blobs || !numbers)
		return -ENOMEM;
	it->numbers = numbers;
	for (size_t i = 0; !err && i < count; i++)
		if (it->entries[i]->btf) {
			blobs[found] = it->entries[i]->btf;
			numbers[found++] = i;
		} else {
			err = tell(it, i, -ENOENT, NULL, "the archive has minimized BTF of it alone");
		}
	return err ? err : kernel_walk__each(blobs, found, &opts);
}

int survey__run(const struct survey *survey, const struct kbtf_entry *const *entries,
		size_t count)
{
	struct surveying it = { .survey = survey, .entries = entries };
	int err;

	pthread_mutex_init(&it.lock, NULL);
	err = run(&it, count);
	pthread_mutex_destroy(&it.lock);
	return err;
}
