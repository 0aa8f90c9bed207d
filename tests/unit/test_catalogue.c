/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "source/catalogue.h"

#define FUNCTIONS ". tests/lib/small-repository.sh; "

/* $T stands for the directory */
static const char debian[] =
	"[distribution]\nid = debian\ntype = deb\narchitectures = x86_64:amd64 aarch64:arm64\n"
	"keyring = $T/none.gpg $T/key.gpg\nembedded = yes\n"
	"debug-package = linux-image-([0-9]+\\.[0-9]+\\.[0-9]+.*)-dbg\ndebug-member = d/*\n"
	"image-package = linux-image-([0-9]+\\.[0-9]+\\.[0-9]+.*-(amd64|arm64))\n"
	"image-member = boot/*\n"
	"[repository main]\nmirror = apt\n[repository security]\nmirror = file://$T/sec\n"
	"[repository backports]\nmirror-of = main\n"
	"[release bookworm]\nversion = 12\nsuites = main:bookworm security:bookworm-security\n"
	"[release bookworm-backports]\nversion = 12\nsuites = backports:bookworm-backports\n"
	"series = 6.12..\n";
static const char centos[] =
	"[distribution]\nid = centos\ntype = rpm-md\narchitectures = x86_64 aarch64\n"
	"keyring = $T/key.asc\ndebug-package = kernel-debuginfo\ndebug-member = d/*\n"
	"kernel-release = %%{version}-%%{release}.%%{arch}\n"
	"[repository debuginfo]\nmirror = file://$T/rpm\n"
	"[release 8]\nversion = 8\nsuites = debuginfo:8/$basearch\nseries = 4.18\n";

