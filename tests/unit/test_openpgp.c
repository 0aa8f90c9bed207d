/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "source/openpgp.h"

/* Two keys, one that has expired, and files signed by them. */
static const char make_keys[] =
	"set -e; mkdir -p \"$T/h\" \"$T/s\"; chmod 700 \"$T/h\"; export GNUPGHOME=\"$T/h\"\n"
	"g() { gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' \"$@\" "
	"2>>\"$T/gpg.log\"; }\n"
	"g --quick-gen-key one@example.invalid ed25519 sign never\n"
	"g --quick-gen-key two@example.invalid ed25519 sign never\n"
	"g --faked-system-time 20200101T000000 --quick-gen-key old@example.invalid ed25519 sign "
	"1m\n"
	"g --export one@example.invalid > \"$T/one.gpg\"\n"
	"g --armor --export one@example.invalid > \"$T/one.asc\"\n"
	"g --armor --export two@example.invalid > \"$T/two.asc\"\n"
	"cat \"$T/two.asc\" \"$T/one.asc\" > \"$T/both.asc\"\n"
	"g --export old@example.invalid > \"$T/old.gpg\"\n"
	"printf 'Origin: Test\\n- dash\\nSHA256:\\n abc\\n' > \"$T/text\"\n"
	"g -u one@example.invalid --clearsign --output \"$T/signed\" \"$T/text\"\n"
	"g -u two@example.invalid --clearsign --output \"$T/signed-two\" \"$T/text\"\n"
	"g -u one@example.invalid -u two@example.invalid --clearsign --output \"$T/signed-both\" "
	"\"$T/text\"\n"
	"g -u one@example.invalid --digest-algo SHA1 --clearsign --output \"$T/signed-sha1\" "
	"\"$T/text\"\n"
	"g --faked-system-time 20200102T000000 -u old@example.invalid --clearsign "
	"--output \"$T/signed-old\" \"$T/text\"\n"
	"g -u one@example.invalid --armor --detach-sign --output \"$T/text.asc\" \"$T/text\"\n"
	"sed 's/ abc/ abd/' \"$T/signed\" > \"$T/changed\"\n"
	"{ echo 'SHA256: evil'; cat \"$T/signed\"; } > \"$T/before\"\n"
	"{ cat \"$T/signed\"; echo 'SHA256: evil'; } > \"$T/after\"\n"
	"cat \"$T/signed-two\" \"$T/signed\" > \"$T/twice\"\n"
	"gpgconf --kill all\n";

/* Whether the keyrings have the primary keys of these names. */
static bool has_keys(const char *keyring, const char *one, const char *other)
{
	const char *keyrings[] = { "/nonexistent/keyring.gpg", in_dir(keyring), NULL };
	struct openpgp_policy policy = { .keyrings = keyrings };
	const char *names[] = { one, other }, *fingerprints[3] = { NULL };
	bool has;

	for (size_t i = 0; i < 2 && names[i]; i++) {
		char command[256];

		snprintf(command, sizeof(command), "GNUPGHOME=\"$T/h\" gpg --batch --with-colons "
			 "--list-keys %s@example.invalid | sed -n 's/^fpr:::::::::\\(.*\\):$/\\1/p' | "
			 "head -n 1", names[i]);
		fingerprints[i] = output_of(command);
		assert_int_equal(strlen(fingerprints[i]), 40);
	}
	has = openpgp__has_keys(&policy, fingerprints);
	for (size_t i = 0; i < 2; i++)
		free((char *)fingerprints[i]);
	return has;
}

static void test_has_keys(void **state)
{
	(void)state;
	need("gpg gpgv");
	assert_true(has_keys("one.gpg", "one", NULL));
	assert_true(has_keys("one.asc", "one", NULL));
	assert_true(has_keys("both.asc", "one", "two"));
	assert_true(has_keys("both.asc", NULL, NULL));
	assert_false(has_keys("one.gpg", "two", NULL));
	assert_false(has_keys("one.gpg", "one", "two"));
	assert_false(has_keys("two.asc", "one", NULL));
	assert_false(has_keys("no-such-file", "one", NULL));
	assert_false(has_keys("text", "one", NULL));
	assert_int_equal(shell("head -c 40 \"$T/one.gpg\" >\"$T/cut.gpg\""), 0);
	assert_false(has_keys("cut.gpg", "one", NULL));
}

