/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lists mirrors, and what an URL of a manifest may hold. */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "source/metalink.h"
#include "source/variables.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* The shape of what mirrors.fedoraproject.org answers. */
#define HEAD \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" \
	"<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" type=\"dynamic\"\n" \
	" pubdate=\"Mon, 23 Nov 2020 10:00:00 GMT\" generator=\"mirrormanager\"\n" \
	" xmlns:mm0=\"http://fedorahosted.org/mirrormanager\">\n <files>\n"
#define TAIL " </files>\n</metalink>\n"
#define HASHES \
	"<mm0:timestamp>1572462394</mm0:timestamp><size>4318</size><verification>\n" \
	"<hash type=\"md5\">0123</hash><hash type=\"sha1\">4567</hash>\n" \
	"<hash type=\"sha256\">" A64 "</hash><hash type=\"sha512\">89</hash></verification>\n" \
	"<mm0:alternates><mm0:alternate><size>1</size><verification>\n" \
	"<hash type=\"sha256\">" B64 "</hash></verification></mm0:alternate></mm0:alternates>\n"
#define URL(preference, url) \
	"<url protocol=\"x\" type=\"x\" location=\"US\" preference=\"" preference "\">" url "</url>\n"
#define FILE_OF(name, content) \
	"<file name=\"" name "\">" content "</file>\n"
#define RESOURCES(urls) "<resources maxconnections=\"1\">" urls "</resources>"

static void put(const char *text)
{
	FILE *file = fopen(in_dir("m"), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_words(char **words, const char *expected)
{
	_cleanup_free_ char *joined = words__join((const char *const *)words);

	assert_string_equal(joined, expected);
}

static void test_metalink(void **state)
{
	cleanup(metalink__free) struct metalink metalink = { 0 };
	struct error err = { "" };

	(void)state;
	put(HEAD FILE_OF("other.xml", "<verification><hash type=\"sha256\">" C64
			 "</hash></verification>"
			 RESOURCES(URL("100", "https://other/repodata/repomd.xml")))
	    FILE_OF("repomd.xml", HASHES RESOURCES(
		URL("97", "http://b/f/repodata/repomd.xml")
		URL("100", "https://a/f//repodata/repomd.xml")
		URL("100", "rsync://a/f/repodata/repomd.xml")
		URL("97", "ftp://c/repodata/repomd.xml")
		URL("99", "https://a/f/repodata/other.xml")
		URL("99", "file:///etc/repodata/repomd.xml")
		URL("99", "https:///repodata/repomd.xml")
		URL("99", "https://a/ f/repodata/repomd.xml")))
	    TAIL);
	if (metalink__read(in_dir("m"), "https://m/", &metalink, &err))
		fail_msg("%s", err.text);
	assert_words(metalink.bases, "https://a/f, http://b/f, ftp://c");
	assert_words(metalink.sha256s, A64 ", " B64);
	metalink__free(&metalink);
	/* what is local itself may name what is local */
	assert_int_equal(metalink__read(in_dir("m"), "file:///m", &metalink, &err), 0);
	assert_words(metalink.bases, "https://a/f, file:///etc, http://b/f, ftp://c");
}

static const struct {
	const char *name, *text, *says;
} malformed[] = {
	{ "empty", "", "damaged XML" },
	{ "web page", "<!DOCTYPE html><html><body>Please log in</body></html>", "document type" },
	{ "cut off", HEAD FILE_OF("repomd.xml", HASHES), "damaged XML" },
	{ "no digest", HEAD FILE_OF("repomd.xml", RESOURCES(URL("1", "http://a/repodata/repomd.xml")))
	  TAIL, "no SHA-256" },
	{ "SHA-1 alone", HEAD FILE_OF("repomd.xml", "<hash type=\"sha1\">" A64 "</hash>" RESOURCES(
	  URL("1", "http://a/repodata/repomd.xml"))) TAIL, "no SHA-256" },
	{ "short digest", HEAD FILE_OF("repomd.xml", "<hash type=\"sha256\">abcd</hash>") TAIL,
	  "a SHA-256 that is none: abcd" },
	{ "digest of another file", HEAD FILE_OF("x", HASHES) FILE_OF("repomd.xml", RESOURCES(
	  URL("1", "http://a/repodata/repomd.xml"))) TAIL, "no SHA-256" },
	{ "no mirror", HEAD FILE_OF("repomd.xml", HASHES) TAIL, "no mirror" },
	{ "error of the manager", "# repo = fedora-31 arch = x86_64 error: invalid repo or arch\n",
	  "damaged XML" },
	{ "entities", "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><metalink>&a;</metalink>",
	  "document type" },
};

static void test_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
		cleanup(metalink__free) struct metalink metalink = { 0 };
		struct error err = { "" };
		int ret;

		put(malformed[i].text);
		ret = metalink__read(in_dir("m"), "https://m/", &metalink, &err);
		if (ret != -EBADMSG || !strstr(err.text, malformed[i].says))
			fail_msg("%s: %d '%s'", malformed[i].name, ret, err.text);
		assert_null(metalink.bases);
	}
}

static void test_many_digests(void **state)
{
	cleanup(metalink__free) struct metalink metalink = { 0 };
	struct error err = { "" };

	(void)state;
	assert_int_equal(shell("{ printf '<m><file name=\"repomd.xml\">'; for i in $(seq 70); do "
			       "printf '<hash type=\"sha256\">" A64 "</hash>'; done; "
			       "printf '</file></m>'; } >\"$T/m\""), 0);
	assert_int_equal(metalink__read(in_dir("m"), "https://m/", &metalink, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 64 versions"));
}

static void test_mirror_list(void **state)
{
	cleanup(metalink__free) struct metalink metalink = { 0 };
	struct error err = { "" };

	(void)state;
	put("# repo = x\r\n  http://b/$basearch/os/ \r\n\nhttps://a\nrsync://c/\nfile:///etc\nhello\nhttp://\nhttp:///x\n"
	    "#http://no");
	if (metalink__read_list(in_dir("m"), "https://m/", &metalink, &err))
		fail_msg("%s", err.text);
	assert_words(metalink.bases, "http://b/$basearch/os, https://a");
	assert_null(metalink.sha256s);
	metalink__free(&metalink);
	put("<html>\n<body>http login</body>\n");
	assert_int_equal(metalink__read_list(in_dir("m"), "https://m/", &metalink, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "https://m/ names no mirror"));
	put("");
	assert_int_equal(metalink__read_list(in_dir("m"), "https://m/", &metalink, &err), -EBADMSG);
	assert_int_equal(shell("printf 'http://a\\0b' >\"$T/m\""), 0);
	assert_int_equal(metalink__read_list(in_dir("m"), "https://m/", &metalink, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "NUL"));
}

static void test_variables(void **state)
{
	static const struct {
		const char *text, *path, *filled;
	} rows[] = {
		{ "https://m/?repo=f-$releasever&arch=$basearch", NULL,
		  "https://m/?repo=f-31&arch=x86_64" },
		{ "8/$basearch", NULL, "8/x86_64" },
		{ "$basearch$basearch$", "p", "x86_64x86_64$" },
		{ "$path/$pathos $other $", "a", "a/aos $other $" },
		{ "$path", NULL, "$path" },
		/* a value is not looked through again */
		{ "$path", "$basearch", "$basearch" },
		{ "", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct variables variables = { "x86_64", "31", rows[i].path };
		_cleanup_free_ char *filled = variables__fill(rows[i].text, &variables);

		assert_string_equal(filled, rows[i].filled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metalink),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_many_digests),
		cmocka_unit_test(test_mirror_list),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
