/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include "base/kernel.h"

static const char *const versions[] = {
	"1.0", "1.00", "1.0-1", "1.0-1.1", "1.0~rc1", "1.0~rc1-1", "1.0~~", "1.0~", "1.0+b1",
	"1.0a",
	"1.0.1", "2", "10", "9", "1:0.1", "0:1.0", "2:1", "6.1.0-56-cloud-amd64", "6.1.0-56-amd64",
	"6.1.0-6-amd64", "6.12.90+deb12-amd64", "6.12.90+deb12.1-amd64", "6.12.95-1~bpo12+1",
	"6.12.95-1", "4.18.0-80.el8.x86_64", "4.18.0-147.5.1.el8_1.x86_64", "007", "7",
	"1.0-0", "1.0-", "99999999999999999999999", "99999999999999999999998", "a", "0a", "1.a.b",
};

#define COUNT (sizeof(versions) / sizeof(*versions))

/* Every pair, in one shell, against the reference. */
static void test_version_as_dpkg(void **state)
{
	FILE *script;
	char *text, *at;

	(void)state;
	need("dpkg");
	script = fopen(in_dir("pairs.sh"), "w");
	assert_non_null(script);
	fputs("exec 2>/dev/null\ncmp() { if dpkg --compare-versions \"$1\" lt \"$2\"; then echo "
	      "'<'; "
	      "elif dpkg --compare-versions \"$1\" gt \"$2\"; then echo '>'; else echo '='; fi; "
	      "}\n",
	      script);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < i; j++)
			fprintf(script, "cmp '%s' '%s'\n", versions[i], versions[j]);
	assert_int_equal(fclose(script), 0);
	text = output_of("sh \"$T/pairs.sh\"");
	at = text;
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < i; j++, at += 2) {
			int order = version__compare(versions[i], versions[j]);
			char sign = order < 0 ? '<' : order > 0 ? '>' : '=';

			/* what dpkg takes for no version at all it does not compare */
			if (versions[i][strlen(versions[i]) - 1] != '-' &&
			    versions[j][strlen(versions[j]) - 1] != '-' && sign != *at)
				fail_msg("%s %c %s, dpkg says %c", versions[i], sign, versions[j],
					 *at);
			assert_int_equal(order, -version__compare(versions[j], versions[i]));
		}
	}
	free(text);
}

static void add(struct kernel_list *list, const char *arch, const char *release,
		const char *version, const char *suite, bool debug, bool image)
{
	struct kernel kernel = { .distro = strdup("debian"), .distro_release = strdup("12"),
				 .codename = strdup("bookworm"), .suite = strdup(suite),
				 .arch = strdup(arch), .kernel_release = strdup(release) };

	if (debug)
		kernel.debug = (struct package){ .name = strdup("dbg"), .version = strdup(version),
						 .url = strdup(suite) };
	if (image)
		kernel.image = (struct package){ .name = strdup("image"),
						 .version = strdup(version), .url = strdup(suite) };
	assert_int_equal(kernel_list__add(list, &kernel), 0);
	assert_null(kernel.distro);
}

static void test_sort_and_join(void **state)
{
	struct kernel_list list = { 0 };

	(void)state;
	add(&list, "x86_64", "6.1.0-10-amd64", "6.1.38-1", "security", false, true);
	add(&list, "x86_64", "6.1.0-9-amd64", "6.1.27-1", "main", true, true);
	add(&list, "aarch64", "6.1.0-10-arm64", "6.1.38-1", "main", true, false);
	add(&list, "x86_64", "6.1.0-10-amd64", "6.1.38-1", "main", true, false);
	add(&list, "x86_64", "6.1.0-10-amd64", "6.1.38-2", "main", true, false);
	add(&list, "x86_64", "6.1.0-10-amd64", "6.1.38-1", "updates", true, true);
	kernel_list__sort(&list);
	assert_int_equal(list.count, 4);
	assert_string_equal(list.items[0].arch, "aarch64");
	assert_string_equal(list.items[1].kernel_release, "6.1.0-9-amd64");
	assert_string_equal(list.items[2].suite, "main");
	assert_string_equal(list.items[2].debug.url, "main");
	assert_string_equal(list.items[2].debug.version, "6.1.38-1");
	assert_string_equal(list.items[2].image.url, "security");
	assert_string_equal(list.items[3].debug.version, "6.1.38-2");
	kernel_list__sort(&list);
	assert_int_equal(list.count, 4);
	kernel_list__free(&list);
}

/* What Launchpad names counts for nothing where a signed index names it, too. */
static void test_vouched_first(void **state)
{
	struct kernel_list list = { 0 };

	(void)state;
	add(&list, "x86_64", "6.1.0-9-amd64", "1", "a", true, true);
	add(&list, "x86_64", "6.1.0-9-amd64", "1", "b", true, false);
	add(&list, "x86_64", "6.1.0-9-amd64", "1", "c", false, true);
	list.items[1].debug.verification = KBTF_VERIFIED_SIGNED_INDEX;
	list.items[2].image.keyrings = calloc(1, sizeof(char *)); /* its own signature will do */
	kernel_list__sort(&list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].suite, "b");
	assert_string_equal(list.items[0].debug.url, "b");
	assert_string_equal(list.items[0].image.url, "c");
	kernel_list__free(&list);
}

/* --newest takes the last: that of a minor release of RHEL's is not the one that began it. */
static void test_release_order(void **state)
{
	static const char *const releases[] = {
		"4.18.0-80.el8.x86_64", "4.18.0-553.el8_10.x86_64", "4.18.0-553.5.1.el8_10.x86_64",
		"4.18.0-553.16.1.el8_10.x86_64", "6.12.90+deb12-amd64", "6.12.90+deb12.1-amd64",
	};
	struct kernel_list list = { 0 };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		add(&list, "x86_64", releases[5 - i], "", "main", true, true);
	kernel_list__sort(&list);
	assert_int_equal(list.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(list.items[i].kernel_release, releases[i]);
	kernel_list__free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_as_dpkg),
		cmocka_unit_test(test_sort_and_join),
		cmocka_unit_test(test_vouched_first),
		cmocka_unit_test(test_release_order),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