static void put(const char *name, const char *text)
{
	FILE *file;

	assert_int_equal(shell("mkdir -p \"$(dirname \"$T/%s\")\"", name), 0);
	file = fopen(in_dir(name), "w");
	assert_non_null(file);
	assert_true(fprintf(file, "%s", text) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(shell("sed -i \"s|\\$T|$T|g; s|%%%%|%%|g\" \"$T/%s\"", name), 0);
}

static struct workdir *work;
static struct transfers *transfers;

static int setup(void **state)
{
	struct error err;

	if (fixture__setup(state))
		return -1;
	put("m/debian.ini", debian);
	put("m/centos.ini", centos);
	/* A third party's, a dead one, then the right one */
	put("etc/apt/sources.list", "deb file:$T/third bookworm main\n"
				    "deb file:$T/dead bookworm main\n"
				    "deb [check-valid-until=no] file:$T/deb bookworm main\n");
	work = workdir__open(in_dir("w"), &err);
	transfers = transfers__new(&(struct transfers_opts){ .tries = 1 }, &err);
	if (shell("command -v gpg >/dev/null"))
		return 0;
	return !work || !transfers || shell("%s", FUNCTIONS "new_key");
}

static int teardown(void **state)
{
	transfers__free(transfers);
	workdir__close(work);
	return fixture__teardown(state);
}

static void make(void)
{
	need("gpg gpgv xz gzip");
	assert_int_equal(
		shell("%s", "rm -rf \"$T/deb\" \"$T/sec\" \"$T/rpm\" \"$T\"/w/index/*; " FUNCTIONS
		      "k=linux-image-6.1.0-9-\n"
		      "{ stanza ${k}amd64-dbg 6.1.27-1; stanza ${k}amd64 6.1.27-1; } | "
		      "deb_suite \"$T/deb\" bookworm bookworm amd64\n"
		      "stanza ${k}arm64-dbg 6.1.27-1 | deb_suite \"$T/deb\" bookworm bookworm "
		      "arm64 "
		      "'Valid-Until: Sat, 28 Nov 2020 02:10:46 UTC'\n"
		      "stanza linux-image-6.12.9+deb12-amd64-dbg 6.12.9-1~bpo12+1 | "
		      "deb_suite \"$T/deb\" bookworm-backports bookworm-backports amd64\n"
		      ": | deb_suite \"$T/deb\" bookworm-backports bookworm-backports arm64\n"
		      "stanza ${k}arm64 6.1.27-1 | deb_suite \"$T/sec\" bookworm-security "
		      "bookworm-security arm64\n"
		      "stanza linux-image-6.1.0-10-amd64-dbg 6.1.38-1 | deb_suite \"$T/sec\" "
		      "bookworm-security bookworm-security amd64\n"
		      "for a in x86_64 aarch64; do rpm_package kernel-debuginfo 4.18.0 147.el8 $a "
		      "| "
		      "rpmmd \"$T/rpm/8/$a\"; done\n"
		      "{ stanza linux-image-6.6.6-amd64-dbg 6; } | deb_suite \"$T/third\" bookworm "
		      "bookworm amd64; sed -i 's/^Codename.*/Codename: evil/' "
		      "\"$T/third/dists/bookworm/Release\"; sign_suite \"$T/third\" bookworm\n"),
		0);
}

static struct catalogue_opts options(void)
{
	static char directory[sizeof(test_dir) + 8];

	snprintf(directory, sizeof(directory), "%s/m", test_dir);
	return (struct catalogue_opts){ .manifest_dir = directory, .apt_root = test_dir };
}

static void load(const struct catalogue_opts *opts, struct catalogue *catalogue)
{
	struct error err;

	if (catalogue__load(opts, work, transfers, catalogue, &err))
		fail_msg("%s", err.text);
}

static void assert_releases(const struct catalogue *catalogue, const char *expected)
{
	char text[4096] = "";

	for (size_t i = 0; i < catalogue->kernels.count; i++) {
		const struct kernel *kernel = &catalogue->kernels.items[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s:%s%s%s",
			 i ? " " : "", kernel->codename, kernel->kernel_release,
			 kernel->debug.name ? "+d" : "", kernel->image.name ? "+i" : "");
	}
	assert_string_equal(text, expected);
}

#define ALL_DEBIAN \
	"bookworm:6.1.0-9-arm64+d+i bookworm:6.1.0-9-amd64+d+i bookworm:6.1.0-10-amd64+d " \
	"bookworm-backports:6.12.9+deb12-amd64+d"

static void test_all(void **state)
{
	cleanup(catalogue__free) struct catalogue catalogue = { 0 };
	struct catalogue_opts opts = options();
	const struct kernel *kernel;
	_cleanup_free_ char *url = NULL;

	(void)state;
	make();
	load(&opts, &catalogue);
	if (catalogue.failure_count)
		fail_msg("%s", catalogue.failures[0].reason);
	assert_releases(&catalogue, "8:4.18.0-147.el8.aarch64+d 8:4.18.0-147.el8.x86_64+d "
				    ALL_DEBIAN);
	assert_int_equal(catalogue.index_count, 8);
	kernel = &catalogue.kernels.items[1];
	assert_string_equal(kernel->distro, "centos");
	assert_string_equal(kernel->suite, "8/x86_64");
	assert_int_equal(kernel->debug.format, PACKAGE_RPM);
	assert_int_equal(kernel->debug.verification, KBTF_UNVERIFIED);
	assert_string_equal(kernel->debug.keyrings[0], in_dir("key.asc"));
	assert_null(kernel->debug.keyrings[1]);
	assert_null(kernel->debug.keys[0]);
	assert_false(kernel->expect_embedded);
	kernel = &catalogue.kernels.items[2];
	assert_string_equal(kernel->distro_release, "12");
	assert_string_equal(kernel->arch, "aarch64");
	assert_int_equal(kernel->image.verification, KBTF_VERIFIED_SIGNED_INDEX);
	assert_int_equal(strlen(kernel->image.verified_by), 40);
	assert_null(kernel->image.keyrings);
	assert_string_equal(kernel->image.member, "boot/*");
	assert_true(kernel->expect_embedded);
	assert_true(asprintf(&url, "file://%s/sec/pool/main/linux-image-6.1.0-9-arm64_6.1.27-1.deb",
			     test_dir) > 0);
	assert_string_equal(kernel->image.url, url);
}

static void test_filters(void **state)
{
	static const struct {
		const char *distro, *release, *arch, *pattern, *expected;
		size_t indexes;
	} filters[] = {
		{ "Debian", NULL, NULL, NULL, ALL_DEBIAN, 6 },
		{ "debian", "12", "x86_64", "6.1.0-10", "bookworm:6.1.0-10-amd64+d", 2 },
		{ NULL, "bookworm", "arm64", NULL, "bookworm:6.1.0-9-arm64+d+i", 2 },
		{ NULL, NULL, "amd64", "4.18", "8:4.18.0-147.el8.x86_64+d", 3 },
		{ NULL, "bookworm-backports", NULL, "6.1", "", 0 },
		{ NULL, "8", NULL, "4.18.0-80", "", 2 },
	};

	(void)state;
	make();
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		cleanup(catalogue__free) struct catalogue catalogue = { 0 };
		const char *distros[] = { filters[i].distro, NULL };
		const char *releases[] = { filters[i].release, NULL };
		const char *arches[] = { filters[i].arch, NULL };
		struct catalogue_opts opts = options();
		struct pattern *pattern = NULL;
		struct error err;

		opts.distros = *distros ? distros : NULL;
		opts.releases = *releases ? releases : NULL;
		opts.arches = *arches ? arches : NULL;
		if (filters[i].pattern)
			assert_int_equal(pattern__parse(filters[i].pattern, &pattern, &err), 0);
		opts.pattern = pattern;
		load(&opts, &catalogue);
		assert_releases(&catalogue, filters[i].expected);
		assert_int_equal(catalogue.index_count, filters[i].indexes);
		pattern__free(pattern);
	}
}

