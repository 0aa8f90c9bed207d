/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "source/rpmmd_repository.h"

#define FUNCTIONS ". tests/lib/small-repository.sh; "

static const char manifest_text[] =
	"[distribution]\nid = test\ntype = rpm-md\narchitectures = x86_64\nkeyring = none\n"
	"keyring-package = the-keyring\ndebug-package = kernel-debuginfo\ndebug-member = d/*\n"
	"kernel-release = %{version}-%{release}.%{arch}\n"
	"[repository one]\nmirror = file:///none\n"
	"[repository two]\nmirror = file:///none\nsignature = required\n"
	"[release 8]\nversion = 8\nsuites = one:8 two:8\n";

static struct manifest *manifest;
static struct access reach;
static char *const *wanted_sha256s;

static int setup(void **state)
{
	struct error err;
	FILE *file;

	if (fixture__setup(state))
		return -1;
	file = fopen(in_dir("m.ini"), "w");
	if (!file || fputs(manifest_text, file) < 0 || fclose(file))
		return -1;
	if (manifest__read(in_dir("m.ini"), &manifest, &err))
		return -1;
	reach.transfers = transfers__new(&(struct transfers_opts){ .tries = 1 }, &err);
	reach.index_dir = strdup(in_dir("i"));
	reach.scratch = strdup(in_dir("s"));
	reach.keyring = strdup(in_dir("key.asc"));
	if (shell("command -v gpg >/dev/null"))
		return 0;
	return !reach.transfers || shell("mkdir \"$T/i\" \"$T/s\"; " FUNCTIONS "new_key");
}

static int teardown(void **state)
{
	manifest__free(manifest);
	transfers__free(reach.transfers);
	free((char *)reach.index_dir);
	free((char *)reach.scratch);
	free((char *)reach.keyring);
	return fixture__teardown(state);
}

static void make(const char *packages, const char *then)
{
	need("gpg gpgv gzip");
	assert_int_equal(shell("rm -rf \"$T/r\"; " FUNCTIONS "{ :; %s\n} | rpmmd \"$T/r\"\n%s",
			       packages, then),
			 0);
}

static int read_suite(size_t number, struct index *index, enum kbtf_verification *how,
		      struct error *err)
{
	cleanup(rpmmd_suite__free) struct rpmmd_suite suite = { 0 };
	_cleanup_free_ char *base = NULL;
	const struct release *release = manifest->releases;
	struct rpmmd_query query = { manifest, release, &release->suites[number], NULL,
				     wanted_sha256s };
	int ret;

	assert_true(asprintf(&base, "file://%s/r", test_dir) > 0);
	query.base = base;
	ret = rpmmd_suite__fetch(&reach, &query, &suite, err);
	if (ret)
		return ret;
	*how = suite.verification;
	ret = rpmmd_suite__read(&reach, &suite, release, "x86_64", index, err);
	assert_string_equal(rpmmd_suite__digest(&suite), suite.sha256 ? suite.sha256 : suite.sha1);
	return ret;
}

static void expect_failure(size_t number, int code, const char *text)
{
	cleanup(index__free) struct index index = { 0 };
	enum kbtf_verification how;
	struct error err = { "" };
	int ret = read_suite(number, &index, &how, &err);

	if (ret != code || !strstr(err.text, text))
		fail_msg("%d '%s' where %d '%s' was expected", ret, err.text, code, text);
	assert_output("ls \"$T/s\"", "");
}

#define KERNEL "rpm_package kernel-debuginfo 4.18.0 147.el8 x86_64"

