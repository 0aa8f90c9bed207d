/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Launchpad and snapshot.debian.org answer, and what nobody should. */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "faultd.h"
#include "small_manifest.h"
#include "source/launchpad.h"
#include "source/snapshot.h"

static const char manifest_text[] =
	"[distribution]\nid = test\narchitectures = x86_64:amd64\nkeyring = none\n"
	"debug-package = linux-image-([0-9].*)-dbg(sym)?\ndebug-member = d/*\n"
	"[repository l]\ntype = launchpad\nmirror = http://api/1.0\nsearch = linux-image\n"
	"files = http://files/\n"
	"[repository s]\ntype = snapshot\nmirror = http://s\nsearch = linux\n"
	"[release 10]\nversion = 10\nsuites = l:ubuntu/bionic s:debian/buster\nseries = 4.9 4.19..5.4\n";

static struct manifest *manifest;

static int setup(void **state)
{
	if (fixture__setup(state))
		return -1;
	manifest = small_manifest(manifest_text);
	return manifest ? 0 : -1;
}

static int teardown(void **state)
{
	manifest__free(manifest);
	return fixture__teardown(state);
}

static struct launchpad_query launchpad_query(void)
{
	return (struct launchpad_query){ manifest->releases, manifest->repositories[0], "ubuntu/bionic",
					 "http://api/1.0", "amd64" };
}

static struct snapshot_query snapshot_query(void)
{
	return (struct snapshot_query){ manifest, manifest->releases, manifest->repositories[1],
					"debian/buster", "http://s", "amd64" };
}

/* ---- Launchpad -------------------------------------------------------------------------- */

#define ENTRY(name, version, series) \
	"{\"binary_package_name\": \"" name "\", \"binary_package_version\": \"" version "\", " \
	"\"distro_arch_series_link\": \"http://api/1.0/ubuntu/" series "\"}"
#define PAGE(entries) "{\"start\": 0, \"total_size\": 1, \"entries\": [" entries "]}"

static const struct {
	const char *name, *page;
	const char *path; /* of the one kernel; NULL: there is none */
	const char *says; /* and this is why */
} pages[] = {
	{ "a .ddeb", PAGE(ENTRY("linux-image-4.15.0-20-generic-dbgsym", "4.15.0-20.21", "bionic/amd64")),
	  "linux-image-4.15.0-20-generic-dbgsym_4.15.0-20.21_amd64.ddeb", NULL },
	{ "a .deb", PAGE(ENTRY("linux-image-4.15.0-20-dbg", "4.15.0-20.21", "bionic/amd64")),
	  "linux-image-4.15.0-20-dbg_4.15.0-20.21_amd64.deb", NULL },
	{ "an epoch", PAGE(ENTRY("linux-image-4.15.0-20-dbg", "1:4.15~rc1+x-20.21", "bionic/amd64")),
	  "linux-image-4.15.0-20-dbg_4.15~rc1+x-20.21_amd64.deb", NULL },
	{ "another architecture",
	  PAGE(ENTRY("linux-image-4.15.0-20-dbg", "4.15.0-20.21", "bionic/arm64")), NULL, NULL },
	{ "another package", PAGE(ENTRY("linux-headers-4.15.0-20", "4.15.0-20.21", "bionic/amd64")), NULL,
	  NULL },
	{ "no entry", PAGE(""), NULL, NULL },
	{ "a folder above", PAGE(ENTRY("../linux-image-4.15.0-20-dbg", "4.15", "bionic/amd64")), NULL, NULL },
	{ "a folder in the version", PAGE(ENTRY("linux-image-4.15.0-20-dbg", "4/15", "bionic/amd64")), NULL,
	  NULL },
	{ "a space", PAGE(ENTRY("linux-image-4.15.0-20-dbg", "4 15", "bionic/amd64")), NULL,
	  "no path that can be believed" },
	{ "a line's end", PAGE(ENTRY("linux-image-4.15.0-20-dbg", "4\\n15", "bionic/amd64")), NULL,
	  "no path that can be believed" },
	{ "no series", PAGE("{\"binary_package_name\": \"linux-image-4-dbg\", "
			    "\"binary_package_version\": \"4\"}"), NULL, NULL },
	{ "no name", PAGE("{\"binary_package_version\": \"4\"}"), NULL, "without a package's name" },
	{ "a number for a name", PAGE("{\"binary_package_name\": 4, \"binary_package_version\": \"4\"}"), NULL,
	  "without a package's name" },
	{ "an entry that is a text", PAGE("\"x\""), NULL, "without a package's name" },
	{ "no list", "{}", NULL, "has no 'entries'" },
	{ "a list that is an object", "{\"entries\": {}}", NULL, "has no 'entries'" },
};