static void test_unknown_names(void **state)
{
	static const char *const distros[] = { "debian", "debain", NULL };
	static const char *const releases[] = { "13", NULL };
	static const char *const arches[] = { "sparc", NULL };
	static const char *const mirrors[] = { "nain=file:///x", NULL };
	struct catalogue_opts opts[4];
	static const char *const texts[] = { "'debain'; there are: centos, debian",
					     "'13'; there are: 8, bookworm, bookworm-backports",
					     "'sparc'; there are: x86_64, aarch64", "nain=" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct catalogue catalogue = { 0 };
		struct error err = { "" };

		opts[i] = options();
		opts[i].distros = i == 0 ? distros : NULL;
		opts[i].releases = i == 1 ? releases : NULL;
		opts[i].arches = i == 2 ? arches : NULL;
		opts[i].mirrors = i == 3 ? mirrors : NULL;
		assert_int_equal(catalogue__load(&opts[i], work, transfers, &catalogue, &err),
				 -ENOENT);
		if (!strstr(err.text, texts[i]))
			fail_msg("%s", err.text);
	}
}

/* What is known stays known: without the network, and when the mirror is gone. */
static void test_known(void **state)
{
	static const char *const distros[] = { "debian", NULL };
	cleanup(catalogue__free) struct catalogue catalogue = { 0 };
	struct catalogue_opts opts = options();

	(void)state;
	make();
	opts.distros = distros;
	opts.cached_only = true;
	load(&opts, &catalogue);
	assert_int_equal(catalogue.failure_count, 6);
	assert_int_equal(catalogue.kernels.count, 0);
	assert_non_null(strstr(catalogue.failures[0].reason, "btfgen index"));
	catalogue__free(&catalogue);
	opts.cached_only = false;
	load(&opts, &catalogue);
	catalogue__free(&catalogue);

	opts.cached_only = true;
	load(&opts, &catalogue);
	assert_releases(&catalogue, ALL_DEBIAN);
	assert_int_equal(catalogue.failure_count, 0);
	assert_int_equal(catalogue.bytes_fetched, 0);
	catalogue__free(&catalogue);

	opts.cached_only = false;
	assert_int_equal(shell("rm -r \"$T/sec\""), 0);
	load(&opts, &catalogue);
	assert_releases(&catalogue, ALL_DEBIAN);
	assert_int_equal(catalogue.failure_count, 2);
	assert_string_equal(catalogue.failures[0].codename, "bookworm");
	assert_non_null(strstr(catalogue.failures[0].reason, "bookworm-security"));
	catalogue__free(&catalogue);

	/* other keys: what was known by the first ones is not believed, but to be counted */
	opts.keyring = "/nonexistent/key.gpg";
	load(&opts, &catalogue);
	assert_int_equal(catalogue.failure_count, 6);
	assert_releases(&catalogue, "");
	catalogue__free(&catalogue);
	opts.cached_only = opts.for_counts = true;
	load(&opts, &catalogue);
	assert_releases(&catalogue, ALL_DEBIAN);
}