static int setup(void **state)
{
	if (fixture__setup(state))
		return -1;
	if (shell("command -v gpg >/dev/null && command -v gpgv >/dev/null"))
		return 0;
	return shell("%s", make_keys);
}

/* fingerprints that count, or none */
static const char *pins[3];

static int verify(const char *file, const char *keyring, bool accept_expired, struct error *err)
{
	const char *keyrings[] = { "/nonexistent/keyring.gpg", keyring, NULL };
	struct openpgp_policy policy = { .keyrings = keyrings, .keys = pins,
					 .keyring_package = "the-keyring",
					 .scratch = in_dir("s"),
					 .accept_expired_keys = accept_expired };
	char *fingerprint = NULL, *expected;
	int ret = openpgp__verify_clearsigned(in_dir(file), "http://x.invalid/InRelease",
					      in_dir("out"), &policy, &fingerprint, err);

	if (ret) {
		assert_null(fingerprint);
		assert_int_not_equal(access(in_dir("out"), F_OK), 0);
	} else {
		assert_int_equal(shell("cmp \"$T/out\" \"$T/text\""), 0);
		assert_int_equal(strlen(fingerprint), 40);
		assert_true(asprintf(&expected,
				     "GNUPGHOME=\"$T/h\" gpg --list-keys --with-colons "
				     "2>/dev/null | grep -c '^fpr:.*:%s:'", fingerprint) > 0);
		assert_output(expected, "1");
		free(expected);
	}
	free(fingerprint);
	return ret;
}

static void test_good(void **state)
{
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	if (verify("signed", in_dir("one.gpg"), false, &err))
		fail_msg("%s", err.text);
	assert_int_equal(verify("signed", in_dir("one.asc"), false, &err), 0);
	assert_int_equal(verify("signed", in_dir("both.asc"), false, &err), 0);
	assert_int_equal(verify("signed-two", in_dir("both.asc"), false, &err), 0);
	/* one known key of two is enough */
	assert_int_equal(verify("signed-both", in_dir("one.gpg"), false, &err), 0);
	/* nothing of it stays behind */
	assert_output("ls \"$T/s\"", "");
}

static char *fingerprint_of(const char *name)
{
	_cleanup_free_ char *command = NULL;

	assert_true(asprintf(&command,
			     "GNUPGHOME=\"$T/h\" gpg --list-keys --with-colons "
			     "%s@example.invalid 2>/dev/null | sed -n '/^fpr/{s/^fpr:*//;s/:.*//p;q}'",
			     name) > 0);
	return output_of(command);
}

static void test_pinned_key(void **state)
{
	_cleanup_free_ char *one = NULL, *two = NULL;
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	one = fingerprint_of("one");
	two = fingerprint_of("two");
	pins[0] = one;
	if (verify("signed", in_dir("both.asc"), false, &err))
		fail_msg("%s", err.text);
	assert_int_equal(verify("signed-both", in_dir("both.asc"), false, &err), 0);
	assert_int_equal(verify("signed-two", in_dir("both.asc"), false, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, two));
	assert_non_null(strstr(err.text, "none of those that the manifest names"));
	assert_int_equal(verify("signed", in_dir("none.gpg"), false, &err), -ENOKEY);
	pins[1] = two;
	assert_int_equal(verify("signed-two", in_dir("both.asc"), false, &err), 0);
	/* a bad signature is too much, whoever made it */
	pins[0] = two;
	pins[1] = NULL;
	assert_int_equal(verify("changed", in_dir("both.asc"), false, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, "bad signature"));
	pins[0] = NULL;
}

