/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which kernels a plan has: by shard, by ID, and without those that wait. No archive: all is new. */
#include "fixture.h"

#include "stage/plan.h"

#define KERNELS 40

struct plan_fixture {
	struct kernel_list kernels;
	struct objects objects;
	struct plan_opts opts;
};

static void add(struct kernel_list *list, unsigned int n)
{
	struct kernel kernel = {
		.distro = strdup("debian"), .distro_release = strdup("12"),
		.codename = strdup("bookworm"), .suite = strdup("bookworm"),
		.arch = strdup("x86_64"),
		.debug = { .name = strdup("dbg"), .url = strdup("http://x/dbg.deb"),
			   .version = strdup("1-1"), .size = 1000 },
	};

	assert_true(asprintf(&kernel.kernel_release, "6.1.0-%u-%s", n, n % 2 ? "amd64" : "cloud-amd64") > 0);
	assert_int_equal(kernel_list__add(list, &kernel), 0);
}

static void make_fixture(struct plan_fixture *fixture)
{
	*fixture = (struct plan_fixture){};
	for (unsigned int i = 0; i < KERNELS; i++)
		add(&fixture->kernels, i);
	kernel_list__sort(&fixture->kernels);
	fixture->opts = (struct plan_opts){ .encoder = ENCODER_PAHOLE,
					    .objects = &fixture->objects };
}

static void make_plan(const struct plan_fixture *fixture, struct plan *plan)
{
	struct error err = {};

	assert_int_equal(plan__make(&fixture->kernels, NULL, &fixture->opts, plan, &err), 0);
}

/* Together the shards are the plan, and a new kernel moves none. */
static void test_shards(void **state)
{
	struct plan_fixture fixture;
	char ids[KERNELS][TASK_ID_SIZE];
	unsigned int in_shard[KERNELS];
	struct plan plan;
	size_t total = 0;

	(void)state;
	make_fixture(&fixture);
	fixture.opts.shard.count = 3;
	make_plan(&fixture, &plan);
	assert_int_equal(plan.count, KERNELS);
	for (size_t i = 0; i < KERNELS; i++) {
		memcpy(ids[i], plan.tasks[i].id, TASK_ID_SIZE);
		in_shard[i] = plan.tasks[i].shard;
		assert_in_range(in_shard[i], 1, 3);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
	plan__free(&plan);
	add(&fixture.kernels, KERNELS);
	kernel_list__sort(&fixture.kernels);
	for (unsigned int shard = 1; shard <= 3; shard++) {
		fixture.opts.shard.index = shard;
		make_plan(&fixture, &plan);
		assert_int_equal(plan.count + plan.elsewhere, KERNELS + 1);
		total += plan.count;
		for (size_t i = 0; i < plan.count; i++)
			for (size_t j = 0; j < KERNELS; j++)
				if (strcmp(plan.tasks[i].id, ids[j]) == 0)
					assert_int_equal(in_shard[j], shard);
		plan__free(&plan);
	}
	assert_int_equal(total, KERNELS + 1);
	kernel_list__free(&fixture.kernels);
}

/* The newest of all, and not the newest of the shard. */
static void test_newest_before_shards(void **state)
{
	struct plan_fixture fixture;
	struct plan plan;
	size_t total = 0;

	(void)state;
	make_fixture(&fixture);
	fixture.opts.newest = 2;
	fixture.opts.shard.count = 3;
	for (unsigned int shard = 1; shard <= 3; shard++) {
		fixture.opts.shard.index = shard;
		make_plan(&fixture, &plan);
		for (size_t i = 0; i < plan.count; i++)
			assert_true(atoi(plan.tasks[i].kernel->kernel_release + 6) >= KERNELS - 4);
		total += plan.count;
		plan__free(&plan);
	}
	assert_int_equal(total, 4);
	kernel_list__free(&fixture.kernels);
}

static void test_ids(void **state)
{
	struct plan_fixture fixture;
	struct plan plan;
	char first[TASK_ID_SIZE], last[TASK_ID_SIZE];
	const char *ids[] = { first, "0000000000000000", last, NULL };

	(void)state;
	make_fixture(&fixture);
	make_plan(&fixture, &plan);
	memcpy(first, plan.tasks[0].id, TASK_ID_SIZE);
	memcpy(last, plan.tasks[KERNELS - 1].id, TASK_ID_SIZE);
	assert_int_equal(plan.tasks[0].shard, 0);
	plan__free(&plan);
	fixture.opts.ids = ids;
	make_plan(&fixture, &plan);
	assert_int_equal(plan.count, 2);
	assert_int_equal(plan.elsewhere, KERNELS - 2);
	assert_string_equal(plan.tasks[1].id, last);
	plan__free(&plan);
	kernel_list__free(&fixture.kernels);
}

static int64_t cloud_waits(void *arg, const struct kernel *kernel)
{
	(void)arg;
	return strstr(kernel->kernel_release, "cloud") ? 1234 : 0;
}

static void test_waiting(void **state)
{
	struct plan_fixture fixture;
	struct plan plan;

	(void)state;
	make_fixture(&fixture);
	free(fixture.kernels.items[KERNELS - 1].debug.name);
	fixture.kernels.items[KERNELS - 1].debug.name = NULL;
	fixture.opts.waits_until = cloud_waits;
	make_plan(&fixture, &plan);
	assert_int_equal(plan.by_kind[TASK_BUILD] + plan.by_kind[TASK_WAITING], KERNELS - 1);
	/* what can't be done does not wait either */
	assert_int_equal(plan.by_kind[TASK_IMPOSSIBLE], 1);
	for (size_t i = 0; i < plan.count; i++)
		if (plan.tasks[i].kind == TASK_WAITING)
			assert_int_equal(plan.tasks[i].until, 1234);
	assert_in_range(plan.by_kind[TASK_WAITING], KERNELS / 2 - 1, KERNELS / 2);
	plan__free(&plan);
	kernel_list__free(&fixture.kernels);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shards),
		cmocka_unit_test(test_newest_before_shards),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
