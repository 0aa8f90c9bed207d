/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What names of kernel releases tell: their order, as rpm has it, and their flavour. */
#include "fixture.h"

#include "base/release.h"

static const char *const versions[] = {
	"0", "1", "01", "10", "9", "1.0", "1.0~", "1.0~rc1", "1.0~~", "1.0a", "1.0.1", "a", "b1",
	"4.18.0-147.el8.x86_64", "4.18.0-147.0.3.el8_1.x86_64", "4.18.0-147.5.1.el8_1.x86_64",
	"4.18.0-147.5.1.el8_1.aarch64", "4.18.0-80.el8.x86_64", "4.18.0-1000.el8.x86_64",
	"4.19.90-2003.4.0.0036.oe1.x86_64", "4.19.90-2003.4.0.0037.oe1.x86_64",
	"5.3.18-150300.59.43-default", "5.3.18-24.102-default", "5.4.0-9-generic", "5.4.0-10-generic",
	"5.4.0-9.9~18.04.1", "5.4.0-9.9", "5.4.0-9.9~18.04.2", "4.19.316-1", "4.19.316-1+deb10u1",
	"99999999999999999999999", "99999999999999999999998",
};

#define COUNT (sizeof(versions) / sizeof(*versions))

/* Every pair, in one shell, against the reference. */
static void test_order_as_rpm(void **state)
{
	FILE *script;
	char *text, *at;

	(void)state;
	need("rpm");
	script = fopen(in_dir("pairs.sh"), "w");
	assert_non_null(script);
	/* it takes what is behind the last '-' for another version, and '.' is as good */
	fputs("rpm --eval '%{lua: local all = {", script);
	for (size_t i = 0; i < COUNT; i++)
		fprintf(script, "string.gsub(\"%s\", \"-\", \".\"), ", versions[i]);
	fputs("nil}; for _, a in ipairs(all) do for _, b in ipairs(all) do local at = rpm.vercmp(a, b) + 2; "
	      "print(string.sub(\"<=>\", at, at)) end end}'", script);
	assert_int_equal(fclose(script), 0);
	text = at = output_of("sh \"$T/pairs.sh\"");
	assert_int_equal(strlen(text), COUNT * COUNT);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < COUNT; k++, at++) {
			int order = release__compare(versions[i], versions[k]);
			char sign = order < 0 ? '<' : order > 0 ? '>' : '=';

			if (sign != *at)
				fail_msg("%s %c %s, rpm says %c", versions[i], sign, versions[k], *at);
		}
	free(text);
}

static const struct {
	const char *a, *b;
	bool same;
} flavours[] = {
	{ "6.1.0-56-cloud-amd64", "6.12.9+deb12-cloud-amd64", true },
	{ "6.1.0-56-cloud-amd64", "6.1.0-56-amd64", false },
	{ "6.1.0-56-cloud-amd64", "6.1.0-56-rt-amd64", false },
	{ "4.19.0-0.bpo.9-amd64", "4.19.0-0.bpo.12-amd64", true },
	{ "4.19.0-0.bpo.9-amd64", "4.19.0-9-amd64", false },
	{ "6.1.0-1-amd64", "6.5.0-rc1-amd64", true },
	{ "5.4.0-9-generic", "5.15.0-100-generic", true },
	{ "5.4.0-9-generic", "5.4.0-9-generic-64k", false },
	{ "5.4.0-9-generic", "5.4.0-9-lowlatency", false },
	{ "4.18.0-147.el8.x86_64", "4.18.0-147.5.1.el8_1.x86_64", true },
	{ "4.18.0-147.el8.x86_64", "4.18.0-147.el8.x86_64+debug", false },
	{ "5.14.0-70.el9.aarch64", "5.14.0-70.el9.aarch64+64k", false },
	{ "5.14.0-70.el9.aarch64+64k", "5.14.0-162.el9.aarch64+64k", true },
	{ "4.18.0-147.rt24.93.el8.x86_64", "4.18.0-193.rt13.51.el8.x86_64", true },
	{ "4.18.0-147.rt24.93.el8.x86_64", "4.18.0-147.el8.x86_64", false },
	{ "4.18.0-80.el8.x86_64", "4.18.0-80.el8uek.x86_64", false },
	{ "4.12.14-122.37-default", "4.12.14-95.3-default", true },
	{ "4.12.14-122.37-default", "4.12.14-122.37-azure", false },
	{ "4.14.193-149.317.amzn2.x86_64", "4.14.355-275.amzn2.x86_64", true },
	{ "5.4.0-9-aws", "5.4.0-9-awsome", false },
	{ "5.4.0-a-b", "5.4.0-a", false },
	{ "5.4.0-a-b", "5.4.0-b-a", false },
	{ "5.10", "6.1.9", true },
	{ "", "6.1", true },
};

static void test_flavours(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flavours) / sizeof(flavours[0]); i++) {
		print_message("# %s %s\n", flavours[i].a, flavours[i].b);
		assert_int_equal(release__same_flavour(flavours[i].a, flavours[i].b), flavours[i].same);
		assert_int_equal(release__same_flavour(flavours[i].b, flavours[i].a), flavours[i].same);
		assert_true(release__same_flavour(flavours[i].a, flavours[i].a));
	}
}

static const struct {
	const char *release, *flavour;
} names[] = {
	{ "6.1.0-56-amd64", "" },
	{ "6.1.0-56-cloud-amd64", "cloud" },
	{ "6.12.43+deb13-arm64-16k", "16k" },
	{ "4.19.0-6-powerpc64le", "" },
	{ "4.15.0-20-generic", "generic" },
	{ "5.4.0-1009-azure-fde", "azure-fde" },
	{ "4.18.0-147.5.1.el8_1.aarch64", "" },
	{ "4.18.0-147.el8.ppc64le", "" },
	{ "4.18.0-147.el8.s390x", "" },
	{ "4.18.0-147.rt24.93.el8.x86_64", "rt" },
	{ "5.14.0-362.8.1.el9_3.x86_64+rt", "rt" },
	{ "5.14.0-362.8.1.el9_3.aarch64+64k", "64k" },
	{ "3.10.0-1160.el7.centos.plus.x86_64", "centos-plus" },
	{ "4.14.35-1902.300.11.el7uek.x86_64", "uek" },
	{ "4.12.14-lp151.28.36-default", "default" },
	{ "4.14.355-276.639.amzn2.x86_64", "" },
	{ "4.19.91-26.al7.x86_64", "" },
	{ "", "" },
};

static void test_flavour_names(void **state)
{
	char text[16], small[5];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		release__flavour(names[i].release, text, sizeof(text));
		assert_string_equal(text, names[i].flavour);
	}
	release__flavour("5.4.0-1009-aws-azure", small, sizeof(small));
	assert_string_equal(small, "aws");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_as_rpm),
		cmocka_unit_test(test_flavours),
		cmocka_unit_test(test_flavour_names),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
