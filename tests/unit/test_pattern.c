/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "source/pattern.h"

static const struct {
	const char *pattern, *text;
	bool matches;
} releases[] = {
	{ "4.18", "4.18.0-147.el8.x86_64", true },
	{ "4.18", "4.18", true },
	{ "4.18", "4.180.0-1-amd64", false },
	{ "4.18", "14.18.0", false },
	{ "4.18", "4.1.8", false },
	{ "4.18.0", "4.18.0-80.el8.aarch64", true },
	{ "4.18.0-147", "4.18.0-147.5.1.el8_1.x86_64", true },
	{ "4.18.0-147", "4.18.0-147.el8.x86_64", true },
	{ "4.18.0-147", "4.18.0-1470.el8.x86_64", false },
	{ "4.18.0-147", "4.18.0-14.el8.x86_64", false },
	{ "6.12.90", "6.12.90+deb12-amd64", true },
	{ "6.7", "6.7-rc1-amd64", true },
	{ "6.7", "6.7rc1", false },
	{ "6", "6.1.0-56-amd64", true },
	{ "6.1.0-56-cloud-amd64", "6.1.0-56-cloud-amd64", true },
	{ "6.1.0-56-amd64", "6.1.0-56-cloud-amd64", false },
	{ "6.1.0-56-amd64", "6.1.0-56-amd64-x", false },
	{ "5.4.0-42-generic", "5.4.0-42-generic-lpae", false },
	{ "5.10.*-cloud-*", "5.10.0-30-cloud-amd64", true },
	{ "5.10.*-cloud-*", "5.10.0-30-amd64", false },
	{ "*cloud*", "6.1.0-56-cloud-arm64", true },
	{ "4.1[49].*", "4.19.0-1-amd64", true },
	{ "4.14..4.19", "4.14.0-1", true },
	{ "4.14..4.19", "4.19.255-1-amd64", true },
	{ "4.14..4.19", "4.20.0", false },
	{ "4.14..4.19", "4.13.16", false },
	{ "4.14..4.19", "4.190.0", false },
	{ "4.14.5..4.14.7", "4.14.7-x", true },
	{ "4.14.5..4.14.7", "4.14-x", false },
	{ "4.14.5..4.14.7", "4.14.8-x", false },
	{ "..4.19", "3.10.0-957.el7.x86_64", true },
	{ "..4.19", "5.4.0-1", false },
	{ "5.10..", "6.1.0-56-amd64", true },
	{ "5.10..", "5.9.0-1", false },
	{ "5.10..", "not-a-number", false },
	{ "4.18, 5.10", "5.10.0-30-amd64", true },
	{ "4.18,5.10..5.15", "5.15.0-1", true },
	{ "4.18,5.10..5.15", "4.19.0", false },
};

static const struct {
	const char *pattern, *text;
	bool matches;
} series[] = {
	{ "4.18", "4.18", true },      { "4.18.0-147", "4.18", true },
	{ "4", "4.18", true },         { "5.10", "4.18", false },
	{ "4.180", "4.18", false },    { "4.18.0-147.el8.x86_64", "4.18", true },
	{ "5.10.*", "4.18", false },   { "5.1*", "5.10", true },
	{ "*cloud*", "4.18", true },   { "4.14..4.19", "4.18", true },
	{ "4.19..", "4.18", false },   { "..4.17", "4.18", false },
	{ "5.10,4.18", "4.18", true }, { "5.4", "4.19..5.10", true },
	{ "5.11", "4.19..5.10", false }, { "4.9", "4.19..5.10", false },
	{ "5.10.0-3-amd64", "4.19..5.10", true }, { "6..", "4.19..5.10", false },
	{ "4.18", "6.1..", false },    { "6.12", "6.1..", true },
};

static const char *const bad[] = { "",	  ",",	  "4.18,", "..", "4.19..4.14", "a..b", "4.18.",
				   "-4",  " ",	  "4..5x", "4.18..." };

static struct pattern *parse(const char *text)
{
	struct pattern *pattern = NULL;
	struct error err;

	if (pattern__parse(text, &pattern, &err))
		fail_msg("%s", err.text);
	return pattern;
}

static void test_releases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
		struct pattern *pattern = parse(releases[i].pattern);

		if (pattern__matches(pattern, releases[i].text) != releases[i].matches)
			fail_msg("%s with %s", releases[i].pattern, releases[i].text);
		pattern__free(pattern);
	}
	assert_true(pattern__matches(NULL, "anything"));
	assert_true(pattern__may_match_series(NULL, "4.18"));
}

static void test_series(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(series) / sizeof(*series); i++) {
		struct pattern *pattern = parse(series[i].pattern);

		if (pattern__may_match_series(pattern, series[i].text) != series[i].matches)
			fail_msg("%s with series %s", series[i].pattern, series[i].text);
		pattern__free(pattern);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pattern *pattern = NULL;
		struct error err = { "" };

		if (pattern__parse(bad[i], &pattern, &err) != -EINVAL || !*err.text)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