static void test_directory_of_keys(void **state)
{
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	assert_int_equal(shell("mkdir -p \"$T/keys/below\" \"$T/empty\"; cd \"$T/keys\"; "
			       "echo read me > README; cp ../one.gpg .hidden; "
			       ": > nothing; "
			       "GNUPGHOME=\"$T/h\" gpg --export two@example.invalid > b.gpg; "
			       "cp ../one.asc below"), 0);
	assert_int_equal(verify("signed-two", in_dir("keys"), false, &err), 0);
	assert_int_equal(verify("signed", in_dir("keys"), false, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "in no keyring at hand"));
	assert_int_equal(shell("cp \"$T/one.asc\" \"$T/keys/a.asc\""), 0);
	if (verify("signed", in_dir("keys"), false, &err))
		fail_msg("%s", err.text);
	assert_int_equal(verify("signed", in_dir("empty"), false, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "no keys to check"));
}

static void test_unknown_key(void **state)
{
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	assert_int_equal(verify("signed-two", in_dir("one.gpg"), false, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "the-keyring"));
	assert_non_null(strstr(err.text, "signed by key "));
	assert_int_equal(verify("signed", in_dir("none.gpg"), false, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "install the-keyring"));
}

static void test_rejected(void **state)
{
	static const char *const files[] = { "changed", "before", "after", "twice", "signed-sha1",
					     "text" };

	(void)state;
	need("gpg gpgv");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct error err = { "" };
		int ret = verify(files[i], in_dir("one.gpg"), true, &err);

		if (ret != -EKEYREJECTED)
			fail_msg("%s: %d %s", files[i], ret, err.text);
		assert_non_null(strstr(err.text, "http://x.invalid/InRelease"));
	}
}

static void test_expired_key(void **state)
{
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	assert_int_equal(verify("signed-old", in_dir("old.gpg"), false, &err), -EKEYEXPIRED);
	if (verify("signed-old", in_dir("old.gpg"), true, &err))
		fail_msg("%s", err.text);
}

static void test_damaged_keyring(void **state)
{
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	assert_int_equal(shell("sed '5s/^..../!!!!/' \"$T/one.asc\" > \"$T/damaged.asc\"; "
			       "head -c 200 \"$T/one.asc\" > \"$T/short.asc\""), 0);
	assert_int_equal(verify("signed", in_dir("damaged.asc"), false, &err), -EBADMSG);
	assert_int_equal(verify("signed", in_dir("short.asc"), false, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "short.asc"));
}

static void test_detached(void **state)
{
	const char *keyrings[] = { NULL, NULL };
	struct openpgp_policy policy = { .keyrings = keyrings };
	struct error err = { "" };
	char *fingerprint = NULL;

	(void)state;
	need("gpg gpgv");
	keyrings[0] = in_dir("one.asc");
	policy.scratch = in_dir("s");
	if (openpgp__verify_detached(in_dir("text"), in_dir("text.asc"), "name", &policy,
				     &fingerprint, &err))
		fail_msg("%s", err.text);
	free(fingerprint);
	fingerprint = NULL;
	keyrings[0] = in_dir("one.asc");
	policy.scratch = in_dir("s");
	assert_int_equal(openpgp__verify_detached(in_dir("signed"), in_dir("text.asc"), "name",
						  &policy, &fingerprint, &err),
			 -EKEYREJECTED);
	assert_non_null(strstr(err.text, "bad signature"));
	assert_null(fingerprint);
}

static void test_strip(void **state)
{
	struct error err = { "" };

	(void)state;
	need("gpg gpgv");
	assert_int_equal(openpgp__strip_signature(in_dir("signed"), in_dir("out"), &err), 0);
	assert_int_equal(shell("cmp \"$T/out\" \"$T/text\""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_unknown_key),
		cmocka_unit_test(test_rejected),     cmocka_unit_test(test_expired_key),
		cmocka_unit_test(test_damaged_keyring), cmocka_unit_test(test_detached),
		cmocka_unit_test(test_strip),	     cmocka_unit_test(test_pinned_key),
		cmocka_unit_test(test_directory_of_keys),
		cmocka_unit_test(test_has_keys),
	};

	return cmocka_run_group_tests(tests, setup, fixture__teardown);
}
