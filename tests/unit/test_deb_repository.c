/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "source/deb_repository.h"

static const char manifest_text[] =
	"[distribution]\nid = debian\ntype = deb\narchitectures = x86_64:amd64\nkeyring = none\n"
	"debug-package = linux-image-([0-9]+\\.[0-9]+\\.[0-9]+.*)-dbg\ndebug-member = d/*\n"
	"image-package = linux-binary-([0-9].*) linux-image-([0-9]+\\.[0-9]+\\.[0-9].*-amd64)\n"
	"\tlinux-image-([0-9]+\\.[0-9]+\\.[0-9].*-amd64)-unsigned\nimage-member = boot/*\n"
	"[repository main]\nmirror = file:///none\norigin = Test\n"
	"[release one]\nversion = 1\nsuites = main:one main:two/updates\n"
	"[release ended]\nversion = 0\nsuites = main:one\nvalid-until = ignore\n";

#define FUNCTIONS ". tests/lib/small-repository.sh; "

static struct manifest *manifest;
static struct access reach;

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
	reach.keyring = strdup(in_dir("key.gpg"));
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

/* A repository of these stanzas with these Release fields, as suite one. */
static void make(const char *stanzas, const char *fields)
{
	need("gpg gpgv xz");
	assert_int_equal(shell("rm -rf \"$T/r\"; " FUNCTIONS
			       "{ :; %s\n} | deb_suite \"$T/r\" one one amd64 %s", stanzas, fields),
			 0);
}

static int read_release(size_t release, size_t suite_number, struct index *index,
			enum kbtf_verification *how, struct error *err)
{
	cleanup(deb_suite__free) struct deb_suite suite = { 0 };
	_cleanup_free_ char *mirror = NULL;
	const struct release *wanted = &manifest->releases[release];
	const struct deb_file *file;
	struct deb_query query = { manifest, wanted, &wanted->suites[suite_number], NULL, false };
	int ret;

	assert_true(asprintf(&mirror, "file://%s/r", test_dir) > 0);
	query.mirror = mirror;
	ret = deb_suite__fetch(&reach, &query, &suite, err);
	if (ret)
		return ret;
	*how = suite.verification;
	file = deb_suite__packages(&suite, query.suite->repository, "amd64", err);
	if (!file)
		return -ENOENT;
	return deb_suite__read(&reach, &suite, file, wanted, index, err);
}

static int read_suite(struct index *index, struct error *err)
{
	enum kbtf_verification how;
	int ret = read_release(0, 0, index, &how, err);

	if (!ret)
		assert_int_equal(how, KBTF_VERIFIED_SIGNED_INDEX);
	assert_output("ls \"$T/s\"", "");
	return ret;
}

static void expect_failure(int code, const char *text)
{
	cleanup(index__free) struct index index = { 0 };
	struct error err = { "" };
	int ret = read_suite(&index, &err);

	if (ret != code || !strstr(err.text, text))
		fail_msg("%d '%s' where %d '%s' was expected", ret, err.text, code, text);
}

static void test_kernels(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	struct error err;

	(void)state;
	make("stanza linux-image-6.1.0-9-amd64-unsigned 6.1.27-1; stanza bash 5.2\n"
	     "stanza linux-image-6.1.0-9-amd64 6.1.27-1; stanza linux-image-6.1.0-9-amd64-dbg "
	     "6.1.27-1\n"
	     "stanza linux-image-amd64-dbg 6.1.27-1; stanza linux-image-6.1-amd64 6.1.27-1\n"
	     "stanza linux-image-6.1.0-9-amd64-dbg 6.1.27-2; stanza linux-image-7.2.1-amd64 7.2-1\n"
	     "stanza linux-binary-7.2.1-amd64 7.2-1; stanza '' ''",
	     "'Origin: Test' 'Acquire-By-Hash: yes'");
	if (read_suite(&index, &err))
		fail_msg("%s", err.text);
	assert_int_equal(index.count, 3);
	assert_string_equal(index.kernels[0].kernel_release, "6.1.0-9-amd64");
	assert_string_equal(index.kernels[0].version, "6.1.27-1");
	assert_string_equal(index.kernels[0].debug.name, "linux-image-6.1.0-9-amd64-dbg");
	assert_string_equal(index.kernels[0].debug.path,
			    "pool/main/linux-image-6.1.0-9-amd64-dbg_6.1.27-1.deb");
	assert_int_equal(index.kernels[0].debug.size, 1000);
	assert_int_equal(strlen(index.kernels[0].debug.sha256), 64);
	/* the signed one is preferred, and in 7.x the package that is no meta package */
	assert_string_equal(index.kernels[0].image.name, "linux-image-6.1.0-9-amd64");
	assert_string_equal(index.kernels[1].version, "6.1.27-2");
	assert_null(index.kernels[1].image.name);
	assert_string_equal(index.kernels[2].image.name, "linux-binary-7.2.1-amd64");
	assert_null(index.kernels[2].debug.name);
	assert_int_equal(strlen(index.signer), 40);
}