static void test_kernels(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	enum kbtf_verification how;
	struct error err;

	(void)state;
	make("rpm_package bash-debuginfo 5 1 x86_64; " KERNEL "\n"
	     "rpm_package kernel-debug-debuginfo 4.18.0 147.el8 x86_64\n"
	     "rpm_package kernel-debuginfo 4.18.0 147.el8 aarch64\n"
	     "rpm_package kernel-debuginfo-common-x86_64 4.18.0 147.el8 x86_64\n"
	     "EPOCH=1 rpm_package kernel-debuginfo 4.18.0 80.el8_0 x86_64",
	     "sign_repomd \"$T/r\"");
	if (read_suite(0, &index, &how, &err))
		fail_msg("%s", err.text);
	assert_int_equal(how, KBTF_VERIFIED_SIGNED_INDEX);
	assert_int_equal(strlen(index.signer), 40);
	assert_int_equal(index.count, 2);
	assert_string_equal(index.kernels[0].kernel_release, "4.18.0-147.el8.x86_64");
	assert_string_equal(index.kernels[0].version, "4.18.0-147.el8");
	assert_string_equal(index.kernels[0].debug.path,
			    "Packages/kernel-debuginfo-4.18.0-147.el8.x86_64.rpm");
	assert_int_equal(index.kernels[0].debug.size, 2000);
	assert_int_equal(strlen(index.kernels[0].debug.sha256), 64);
	assert_string_equal(index.kernels[1].kernel_release, "4.18.0-80.el8_0.x86_64");
	assert_string_equal(index.kernels[1].version, "1:4.18.0-80.el8_0");
}

static void test_unsigned(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	const char *keyring = reach.keyring;
	enum kbtf_verification how;
	struct error err;

	(void)state;
	make(KERNEL, "");
	/* the packages' own signatures will do, where there are keys for them */
	if (read_suite(0, &index, &how, &err))
		fail_msg("%s", err.text);
	assert_int_equal(how, KBTF_UNVERIFIED);
	assert_null(index.signer);
	index__free(&index);
	expect_failure(1, -ENOKEY, "requires it");
	reach.keyring = "/nonexistent/key";
	expect_failure(0, -ENOKEY, "install the-keyring");
	reach.allow_unsigned = true;
	assert_int_equal(read_suite(1, &index, &how, &err), 0);
	assert_int_equal(how, KBTF_UNVERIFIED);
	reach.allow_unsigned = false;
	reach.keyring = keyring;
}

static void test_hostile(void **state)
{
	(void)state;
	make(KERNEL, "sign_repomd \"$T/r\"; echo ' ' >> \"$T/r/repodata/repomd.xml\"");
	expect_failure(0, -EKEYREJECTED, "bad signature");
	make(KERNEL, "printf x | dd of=\"$T/r/repodata/primary.xml.gz\" bs=1 seek=30 conv=notrunc "
		     "status=none");
	expect_failure(0, -EBADMSG, "another SHA-256");
	make("rpm_package kernel-debuginfo 4.18.0 1 x86_64 ../../x.rpm", "");
	expect_failure(0, -EBADMSG, "no path");
	make("rpm_package kernel-debuginfo 4.18.0 1 x86_64 http://evil/x.rpm", "");
	expect_failure(0, -EBADMSG, "no path");
	make(KERNEL, "repomd \"$T/r\" ../primary.xml.gz");
	expect_failure(0, -EBADMSG, "damaged");
	make(KERNEL, "DOCTYPE='<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>' "
		     "repomd \"$T/r\"");
	expect_failure(0, -EBADMSG, "document type");
	make("echo '<!-- '", "");
	expect_failure(0, -EBADMSG, "damaged XML");
	make("for i in $(seq 40); do echo '<a>'; done", "");
	expect_failure(0, -EBADMSG, "nested too deep");
	make("", "sed -i s/=.primary./='\"other\"'/ \"$T/r/repodata/repomd.xml\"");
	expect_failure(0, -EBADMSG, "names no primary.xml");
	make("", "sed -i s/=.primary./='\"primary_db\"'/ \"$T/r/repodata/repomd.xml\"");
	expect_failure(0, -EBADMSG, "names a database (SQLite)");
	make("", "rm \"$T/r/repodata/repomd.xml\"");
	expect_failure(0, -ENOENT, "repomd.xml");
}

/* createrepo and createrepo_c write gz, bz2, xz and zstd, as they are told. */
static void test_compressions(void **state)
{
	static const char *const rows[][2] = {
		{ "xz", "xz" }, { "zst", "zstd -q" }, { "bz2", "bzip2" }, { "plain", "cat" },
	};

	(void)state;
	need("xz zstd bzip2");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(index__free) struct index index = { 0 };
		enum kbtf_verification how;
		struct error err = { "" };

		make(KERNEL, "");
		assert_int_equal(shell(FUNCTIONS "cd \"$T/r/repodata\"; zcat primary.xml.gz | %s >other; "
				       "mv other primary.xml.gz; repomd \"$T/r\" repodata/primary.xml.%s; "
				       "mv primary.xml.gz primary.xml.%s", rows[i][1], rows[i][0],
				       rows[i][0]), 0);
		if (read_suite(0, &index, &how, &err))
			fail_msg("%s: %s", rows[i][0], err.text);
		assert_int_equal(index.count, 1);
	}
}

