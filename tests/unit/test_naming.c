/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules of names: which of them a package falls under, and what `uname -r` comes of it. */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "source/naming.h"

static void compile(struct naming *naming, const char *text, const char *common)
{
	_cleanup_free_ char *why = NULL;

	*naming = (struct naming){ .text = strdup(text) };
	if (naming__compile(naming, common, &why))
		fail_msg("%s", why ? why : "no memory");
}

static const struct {
	const char *rules, *common;
	struct listed_package package;
	const char *kernel_release; /* NULL: no kernel's */
	size_t rule;
} matches[] = {
	{ "linux-image-([0-9].*)-dbg", NULL, { .name = "linux-image-6.1.0-9-amd64-dbg" },
	  "6.1.0-9-amd64", 0 },
	/* the whole name */
	{ "linux-image-([0-9].*)", NULL, { .name = "xlinux-image-6.1" }, NULL, 0 },
	{ "kernel", "%{version}", { .name = "kernel-devel", .version = "1" }, NULL, 0 },
	{ "a|ab", "%{version}", { .name = "ab", .version = "1" }, "1", 0 },
	/* what is common stands behind the rule's own template, and behind its group */
	{ "k-(.*)", "%{version}", { .name = "k-1", .version = "2" }, "1", 0 },
	{ "k-(.*)=%{version}+%{name:1}", "no", { .name = "k-rt", .version = "2" }, "2+rt", 0 },
	{ "k", "%{version}-%{release}.%{arch}",
	  { .name = "k", .version = "1:2-3", .rpm_version = "2", .rpm_release = "3", .rpm_arch = "x" },
	  "2-3.x", 0 },
	/* the first rule that fits in name and release */
	{ "k@.*\\.rt.* k=%{version}+rt", "%{version}-%{release}",
	  { .name = "k", .rpm_version = "5", .rpm_release = "1.rt2.el9" }, "5-1.rt2.el9", 0 },
	{ "k@.*\\.rt.* k=%{version}+rt", "%{version}-%{release}",
	  { .name = "k", .rpm_version = "5", .rpm_release = "1.el9" }, "5+rt", 1 },
	{ "k-(a|b)@(.*)\\.[0-9]+=%{version}-%{release:1}-%{name:1}", NULL,
	  { .name = "k-b", .rpm_version = "4.12", .rpm_release = "lp1.2.3" }, "4.12-lp1.2-b", 0 },
	/* the whole release; and a .deb has none */
	{ "k@[0-9]+", "%{version}", { .name = "k", .rpm_version = "1", .rpm_release = "2.el8" }, NULL,
	  0 },
	{ "k@.*", "%{version}", { .name = "k", .version = "1" }, NULL, 0 },
	/* a group that took no part is empty */
	{ "k(-x)?(-y)?=%{version}%{name:1}%{name:2}", NULL, { .name = "k-y", .version = "1" }, "1-y",
	  0 },
	{ "", "%{version}", { .name = "k", .version = "1" }, NULL, 0 },
};

static void test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(*matches); i++) {
		cleanup(naming__free) struct naming naming = { 0 };
		_cleanup_free_ char *kernel_release = NULL;
		size_t rule = 0;
		int ret;

		compile(&naming, matches[i].rules, matches[i].common);
		ret = naming__match(&naming, &matches[i].package, &kernel_release, &rule);
		print_message("# %s: %s\n", matches[i].rules, ret > 0 ? kernel_release : "no kernel");
		assert_int_equal(ret, matches[i].kernel_release != NULL);
		if (ret <= 0)
			continue;
		assert_string_equal(kernel_release, matches[i].kernel_release);
		assert_int_equal(rule, matches[i].rule);
	}
}

static const struct {
	const char *rules, *common, *why;
} wrong[] = {
	{ "k", NULL, "no group for the kernel release" },
	{ "(", "%{version}", "bad pattern '('" },
	{ "k@(=%{version}", NULL, "bad pattern '('" },
	{ "k=%{name:1}", NULL, "a group that its expression does not have" },
	{ "(k)=%{name:2}", NULL, "a group that its expression does not have" },
	{ "(k)=%{release:1}", NULL, "a group that its expression does not have" },
	{ "k@(.*)=%{release:2}", NULL, "a group that its expression does not have" },
	{ "k=%{version:1}", NULL, "a group that its expression does not have" },
	{ "k=%{name:0}", NULL, "'%' begins none" },
	{ "k=%{name:10}", NULL, "'%' begins none" },
	{ "k=%{epoch}", NULL, "'%' begins none" },
	{ "k=%{version", NULL, "'%' begins none" },
	{ "a k", "100%", "'%' begins none" },
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		cleanup(naming__free) struct naming naming = { .text = strdup(wrong[i].rules) };
		_cleanup_free_ char *why = NULL;

		assert_int_equal(naming__compile(&naming, wrong[i].common, &why), -EINVAL);
		assert_non_null(why);
		if (!strstr(why, wrong[i].why))
			fail_msg("%s: '%s' does not say '%s'", wrong[i].rules, why, wrong[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