static void test_launchpad(void **state)
{
	struct launchpad_query query = launchpad_query();

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		cleanup(json_decrefp) json_t *page = json_loads(pages[i].page, 0, NULL);
		cleanup(index__free) struct index index = { 0 };
		struct error err = { "" };
		int ret;

		assert_non_null(page);
		ret = launchpad__parse(page, "http://u", &query, &index, &err);
		if (ret != (pages[i].says ? -EBADMSG : 0) || (pages[i].says && !strstr(err.text, pages[i].says)))
			fail_msg("%s: %d '%s'", pages[i].name, ret, err.text);
		if (index.count && index.kernels[0].debug.name && !pages[i].path)
			fail_msg("%s: %s", pages[i].name, index.kernels[0].debug.path);
		if (pages[i].path)
			assert_string_equal(index.kernels[0].debug.path, pages[i].path);
	}
}

/* An answer sends us nowhere but on. */
static void test_next_page(void **state)
{
	static const struct {
		const char *next, *says;
	} rows[] = {
		{ "http://elsewhere/1.0/x", "its next page is elsewhere: http://elsewhere/1.0/x" },
		{ "%s/1.0x/", "its next page is elsewhere" },
		{ "file:///etc/passwd", "its next page is elsewhere" },
		{ "%s/1.0/itself", "its next page is itself" },
	};
	struct access access = { .allow_unsigned = true, .scratch = test_dir };
	struct launchpad_query query = launchpad_query();
	struct faultd faultd;
	struct error err = { "" };
	char api[128];

	(void)state;
	need("python3");
	faultd__start(&faultd, NULL);
	access.transfers = transfers__new(&(struct transfers_opts){ .tries = 1 }, &err);
	assert_non_null(access.transfers);
	snprintf(api, sizeof(api), "%s/1.0", faultd.url);
	query.api = api;
	assert_int_equal(shell("mkdir -p '%s/1.0/ubuntu/+archive'", faultd.dir), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(index__free) struct index index = { 0 };
		char next[256];

		snprintf(next, sizeof(next), rows[i].next, faultd.url);
		assert_int_equal(shell("cd '%s/1.0'; printf '{\"entries\": [], \"next_collection_link\": "
				       "\"%s\"}' | tee itself >ubuntu/+archive/primary", faultd.dir, next), 0);
		assert_int_equal(launchpad__read(&access, &query, &index, &err), -EBADMSG);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: %s", next, err.text);
	}
	assert_int_equal(shell("echo '[]' >'%s/1.0/ubuntu/+archive/primary'", faultd.dir), 0);
	assert_int_equal(launchpad__read(&access, &query, &(struct index){ 0 }, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "the answer is no object"));
	assert_int_equal(shell("echo '<html>' >'%s/1.0/ubuntu/+archive/primary'", faultd.dir), 0);
	assert_int_equal(launchpad__read(&access, &query, &(struct index){ 0 }, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "the answer is no JSON"));
	access.allow_unsigned = false;
	assert_int_equal(launchpad__read(&access, &query, &(struct index){ 0 }, &err), -ENOKEY);
	transfers__free(access.transfers);
	faultd__stop(&faultd);
}

/* ---- snapshot ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *answer;
	const char *versions; /* NULL: damaged */
} lists[] = {
	{ "of the series", "{\"result\": [{\"version\": \"4.19.67-2\"}, {\"version\": \"4.9.1-1\"}, "
			   "{\"version\": \"4.10.1-1\"}, {\"version\": \"5.4~rc1-1~exp1\"}, "
			   "{\"version\": \"5.5-1\"}, {\"version\": \"1:5.0.2-1\"}]}",
	  "4.19.67-2, 4.9.1-1, 5.4~rc1-1~exp1, 1:5.0.2-1" },
	{ "none", "{\"result\": []}", "" },
	{ "no versions", "{\"result\": [{\"version\": \"x\"}, {\"version\": \"\"}, {\"version\": \"4\"}, "
			 "{\"version\": \"4.\"}, {\"version\": \".19\"}, "
			 "{\"version\": \"4.1919191919191919191919\"}]}", "" },
	{ "what would lead elsewhere", "{\"result\": [{\"version\": \"4.19/../../x\"}, "
				       "{\"version\": \"4.19 x\"}, {\"version\": \"4.19?x\"}]}", "" },
	{ "no result", "{}", NULL },
	{ "a result that is a text", "{\"result\": \"4.19\"}", NULL },
	{ "an entry that is a text", "{\"result\": [\"4.19\"]}", NULL },
	{ "a number for a version", "{\"result\": [{\"version\": 4.19}]}", NULL },
};

