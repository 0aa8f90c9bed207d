/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of the reasons for an EPERM is given, by what /proc and /sys say. */
#include "fixture.h"

#include <sys/resource.h>

#include "refusal.h"

#define ALL_IDS "         0          0 4294967295\n"

static const struct {
	const char *caps, *seccomp, *uid_map, *lockdown;
	unsigned long long memlock;
	const char *words;
} table[] = {
	{ "0000000000000000", "0", ALL_IDS, "[none] integrity confidentiality", ~0ull,
	  "it takes root, or CAP_BPF" },
	{ "00000000a80425fb", "2", ALL_IDS, NULL, ~0ull, "it takes root, or CAP_BPF" },
	{ "000001ffffffffff", "0", "         0       1000          1\n", NULL, ~0ull, "user namespace" },
	{ "000001ffffffffff", "0", ALL_IDS, "none integrity [confidentiality]", ~0ull, "locked down" },
	{ "000001ffffffffff", "2", ALL_IDS, "none [integrity] confidentiality", ~0ull, "seccomp" },
	{ "000001ffffffffff", "0", ALL_IDS, NULL, 64 << 10, "RLIMIT_MEMLOCK, which is 64 KiB" },
	{ "000000c000000000", "0", ALL_IDS, NULL, ~0ull, "a security module" },
	{ "0000008000000000", "0", ALL_IDS, NULL, ~0ull, "CAP_PERFMON" },
};

static void put(const char *path, const char *text)
{
	FILE *file = fopen(in_dir(path), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(shell("mkdir -p $T/proc/self $T/sys/kernel/security"), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct refusal refusal;
		char words[512], status[256], root[256];

		snprintf(status, sizeof(status), "Name:\tx\nCapPrm:\t0\nCapEff:\t%s\nSeccomp:\t%s\n"
			 "Seccomp_filters:\t9\n", table[i].caps, table[i].seccomp);
		put("proc/self/status", status);
		put("proc/self/uid_map", table[i].uid_map);
		if (table[i].lockdown)
			put("sys/kernel/security/lockdown", table[i].lockdown);
		else
			shell("rm -f $T/sys/kernel/security/lockdown");
		snprintf(root, sizeof(root), "%s", in_dir(""));
		root[strlen(root) - (root[strlen(root) - 1] == '/')] = '\0';
		refusal__look(root, &refusal);
		refusal.memlock = table[i].memlock;
		refusal__describe(&refusal, "load BPF", words, sizeof(words));
		print_message("# %zu: %s\n", i, words);
		assert_non_null(strstr(words, "not allowed to load BPF"));
		assert_non_null(strstr(words, table[i].words));
	}
}

static void test_memlock(void **state)
{
	struct rlimit before, small;
	struct refusal refusal;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
	small = (struct rlimit){ .rlim_cur = 16 << 10, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &small), 0);
	refusal__look("/nonexistent", &refusal);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
	assert_int_equal(refusal.memlock, 16 << 10);
	/* what can't be read accuses nobody */
	assert_true(refusal.privileged);
	assert_false(refusal.user_namespace || refusal.filtered || refusal.locked_down);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_memlock),
	};

	return cmocka_run_group_tests_name("refusal", tests, fixture__setup, fixture__teardown);
}