static void test_forms(void **state)
{
	struct error err;

	(void)state;
	for (int i = 0; i < 5; i++) {
		static const char *const changes[] = {
			/* gzip alone, none compressed, by hash alone, Release.gpg, no package */
			"sed -i '/xz$/d' r/dists/one/Release; sign_suite r one",
			"sed -i '/[xg]z$/d' r/dists/one/Release; sign_suite r one",
			"cd r/dists/one/main/binary-amd64; mkdir -p by-hash/SHA256; "
			"for f in P*; do mv $f by-hash/SHA256/$(sum $f); done",
			"rm r/dists/one/InRelease; g --armor --detach-sign --output "
			"r/dists/one/Release.gpg r/dists/one/Release",
			"deb_suite r one one amd64 'Origin: Test' < /dev/null",
		};
		cleanup(index__free) struct index index = { 0 };

		make("stanza linux-image-6.1.0-9-amd64-dbg 6.1.27-1",
		     "'Origin: Test' 'Acquire-By-Hash: yes'");
		assert_int_equal(shell(FUNCTIONS "cd \"$T\"; %s", changes[i]), 0);
		if (read_suite(&index, &err))
			fail_msg("%d: %s", i, err.text);
		assert_int_equal(index.count, i < 4);
	}
}

static void test_other_suite(void **state)
{
	(void)state;
	make("stanza a 1", "'Origin: Evil'");
	expect_failure(-EBADMSG, "another suite");
	make("stanza a 1", "'Origin: Test'");
	assert_int_equal(shell("sed -i 's/^Codename: one/Codename: two/' "
			       "\"$T/r/dists/one/Release\"; "
			       FUNCTIONS "sign_suite \"$T/r\" one"), 0);
	expect_failure(-EBADMSG, "Codename 'two'");
	make("stanza a 1", "'Origin: Test' 'Suite: one'");
	assert_int_equal(shell("sed -i 's/^Codename: one/Codename: x/' \"$T/r/dists/one/Release\"; "
			       FUNCTIONS "sign_suite \"$T/r\" one"), 0);
	expect_failure(0, "");
}

static void test_updates_suite(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	enum kbtf_verification how;
	struct error err;

	(void)state;
	need("gpg gpgv xz");
	assert_int_equal(shell(FUNCTIONS "stanza linux-image-4.9.0-1-amd64-dbg 1 | deb_suite "
					       "\"$T/r\" two/updates two amd64 'Origin: Test'"),
			 0);
	if (read_release(0, 1, &index, &how, &err))
		fail_msg("%s", err.text);
	assert_int_equal(index.count, 1);
}

static void test_expired(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	enum kbtf_verification how;
	struct error err;

	(void)state;
	make("stanza a 1", "'Origin: Test' 'Valid-Until: Sat, 28 Nov 2020 02:10:46 UTC'");
	expect_failure(-ESTALE, "--allow-expired");
	assert_int_equal(read_release(1, 0, &index, &how, &err), 0);
	reach.allow_expired = true;
	expect_failure(0, "");
	reach.allow_expired = false;
	make("stanza a 1", "'Origin: Test' 'Valid-Until: Sat, 28 Nov 2120 02:10:46 UTC'");
	expect_failure(0, "");
	make("stanza a 1", "'Origin: Test' 'Valid-Until: tomorrow'");
	expect_failure(-EBADMSG, "Valid-Until is no date");
}

static void test_hostile(void **state)
{
	static const struct {
		const char *stanza, *text;
	} stanzas[] = {
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 ../../etc/x.deb", "no path" },
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 pool/../../x.deb", "no path" },
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 /etc/passwd", "no path" },
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 http://evil/x.deb", "no path" },
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 'pool/x?y'", "no path" },
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 ''", "no path" },
		{ "stanza linux-image-6.1.0-9-amd64-dbg 1 | sed 's/^SHA256: .*/SHA256: 12/'",
		  "SHA-256" },
		{ "stanza linux-image-6.1.0-9/../-amd64-dbg 1", "no kernel release" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(*stanzas); i++) {
		make(stanzas[i].stanza, "'Origin: Test'");
		expect_failure(-EBADMSG, stanzas[i].text);
	}
	make("stanza linux-image-6.1.0-9-amd64-dbg 1", "'Origin: Test'");
	assert_int_equal(shell("cd \"$T/r/dists/one/main/binary-amd64\"; "
			       "printf X | dd of=Packages.xz bs=1 seek=20 conv=notrunc "
			       "status=none"),
			 0);
	expect_failure(-EBADMSG, "another SHA-256");
	assert_int_equal(shell("sed -i 's/^Origin: .*/Origin: Evil/' "
			       "\"$T/r/dists/one/InRelease\""),
			 0);
	expect_failure(-EKEYREJECTED, "bad signature");
	assert_int_equal(shell("rm -r \"$T/r/dists/one\""), 0);
	expect_failure(-ENOENT, "InRelease");
}

static void test_unsigned(void **state)
{
	cleanup(index__free) struct index index = { 0 };
	const char *keyring = reach.keyring;
	enum kbtf_verification how;
	struct error err = { "" };

	(void)state;
	make("stanza linux-image-6.1.0-9-amd64-dbg 1", "'Origin: Test'");
	reach.keyring = "/nonexistent/key.gpg";
	expect_failure(-ENOKEY, "--keyring");
	reach.allow_unsigned = true;
	if (read_release(0, 0, &index, &how, &err))
		fail_msg("%s", err.text);
	assert_int_equal(how, KBTF_UNVERIFIED);
	assert_int_equal(index.count, 1);
	assert_null(index.signer);
	index__free(&index);
	reach.keyring = keyring;
	assert_int_equal(shell("rm \"$T/r/dists/one/InRelease\""), 0);
	assert_int_equal(read_release(0, 0, &index, &how, &err), 0);
	assert_int_equal(how, KBTF_UNVERIFIED);
	reach.allow_unsigned = false;
	expect_failure(-ENOKEY, "is not signed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),	 cmocka_unit_test(test_forms),
		cmocka_unit_test(test_other_suite), cmocka_unit_test(test_updates_suite),
		cmocka_unit_test(test_expired),	 cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_unsigned),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
