/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include "source/apt_mirrors.h"

static void put(const char *name, const char *text)
{
	FILE *file;

	assert_int_equal(shell("mkdir -p \"$(dirname \"$T/%s\")\"", name), 0);
	file = fopen(in_dir(name), "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void setup_files(void)
{
	shell("rm -rf \"$T/etc\"");
	put("etc/apt/sources.list", "# comment\n"
				    "deb http://one.invalid/debian/ bookworm main contrib # end\n"
				    "deb-src http://src.invalid/debian bookworm main\n"
				    "deb cdrom:[Debian 12]/ bookworm main\n"
				    "deb http://flat.invalid/ ./\n"
				    "deb\n");
	put("etc/apt/sources.list.d/a.list",
	    "deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] "
	    "https://two.invalid/debian trixie main\n"
	    "deb [signed-by=/etc/apt/keyrings/cloud.gpg check-valid-until=no] "
	    "https://third-party.invalid/apt bookworm main\n"
	    "deb file:/srv/mirror bookworm-updates main\n"
	    "deb copy:/srv/copy bookworm main\n"
	    "deb mirror+file:/etc/apt/mirrors.txt bookworm main\n"
	    "deb https://cloud.invalid/apt cloud-sdk-bookworm main\n");
	put("etc/apt/mirrors.txt", "http://listed.invalid/debian\tpriority:1\n# no\n\nbogus\n");
	put("etc/apt/sources.list.d/b.sources",
	    "# comment\n"
	    "Types: deb deb-src\n"
	    "URIs: http://three.invalid/debian http://four.invalid/debian\n"
	    "# in between\n"
	    "Suites: bookworm\n"
	    " bookworm-updates\n"
	    "Components: main non-free\n"
	    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
	    "\n"
	    "Enabled: no\n"
	    "Types: deb\n"
	    "URIs: http://disabled.invalid/debian\n"
	    "Suites: bookworm\n"
	    "Components: main\n"
	    "\n"
	    "types: deb\n"
	    "uris: http://five.invalid/debian\n"
	    "suites: stable\n"
	    "components: main\n"
	    "Check-Valid-Until: no\n"
	    "signed-by:\n"
	    " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	    " .\n"
	    " mQ==\n"
	    " -----END PGP PUBLIC KEY BLOCK-----\n");
	put("etc/apt/sources.list.d/c.sources.disabled",
	    "Types: deb\nURIs: http://off.invalid/\nSuites: bookworm\nComponents: main\n");
}

static void test_sources(void **state)
{
	static const char *const suites[] = { "bookworm", "bookworm-updates", "trixie", "stable",
					      NULL };
	static const struct {
		const char *url;
		bool check;
	} expected[] = {
		/* marked by the keyring: of the suite, then of another */
		{ "http://three.invalid/debian", true },
		{ "http://four.invalid/debian", true },
		{ "https://two.invalid/debian", true },
		/* not marked */
		{ "http://one.invalid/debian", true },
		{ "file:///srv/copy", true },
		{ "http://listed.invalid/debian", true },
		{ "file:///srv/mirror", true },
		{ "http://five.invalid/debian", false },
		/* marked by another keyring */
		{ "https://third-party.invalid/apt", false },
	};
	struct apt_query query = { .suites = suites, .suite = "bookworm", .component = "main",
				   .signed_by = "*/debian-archive-*" };
	const struct apt_source **found;
	struct apt_config config;
	struct error err;
	size_t count;

	(void)state;
	setup_files();
	assert_int_equal(apt_config__read(test_dir, &config, &err), 0);
	assert_int_equal(apt_config__find(&config, &query, &found, &count, &err), 0);
	for (size_t i = 0; i < count && i < 9; i++) {
		assert_string_equal(found[i]->url, expected[i].url);
		assert_int_equal(found[i]->check_valid_until, expected[i].check);
	}
	assert_int_equal(count, 9);
	free(found);
	query.component = "universe";
	assert_int_equal(apt_config__find(&config, &query, &found, &count, &err), 0);
	assert_int_equal(count, 0);
	free(found);
	apt_config__free(&config);
}

static const struct {
	const char *conf;
	bool check;
} confs[] = {
	{ "Acquire::Check-Valid-Until \"false\";\n", false },
	{ "Acquire::Check-Valid-Until false;\n", false },
	{ "acquire::check-valid-until \"0\";", false },
	{ "Acquire { Retries 3; Check-Valid-Until \"no\"; };", false },
	{ "Acquire { Check-Valid-Until \"no\"; } Acquire { Check-Valid-Until \"yes\"; }", true },
	{ "// Acquire::Check-Valid-Until \"false\";\n", true },
	{ "# Acquire::Check-Valid-Until \"false\";\n", true },
	{ "/* Acquire::Check-Valid-Until \"false\"; */", true },
	{ "Acquire::http::Proxy \"http://x/;{\"; Acquire::Check-Valid-Until \"false\";", false },
	{ "DPkg::Post-Invoke { \"rm -f /a || true\"; \"b\"; };\nAcquire::Check-Valid-Until \"no\";",
	  false },
	{ "Other { Acquire::Check-Valid-Until \"false\"; };", true },
	{ "}}}} ;;; {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{ \"", true },
};

static void test_check_valid_until(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(confs) / sizeof(*confs); i++) {
		struct apt_config config;
		struct error err;

		setup_files();
		put("etc/apt/apt.conf.d/50test", confs[i].conf);
		put("etc/apt/apt.conf.d/60ignored.bak", "Acquire::Check-Valid-Until \"false\";\n");
		assert_int_equal(apt_config__read(test_dir, &config, &err), 0);
		assert_true(config.count > 0);
		if (config.sources[0].check_valid_until != confs[i].check)
			fail_msg("%s", confs[i].conf);
		apt_config__free(&config);
	}
}

static void test_no_apt(void **state)
{
	struct apt_config config;
	struct error err;

	(void)state;
	assert_int_equal(apt_config__read("/nonexistent", &config, &err), 0);
	assert_int_equal(config.count, 0);
	apt_config__free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_check_valid_until),
		cmocka_unit_test(test_no_apt),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