static void test_versions(void **state)
{
	struct snapshot_query query = snapshot_query();
	struct access access = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		cleanup(json_decrefp) json_t *answer = json_loads(lists[i].answer, 0, NULL);
		_cleanup_words_ char **versions = NULL;
		_cleanup_free_ char *joined = NULL;
		struct error err = { "" };
		int ret;

		assert_non_null(answer);
		ret = snapshot__parse_versions(answer, "http://u", &access, &query, &versions, &err);
		if (ret != (lists[i].versions ? 0 : -EBADMSG))
			fail_msg("%s: %d '%s'", lists[i].name, ret, err.text);
		if (!lists[i].versions)
			continue;
		joined = words__join((const char *const *)versions);
		if (strcmp(joined, lists[i].versions))
			fail_msg("%s: %s", lists[i].name, joined);
	}
}

#define FILE_INFO(archive, day, name) \
	"{\"archive_name\": \"" archive "\", \"first_seen\": \"" day "\", \"name\": \"" name "\", " \
	"\"path\": \"/pool/main/l/linux\", \"size\": 5}"
#define FILES(content) "{\"result\": {}, \"fileinfo\": {\"00\": [" content "]}}"
#define DAY "20190829T152300Z"
#define DEB "linux-image-4.19.0-6-amd64-dbg_4.19.67-2_amd64.deb"

static const struct {
	const char *name, *answer;
	const char *days; /* NULL: damaged */
} files[] = {
	{ "one", FILES(FILE_INFO("debian", DAY, DEB)), DAY },
	{ "another archive", FILES(FILE_INFO("debian-security", DAY, DEB)), "" },
	{ "an archive whose name begins so", FILES(FILE_INFO("deb", DAY, DEB)), "" },
	{ "another architecture", FILES(FILE_INFO("debian", DAY,
		"linux-image-4.19.0-6-amd64-dbg_4.19.67-2_arm64.deb")), "" },
	{ "an architecture that begins so", FILES(FILE_INFO("debian", DAY,
		"linux-image-4.19.0-6-amd64-dbg_4.19.67-2_amd64x.deb")), "" },
	{ "sources", FILES(FILE_INFO("debian", DAY, "linux_4.19.67-2.dsc")), "" },
	{ "another package", FILES(FILE_INFO("debian", DAY, "linux-doc_4.19.67-2_amd64.deb")), "" },
	{ "the same day twice", FILES(FILE_INFO("debian", DAY, DEB) ", " FILE_INFO("debian", DAY,
		"linux-image-4.19.0-6-cloud-amd64-dbg_4.19.67-2_amd64.deb")), DAY },
	{ "two days", FILES(FILE_INFO("debian", DAY, DEB) ", " FILE_INFO("debian", "20190830T000000Z",
		"linux-image-4.19.0-6-cloud-amd64-dbg_4.19.67-2_amd64.deb")), DAY ", 20190830T000000Z" },
	{ "no file", "{\"fileinfo\": {}}", "" },
	{ "no list of files", "{\"result\": {}}", NULL },
	{ "a list that is a text", "{\"fileinfo\": \"x\"}", NULL },
	{ "a day that leads elsewhere", FILES(FILE_INFO("debian", "../../../x/2019Z", DEB)), NULL },
	{ "a day that is none", FILES(FILE_INFO("debian", "2019082xT152300Z", DEB)), NULL },
	{ "a short day", FILES(FILE_INFO("debian", "20190829", DEB)), NULL },
	{ "no archive", "{\"fileinfo\": {\"00\": [{\"first_seen\": \"" DAY "\", \"name\": \"" DEB "\"}]}}",
	  NULL },
	{ "a file that is a text", FILES("\"x\""), NULL },
	{ "places that are a text", "{\"fileinfo\": {\"00\": \"x\"}}", "" },
	{ "a folder in the name", FILES(FILE_INFO("debian", DAY,
		"../linux-image-4.19.0-6-amd64-dbg_4.19.67-2_amd64.deb")), "" },
};

static void test_files(void **state)
{
	struct snapshot_query query = snapshot_query();

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		cleanup(json_decrefp) json_t *answer = json_loads(files[i].answer, 0, NULL);
		cleanup(index__free) struct index index = { 0 };
		_cleanup_words_ char **days = NULL;
		_cleanup_free_ char *joined = NULL;
		struct error err = { "" };
		int ret;

		assert_non_null(answer);
		ret = snapshot__parse_files(answer, "http://u", &query, &index, &days, &err);
		if (ret != (files[i].days ? 0 : -EBADMSG))
			fail_msg("%s: %d '%s'", files[i].name, ret, err.text);
		if (!files[i].days)
			continue;
		joined = words__join((const char *const *)days);
		if (strcmp(joined, files[i].days))
			fail_msg("%s: %s", files[i].name, joined);
	}
}

static void test_escape(void **state)
{
	_cleanup_free_ char *escaped = json_api__escape("http://a/b c&d=~_-.+\xff");

	(void)state;
	assert_string_equal(escaped, "http%3A%2F%2Fa%2Fb%20c%26d%3D~_-.%2B%FF");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launchpad), cmocka_unit_test(test_next_page),
		cmocka_unit_test(test_versions),  cmocka_unit_test(test_files),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