/* As a metalink has it. */
static void test_wanted_digest(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	char *sha256, *right[] = { "00", NULL, NULL }, *wrong[] = { "00", NULL };
	enum kbtf_verification how;
	struct error err = { "" };

	(void)state;
	make(KERNEL, "");
	sha256 = output_of("sha256sum \"$T/r/repodata/repomd.xml\" | cut -d' ' -f1");
	right[1] = sha256;
	wanted_sha256s = right;
	if (read_suite(0, &index, &how, &err))
		fail_msg("%s", err.text);
	wanted_sha256s = wrong;
	expect_failure(0, -EBADMSG, "not the one that the metalink tells");
	wanted_sha256s = NULL;
	free(sha256);
}

/* Vaults of before 2010: "sha" is SHA-1, in repomd.xml and in primary.xml. */
#define AS_SHA1 \
	"p=\"$T/r/repodata/primary.xml.gz\"; zcat \"$p\" | sed 's/\"sha256\"/\"sha\"/' | gzip -c >\"$p.n\"; " \
	"mv \"$p.n\" \"$p\"; repomd \"$T/r\"; s=$(sha1sum \"$p\" | cut -d' ' -f1); " \
	"sed -i \"/primary/,\\$ s/<checksum type=.sha256.>[0-9a-f]*/<checksum type='sha'>$s/\" " \
	"\"$T/r/repodata/repomd.xml\"; sign_repomd \"$T/r\""

static void test_sha1(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	enum kbtf_verification how;
	struct error err = { "" };

	(void)state;
	make(KERNEL, AS_SHA1);
	/* it is signed, and yet what it says of primary.xml could be forged */
	if (read_suite(0, &index, &how, &err))
		fail_msg("%s", err.text);
	assert_int_equal(how, KBTF_UNVERIFIED);
	assert_null(index.signer);
	assert_int_equal(strlen(index.digest), 40);
	assert_int_equal(index.count, 1);
	assert_null(index.kernels[0].debug.sha256);
	expect_failure(1, -ENOKEY, "by SHA-1 alone");
	make(KERNEL, AS_SHA1 "; printf x | dd of=\"$p\" bs=1 seek=30 conv=notrunc status=none");
	expect_failure(0, -EBADMSG, "another SHA-1");
}

/* What the reference tool writes is read alike. */
static void test_createrepo(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	enum kbtf_verification how;
	struct error err;

	(void)state;
	need("rpmbuild createrepo_c gpg gpgv");
	assert_int_equal(
		shell("set -e; mkdir -p \"$T/b\" \"$T/r2\"; cd \"$T/b\"\n"
		      "printf 'Name: kernel-debuginfo\\nVersion: 4.18.0\\nRelease: "
		      "7.el8\\nSummary: x\\n"
		      "License: x\\n%%%%description\\nx\\n%%%%files\\n' > k.spec\n"
		      "rpmbuild --quiet --define \"_topdir $T/b\" --define '_rpmdir '\"$T/r2\" "
		      "--define '_build_id_links none' --target x86_64 -bb k.spec >log 2>&1\n"
		      "rm -rf \"$T/r\"; mv \"$T/r2\" \"$T/r\"; createrepo_c -q \"$T/r\" >log 2>&1"),
		0);
	if (read_suite(0, &index, &how, &err))
		fail_msg("%s", err.text);
	assert_int_equal(index.count, 1);
	assert_string_equal(index.kernels[0].kernel_release, "4.18.0-7.el8.x86_64");
	assert_string_equal(index.kernels[0].debug.path,
			    "x86_64/kernel-debuginfo-4.18.0-7.el8.x86_64.rpm");
	assert_output("sha256sum \"$T\"/r/x86_64/*.rpm | cut -d' ' -f1",
		      index.kernels[0].debug.sha256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_compressions),
		cmocka_unit_test(test_wanted_digest),
		cmocka_unit_test(test_sha1),
		cmocka_unit_test(test_createrepo),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
