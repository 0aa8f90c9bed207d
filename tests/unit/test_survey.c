/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One question about many kernels: asked where something is different, and answered right for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "base/cleanup.h"
#include "kernel_offer.h"
#include "open_archive.h"
#include "survey.h"
#include "temp_dir.h"
#include "version_archive.h"

/* More than are told after one another, so that some begin anew in the middle. */
#define KERNELS 100

/* What is asked, as a number; each call of it is counted. */
struct question {
	long (*about)(const struct core_target *target, const struct lineage *lineage);
	atomic_uint asked;
	long answers[KERNELS];
	unsigned int told[KERNELS];
};

static int setup(void **state)
{
	*state = temp_dir__new();
	return 0;
}

static int teardown(void **state)
{
	temp_dir__remove(*state);
	return 0;
}

/* Answers that are not freed yet, by any thread. */
static atomic_uint kept, most_kept;

static void drop(void *answer)
{
	free(answer);
	kept--;
}

static int ask(void *ctx, const struct core_target *target, const struct lineage *lineage,
	       void **answer, char why[SURVEY_WORDS])
{
	struct question *question = ctx;
	long *own = malloc(sizeof(*own));

	(void)why;
	assert_non_null(own);
	*own = question->about(target, lineage);
	*answer = own;
	atomic_fetch_add(&question->asked, 1);
	kept++;
	if (kept > most_kept)
		most_kept = kept;
	return 0;
}

static int tell(void *ctx, size_t number, int err, const void *answer, const char *why)
{
	struct question *question = ctx;

	(void)why;
	assert_int_equal(err, 0);
	question->told[number]++;
	question->answers[number] = *(const long *)answer;
	return 0;
}

static void run(const struct kbtf_archive *archive, unsigned int threads, bool functions,
		struct question *question)
{
	const struct survey survey = { .functions = functions, .threads = threads, .ask = ask,
				       .free_answer = drop, .tell = tell, .ctx = question };
	const struct kbtf_entry *entries[KERNELS];

	for (size_t i = 0; i < KERNELS; i++)
		entries[i] = &archive->contents.entries[i];
	atomic_store(&question->asked, 0);
	memset(question->told, 0, sizeof(question->told));
	assert_int_equal(survey__run(&survey, entries, KERNELS), 0);
	for (size_t i = 0; i < KERNELS; i++)
		assert_int_equal(question->told[i], 1);
	assert_int_equal(kept, 0);
}

static long size_of(const struct core_target *target, const char *name)
{
	uint32_t id = core_target__candidate(target, TYPE_STRUCT, name, 0);

	return id ? (long)core_types__at(&target->types, id)->size : -1;
}

/* ---- questions ------------------------------------------------------------------------------------ */

static long about_list(const struct core_target *target, const struct lineage *lineage)
{
	(void)lineage;
	return size_of(target, "list_head") + 100 * size_of(target, "none_such");
}

static long about_task(const struct core_target *target, const struct lineage *lineage)
{
	(void)lineage;
	return size_of(target, "task_struct");
}

/* Of a function, which comes with version 7 and goes with 16. */
static long about_work(const struct core_target *target, const struct lineage *lineage)
{
	struct kernel_offer offer;
	int parameters;

	kernel_offer__read(target, &lineage->pool, &lineage->set, &offer);
	return kernel_offer__function(&offer, "work7", &parameters) ? parameters : -1;
}

static long about_ids(const struct core_target *target, const struct lineage *lineage)
{
	(void)lineage;
	core_types__look_at_all(&target->types);
	return size_of(target, "list_head");
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static void test_asked_where_different(void **state)
{
	size_t size;
	_cleanup_free_ uint8_t *data = version_archive(temp_path(*state, "a.kbtf"), KERNELS, &size);
	struct kbtf_archive *archive = kbtf_archive__open_mem(data, size);
	size_t version[KERNELS];

	assert_non_null(archive);
	for (size_t i = 0; i < KERNELS; i++)
		version[i] = strtoul(strrchr(archive->contents.entries[i].ident.kernel_release, '.') + 1,
				     NULL, 10);
	for (unsigned int threads = 1; threads < 4; threads++) {
		struct question list = { .about = about_list }, task = { .about = about_task },
				work = { .about = about_work }, ids = { .about = about_ids };

		run(archive, threads, false, &list);
		run(archive, threads, false, &task);
		assert_in_range(atomic_exchange(&most_kept, 0), 1, KERNELS / 2);
		run(archive, threads, true, &work);
		atomic_store(&most_kept, 0);
		run(archive, threads, false, &ids);
		/* which hold for no other kernel */
		assert_in_range(atomic_exchange(&most_kept, 0), 1, threads);
		for (size_t i = 0; i < KERNELS; i++) {
			size_t from = version[i] / 2;

			assert_int_equal(list.answers[i], 16 - 100);
			assert_int_equal(task.answers[i], 48 + 8 * version[i]);
			assert_int_equal(work.answers[i], from <= 7 && version[i] >= 7 ? 1 : -1);
			assert_int_equal(ids.answers[i], 16);
		}
		assert_int_equal(atomic_load(&list.asked), 1);
		assert_int_equal(atomic_load(&task.asked), KERNELS);
		/* with it and without, and perhaps again by a thread that has not met it */
		assert_in_range(atomic_load(&work.asked), 2, 2 * threads);
		assert_int_equal(atomic_load(&ids.asked), KERNELS);
	}
	kbtf_archive__close(archive);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_asked_where_different, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