static void test_read_again_when_changed(void **state)
{
	static const char *const distros[] = { "debian", NULL };
	static const char *const arches[] = { "x86_64", NULL };
	cleanup(catalogue__free) struct catalogue catalogue = { 0 };
	struct catalogue_opts opts = options();

	(void)state;
	make();
	opts.distros = distros;
	opts.arches = arches;
	load(&opts, &catalogue);
	catalogue__free(&catalogue);
	/* While the digest is the same nothing but Release files is asked for. */
	assert_int_equal(shell("rm -r \"$T\"/*/dists/*/main"), 0);
	load(&opts, &catalogue);
	assert_int_equal(catalogue.failure_count, 0);
	assert_int_equal(catalogue.kernels.count, 3);
	catalogue__free(&catalogue);
	assert_int_equal(shell("%s", FUNCTIONS "stanza linux-image-6.1.0-11-amd64-dbg 6.1.40-1 | "
			       "deb_suite \"$T/sec\" bookworm-security bookworm-security amd64"),
			 0);
	load(&opts, &catalogue);
	assert_releases(&catalogue, "bookworm:6.1.0-9-amd64+d+i bookworm:6.1.0-11-amd64+d "
				    "bookworm-backports:6.12.9+deb12-amd64+d");
	/* A damaged file of what is known is read anew. */
	catalogue__free(&catalogue);
	assert_int_equal(shell("for f in \"$T\"/w/index/*security*.json; do "
			       "echo '{' > \"$f\"; done"),
			 0);
	load(&opts, &catalogue);
	assert_int_equal(catalogue.kernels.count, 3);
	assert_int_equal(catalogue.failure_count, 0);
}

/* Those given go before the manifest's and apt's, by name before those for all. */
static void test_mirrors(void **state)
{
	_cleanup_free_ char *all = NULL, *security = NULL;
	static const char *const distros[] = { "debian", NULL };
	cleanup(catalogue__free) struct catalogue catalogue = { 0 };
	struct catalogue_opts opts = options();

	(void)state;
	make();
	assert_true(asprintf(&all, "file://%s/elsewhere/", test_dir) > 0);
	assert_true(asprintf(&security, "security=file://%s/sec", test_dir) > 0);
	assert_int_equal(shell("mv \"$T/deb\" \"$T/elsewhere\""), 0);

	const char *mirrors[] = { all, security, NULL };

	opts.distros = distros;
	opts.mirrors = mirrors;
	load(&opts, &catalogue);
	/* what apt is told about a source of its own does not hold for others */
	assert_int_equal(catalogue.failure_count, 2);
	assert_non_null(strstr(catalogue.failures[0].reason, "--allow-expired"));
	catalogue__free(&catalogue);
	opts.allow_expired = true;
	load(&opts, &catalogue);
	assert_int_equal(catalogue.failure_count, 0);
	assert_releases(&catalogue, ALL_DEBIAN);
	assert_int_equal(shell("rm -r \"$T/elsewhere\""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),	      cmocka_unit_test(test_filters),
		cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_known),
		cmocka_unit_test(test_read_again_when_changed), cmocka_unit_test(test_mirrors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
