/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Folders that a server lists: the page's links, and the names of files. */
#include "fixture.h"

#include <errno.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "small_manifest.h"
#include "source/directory.h"
#include "source/html_links.h"

/* ---- links -------------------------------------------------------------------------- */

static int take_link(void *context, const char *link, struct error *err)
{
	(void)err;
	buf__printf(context, "[%s]", link);
	return 0;
}

static const struct {
	const char *name, *page, *links;
} pages[] = {
	/* as nginx 1.22 and Apache 2.4 write them */
	{ "nginx", "<html>\r\n<head><title>Index of /v/</title></head>\r\n<body>\r\n<h1>Index of /v/</h1>"
		   "<hr><pre><a href=\"../\">../</a>\r\n"
		   "<a href=\"kernel-debuginfo-4.18.0-147.el8.x86_64.rpm\">kernel-debuginfo-4.18.0-147."
		   "el8.x86_64.rpm</a>     21-Dec-2019 02:14     517M\r\n"
		   "<a href=\"a%2Bb.rpm\">a+b.rpm</a></pre><hr></body>\r\n</html>\r\n",
	  "[../][kernel-debuginfo-4.18.0-147.el8.x86_64.rpm][a%2Bb.rpm]" },
	{ "Apache", "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<html>\n <body>\n<table>"
		    "<tr><th valign=\"top\"><img src=\"/icons/blank.gif\" alt=\"[ICO]\"></th><th>"
		    "<a href=\"?C=N;O=D\">Name</a></th></tr>\n<tr><td valign=\"top\"><img "
		    "src=\"/icons/unknown.gif\" alt=\"[   ]\"></td><td><a href=\"x-1-1.x86_64.rpm\">"
		    "x-1-1.x86_64.rpm</a></td><td align=\"right\">2019-12-21 02:14  </td></tr></table>",
	  "[?C=N;O=D][x-1-1.x86_64.rpm]" },
	{ "letters", "<A HREF='1'><a class=x  href = 2 >t</a><a\nhref=3>", "[1][2][3]" },
	{ "entities", "<a href=\"a&amp;b&#43;&#x2b;&lt;&nbsp;&;&#;&#x;&#300;&amp\">",
	  "[a&b++<&nbsp;&;&#;&#x;&#300;&amp]" },
	{ "the first counts", "<a href=1 href=2>", "[1]" },
	{ "other elements", "<area href=1><abbr href=2><link href=3><base href=4>", "" },
	{ "comments", "<!-- <a href=1> --><a href=2><!-- <a href=3>", "[2]" },
	{ "no attribute", "<a><a name=x><a href><a href=><a href=\"\">", "[][]" },
	{ "cut off", "<a href=1><a href=\"2", "[1][2]" },
	{ "cut off in a tag", "<a hre", "" },
	{ "cut off at the tag", "<a", "" },
	{ "nothing", "", "" },
	{ "equals signs", "<a = = href=1 ==x>", "[1]" },
	{ "NUL as an entity", "<a href=\"a&#0;b\">", "[a&#0;b]" },
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		_cleanup_buf_ struct buf text = { 0 };
		struct error err;

		assert_int_equal(html_links__read(pages[i].page, strlen(pages[i].page), take_link,
						  &text, &err), 0);
		if (strcmp(buf__cstr(&text), pages[i].links))
			fail_msg("%s: %s", pages[i].name, buf__cstr(&text));
	}
}

static void test_nul(void **state)
{
	static const char page[] = "<a\0href=0><a href=\"1\0\"><a href=2>\0<a href=3>";
	_cleanup_buf_ struct buf text = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(html_links__read(page, sizeof(page) - 1, take_link, &text, &err), 0);
	assert_string_equal(buf__cstr(&text), "[2][3]");
}

/* ---- names ---------------------------------------------------------------------------- */

static const char manifest_text[] =
	"[distribution]\nid = test\ntype = directory\narchitectures = x86_64\nkeyring = none\n"
	"keyring-package = the-keyring\n"
	"debug-package = kernel-debuginfo kernel-(rt)-debuginfo linux-image-([0-9].*)-dbgsym\n"
	"debug-member = d/*\nkernel-release = %{version}-%{release}.%{arch}\n"
	"[repository one]\nmirror = file:///none\n[release 8]\nversion = 8\nsuites = one:8\n";

static struct manifest *manifest;
static const char *keyring;

static int setup(void **state)
{
	if (fixture__setup(state))
		return -1;
	manifest = small_manifest(manifest_text);
	keyring = in_dir("m.ini"); /* some file that is there */
	return manifest ? 0 : -1;
}

static int teardown(void **state)
{
	manifest__free(manifest);
	return fixture__teardown(state);
}

static int parse(const char *link, const char *arch, struct index *index, struct error *err)
{
	struct directory_query query = { manifest, manifest->releases, "http://h/v/8", arch };
	_cleanup_free_ char *page = NULL;

	assert_true(asprintf(&page, "<a href=\"other-1-1.noarch.rpm\"><a href=\"%s\">", link) > 0);
	return directory__parse(page, strlen(page), &query, index, err);
}

#define K "kernel-debuginfo-4.18.0-147.el8.x86_64"

