/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shards, by hand and from what batch systems put into the environment; each with its base. */
#include "fixture.h"

#include <errno.h>

#include "base/kernel.h"
#include "base/shard.h"

static const char *const variables[] = {
	"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
	"SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT", "JOB_COMPLETION_INDEX",
	"CI_NODE_INDEX", "CI_NODE_TOTAL",
};

/* "NAME=VALUE NAME=VALUE", and none of the others. */
static void set_environment(const char *settings)
{
	char *copy = strdup(settings), *rest = copy, *word;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value = '\0';
		assert_int_equal(setenv(word, value + 1, 1), 0);
	}
	free(copy);
}

static const struct {
	const char *environment, *text;
	unsigned int index, count; /* 0: refused, */
	const char *words;         /* with these */
} table[] = {
	{ "", "1/4", 1, 4, NULL },
	{ "", "4/4", 4, 4, NULL },
	{ "", "1/1", 1, 1, NULL },
	{ "CI_NODE_INDEX=3 CI_NODE_TOTAL=5", "2/4", 2, 4, NULL },
	{ "", "0/4", 0, 0, "no shard 0 of 4: they count from 1 to 4" },
	{ "", "5/4", 0, 0, "no shard 5 of 4" },
	{ "", "1/0", 0, 0, "does not end in a number of shards" },
	{ "", "1", 0, 0, "none of I/N, auto, auto/N" },
	{ "", "/4", 0, 0, "none of I/N" },
	{ "", "-1/4", 0, 0, "none of I/N" },
	{ "", "1/4x", 0, 0, "does not end in a number" },
	{ "", "1/100001", 0, 0, "from 1 to 100000" },
	{ "", "1/99999999999999999999", 0, 0, "does not end in a number" },
	{ "", "", 0, 0, "none of I/N" },
	{ "", "automatic", 0, 0, "none of I/N" },
	{ "", "auto", 0, 0, "none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and CI_NODE_INDEX" },
	/* Slurm: from whatever the array begins with */
	{ "SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=2 "
	  "SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3", "auto", 1, 3, NULL },
	{ "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=2 "
	  "SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3", "auto", 3, 3, NULL },
	{ "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=3 "
	  "SLURM_ARRAY_TASK_COUNT=3", "auto", 3, 3, NULL },
	{ "SLURM_ARRAY_TASK_ID=16 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=19 "
	  "SLURM_ARRAY_TASK_STEP=3 SLURM_ARRAY_TASK_COUNT=4", "auto", 3, 4, NULL },
	{ "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=3 "
	  "SLURM_ARRAY_TASK_COUNT=3", "auto/3", 2, 3, NULL },
	/* --array=1,5,7 */
	{ "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 "
	  "SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3", "auto", 0, 0, "in steps of 1" },
	/* task 2 of three, submitted again by itself */
	{ "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_MAX=2 "
	  "SLURM_ARRAY_TASK_COUNT=1", "auto/3", 0, 0, "SLURM_ARRAY_TASK_COUNT says 1" },
	{ "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3", "auto", 0, 0,
	  "SLURM_ARRAY_TASK_ID is 4, which is none of the 3 from 1" },
	{ "SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3", "auto", 0, 0,
	  "none of the 3" },
	{ "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_STEP=0 SLURM_ARRAY_TASK_COUNT=3", "auto", 0, 0,
	  "SLURM_ARRAY_TASK_STEP is 0" },
	{ "SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_COUNT=3", "auto", 0, 0, "is 'x', which is no number" },
	/* Kubernetes: from 0, of a number that it keeps to itself */
	{ "JOB_COMPLETION_INDEX=0", "auto/3", 1, 3, NULL },
	{ "JOB_COMPLETION_INDEX=2", "auto/3", 3, 3, NULL },
	{ "JOB_COMPLETION_INDEX=3", "auto/3", 0, 0, "none of the 3 from 0" },
	{ "JOB_COMPLETION_INDEX=0", "auto", 0, 0, "give --shard auto/N" },
	/* GitLab: from 1; without `parallel` CI_NODE_TOTAL is 1, and there is no index */
	{ "CI_NODE_INDEX=1 CI_NODE_TOTAL=3", "auto", 1, 3, NULL },
	{ "CI_NODE_INDEX=3 CI_NODE_TOTAL=3", "auto", 3, 3, NULL },
	{ "CI_NODE_INDEX=3 CI_NODE_TOTAL=3", "auto/3", 3, 3, NULL },
	{ "CI_NODE_INDEX=0 CI_NODE_TOTAL=3", "auto", 0, 0, "none of the 3 from 1" },
	{ "CI_NODE_INDEX=1 CI_NODE_TOTAL=3", "auto/4", 0, 0, "CI_NODE_TOTAL says 3" },
	{ "CI_NODE_TOTAL=1", "auto", 0, 0, "is set" },
	{ "CI_NODE_INDEX=1 CI_NODE_TOTAL=3 JOB_COMPLETION_INDEX=0", "auto", 0, 0,
	  "JOB_COMPLETION_INDEX and CI_NODE_INDEX are both set" },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct shard shard = {};
		struct error err = {};
		int res;

		set_environment(table[i].environment);
		res = shard__parse(table[i].text, &shard, &err);
		if (table[i].count ? res || shard.index != table[i].index ||
					     shard.count != table[i].count
				   : res != -EINVAL || !strstr(err.text, table[i].words))
			fail_msg("\"%s\" with %s: %d, %u/%u, %s", table[i].text,
				 table[i].environment, res, shard.index, shard.count, err.text);
	}
	set_environment("");
}

static struct kernel a_kernel(unsigned int n)
{
	struct kernel kernel = { .distro = strdup("debian"), .distro_release = strdup("12"),
				 .arch = strdup("x86_64"), .debug.version = strdup("6.1.1-1") };

	assert_true(asprintf(&kernel.kernel_release, "6.1.0-%u-amd64", n) > 0);
	return kernel;
}

/* Written down, so that no later version moves kernels between shards unawares. */
static void test_number(void **state)
{
	struct kernel kernel = a_kernel(9);
	uint64_t number, other;
	char *key = kernel__key(&kernel);

	(void)state;
	assert_string_equal(key, "debian/12/x86_64/6.1.0-9-amd64/6.1.1-1");
	assert_int_equal(kernel__number(&kernel, &number), 0);
	assert_int_equal(number, UINT64_C(0xe6f82d2ea367a172));
	assert_int_equal(shard__of(10, 5), 1);
	assert_int_equal(shard__of(14, 5), 5);
	/* only the version tells a rebuilt package; the image's counts where there is no other */
	kernel.image.version = kernel.debug.version;
	kernel.debug.version = NULL;
	assert_int_equal(kernel__number(&kernel, &other), 0);
	assert_int_equal(other, number);
	kernel.image.version[0] = '7';
	assert_int_equal(kernel__number(&kernel, &other), 0);
	assert_int_not_equal(other, number);
	kernel__free(&kernel);
	free(key);
}

static void test_balance(void **state)
{
	enum { SHARDS = 8, KERNELS = 8000 };
	unsigned int counts[SHARDS] = {};

	(void)state;
	for (unsigned int i = 0; i < KERNELS; i++) {
		struct kernel kernel = a_kernel(i);
		uint64_t number;

		assert_int_equal(kernel__number(&kernel, &number), 0);
		counts[shard__of(number, SHARDS) - 1]++;
		kernel__free(&kernel);
	}
	/* four standard deviations, but always the same */
	for (unsigned int i = 0; i < SHARDS; i++)
		assert_in_range(counts[i], KERNELS / SHARDS - 120, KERNELS / SHARDS + 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