static const struct {
	const char *link, *arch;
	const char *release, *version, *path; /* NULL: is no kernel */
} names[] = {
	{ K ".rpm", "x86_64", "4.18.0-147.el8.x86_64", "4.18.0-147.el8", K ".rpm" },
	{ "./" K ".rpm", "x86_64", "4.18.0-147.el8.x86_64", "4.18.0-147.el8", K ".rpm" },
	{ "/v/8/" K ".rpm", "x86_64", "4.18.0-147.el8.x86_64", "4.18.0-147.el8", K ".rpm" },
	{ "http://h/v/8/" K ".rpm", "x86_64", "4.18.0-147.el8.x86_64", "4.18.0-147.el8", K ".rpm" },
	{ "kernel%2Ddebuginfo-5.4%7Erc1-1%2b.x86_64.rpm", "x86_64", "5.4~rc1-1+.x86_64", "5.4~rc1-1+",
	  "kernel-debuginfo-5.4~rc1-1+.x86_64.rpm" },
	{ "linux-image-4.4.0-31-generic-dbgsym_4.4.0-31.50_amd64.ddeb", "amd64", "4.4.0-31-generic",
	  "4.4.0-31.50", "linux-image-4.4.0-31-generic-dbgsym_4.4.0-31.50_amd64.ddeb" },
	{ K ".rpm", "aarch64", NULL, NULL, NULL },
	{ K ".src.rpm", "x86_64", NULL, NULL, NULL },
	{ K ".rpm.asc", "x86_64", NULL, NULL, NULL },
	{ K ".drpm", "x86_64", NULL, NULL, NULL },
	{ "kernel-debuginfo-4.18.0.x86_64.rpm", "x86_64", NULL, NULL, NULL },
	{ "kernel-debuginfo.rpm", "x86_64", NULL, NULL, NULL },
	{ ".rpm", "x86_64", NULL, NULL, NULL },
	{ "-1-1.x86_64.rpm", "x86_64", NULL, NULL, NULL },
	{ "kernel-debug-debuginfo-4.18.0-147.el8.x86_64.rpm", "x86_64", NULL, NULL, NULL },
	{ "../8/" K ".rpm", "x86_64", NULL, NULL, NULL },
	{ "..%2f" K ".rpm", "x86_64", NULL, NULL, NULL },
	{ "sub/" K ".rpm", "x86_64", NULL, NULL, NULL },
	{ "http://other/v/8/" K ".rpm", "x86_64", NULL, NULL, NULL },
	{ "http:" K ".rpm", "x86_64", NULL, NULL, NULL },
	{ "/w/8/" K ".rpm", "x86_64", NULL, NULL, NULL },
	{ K ".rpm?x", "x86_64", NULL, NULL, NULL },
	{ K "%00.rpm", "x86_64", NULL, NULL, NULL },
	{ K "%zz.rpm", "x86_64", NULL, NULL, NULL },
	{ K "%0a.rpm", "x86_64", NULL, NULL, NULL },
	{ "linux-image-4.4.0-dbgsym_4.4.0-31.50.ddeb", "amd64", NULL, NULL, NULL },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cleanup(index__free) struct index index = { 0 };
		struct error err = { "" };

		if (parse(names[i].link, names[i].arch, &index, &err))
			fail_msg("%s: %s", names[i].link, err.text);
		if (index.count != (names[i].release != NULL))
			fail_msg("%s: %zu kernels", names[i].link, index.count);
		if (!index.count)
			continue;
		assert_string_equal(index.kernels[0].kernel_release, names[i].release);
		assert_string_equal(index.kernels[0].version, names[i].version);
		assert_string_equal(index.kernels[0].debug.path, names[i].path);
		assert_null(index.kernels[0].debug.sha256);
	}
}

static void test_long_name(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	char link[5000];
	struct error err;

	(void)state;
	memset(link, 'x', sizeof(link));
	strcpy(link + sizeof(link) - 12, "-1-1.rpm");
	assert_int_equal(parse(link, "x86_64", &index, &err), 0);
	assert_int_equal(index.count, 0);
}

/* ---- pages ------------------------------------------------------------------------------ */

static void test_not_a_folder(void **state)
{
	static const struct {
		const char *name, *page;
	} rows[] = {
		{ "a login page", "<html><body><a href=\"/login\">Please log in</a></body></html>" },
		{ "nothing at all", "" },
		{ "another format", "{\"files\": [\"" K ".rpm\"]}" },
		{ "an empty folder", "<a href=\"../\">../</a>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(index__free) struct index index = { 0 };
		struct directory_query query = { manifest, manifest->releases, "http://h/v", "x86_64" };
		struct error err = { "" };
		int ret = directory__parse(rows[i].page, strlen(rows[i].page), &query, &index, &err);

		if (ret != -EBADMSG || !strstr(err.text, "http://h/v/ is no list of a folder"))
			fail_msg("%s: %d '%s'", rows[i].name, ret, err.text);
	}
}

static void test_acceptable(void **state)
{
	cleanup(index__free) struct index rpm = { 0 };
	cleanup(index__free) struct index deb = { 0 };
	struct access strict = { .keyring = keyring }, keyless = { .keyring = "/none" };
	struct access loose = { .keyring = "/none", .allow_unsigned = true };
	struct error err;

	(void)state;
	assert_int_equal(parse(K ".rpm", "x86_64", &rpm, &err), 0);
	assert_int_equal(parse("linux-image-4.4.0-31-generic-dbgsym_4.4.0-31.50_amd64.deb", "amd64", &deb,
			       &err), 0);
	assert_true(directory__is_acceptable(&strict, manifest->releases, &rpm));
	assert_false(directory__is_acceptable(&keyless, manifest->releases, &rpm));
	assert_true(directory__is_acceptable(&loose, manifest->releases, &rpm));
	assert_false(directory__is_acceptable(&strict, manifest->releases, &deb));
	assert_true(directory__is_acceptable(&loose, manifest->releases, &deb));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),	  cmocka_unit_test(test_nul),
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_not_a_folder), cmocka_unit_test(test_acceptable),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
