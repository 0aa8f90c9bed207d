/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "small_rpm.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/rpm_header.h"
#include "base/sha256.h"

/* fingerprints that count, or none */
static const char *pins[2];

static int read_header(const char *name, const char *keyring, struct rpm_header *header,
		       struct error *err)
{
	const char *keyrings[] = { keyring ? in_dir(keyring) : NULL, NULL };
	const struct trust trust = { keyrings, pins };

	return rpm_header__read(in_dir(name), keyring ? &trust : NULL, header, err);
}

static void assert_refused(const char *name, const char *keyring, int code, const char *word)
{
	struct rpm_header header;
	struct error err = {};

	assert_int_equal(read_header(name, keyring, &header, &err), -code);
	assert_non_null(strstr(err.text, in_dir(name)));
	if (!strstr(err.text, word))
		fail_msg("'%s' does not say '%s'", err.text, word);
	assert_null(header.files);
	assert_null(header.signed_by);
}

static int make_input(void **state)
{
	int rc = fixture__setup(state);

	if (!rc)
		rc = file__replace(in_dir("content"), "what a kernel is\n", 17, 0600);
	return rc;
}

static void make_packages(void)
{
	static int made;

	make_keys();
	if (made == rpm_format)
		return;
	made = rpm_format;
	make_rpm("unsigned.rpm", "w6.xzdio");
	assert_int_equal(shell("cd $T && cp unsigned.rpm signed.rpm"), 0);
	sign_rpm("signed.rpm", "one");
	assert_int_equal(shell("cd $T && cat two.asc one.asc >both.asc && cat two.gpg one.gpg >both.gpg "
			       "&& echo none >none.asc"), 0);
}

static void lists_files(void **state)
{
	const struct rpm_file *file;
	struct rpm_header header;
	struct error err = {};
	uint8_t digest[SHA256_SIZE];

	(void)state;
	make_packages();
	assert_int_equal(read_header("unsigned.rpm", NULL, &header, &err), 0);
	assert_null(header.signed_by);
	assert_null(rpm_header__find(&header, RPM_MEMBER ".link"));
	assert_null(rpm_header__find(&header, "usr/lib/debug"));
	file = rpm_header__find(&header, RPM_MEMBER);
	assert_non_null(file);
	assert_int_equal(file->size, 17);
	assert_int_equal(file->stored, 17);
	assert_true(S_ISREG(file->mode));
	assert_true(rpm_file__is_strong(file));
	assert_int_equal(sha256__of_file(in_dir("content"), digest), 0);
	assert_int_equal(file->digest_len, sizeof(digest));
	assert_memory_equal(file->digest, digest, sizeof(digest));
	rpm_header__free(&header);
}

static void checks_signatures(void **state)
{
	static const char *const good[] = { "one.asc", "one.gpg", "both.asc", "both.gpg" };
	_cleanup_free_ char *fingerprint = NULL;

	(void)state;
	make_packages();
	fingerprint = output_of("cat $T/one.fpr");
	assert_int_equal(strlen(fingerprint), 40);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct rpm_header header;
		struct error err = {};

		assert_int_equal(read_header("signed.rpm", good[i], &header, &err), 0);
		assert_string_equal(header.signed_by, fingerprint);
		rpm_header__free(&header);
	}
	assert_refused("signed.rpm", "two.asc", EKEYREJECTED, "which is not in");
	assert_refused("signed.rpm", "two.gpg", EKEYREJECTED, "two.gpg");
	assert_refused("signed.rpm", "none.asc", EKEYREJECTED, "which is not in");
	assert_refused("unsigned.rpm", "one.asc", EKEYREJECTED, "not signed");
}

static void counts_pinned_keys_only(void **state)
{
	_cleanup_free_ char *fingerprint = NULL;
	struct rpm_header header;
	struct error err = {};

	(void)state;
	make_packages();
	fingerprint = output_of("cat $T/one.fpr");
	pins[0] = "0123456789ABCDEF0123456789ABCDEF01234567";
	assert_refused("signed.rpm", "both.asc", EKEYREJECTED, fingerprint);
	assert_refused("signed.rpm", "both.gpg", EKEYREJECTED,
		       "none of those that the manifest names");
	assert_refused("signed.rpm", "two.asc", EKEYREJECTED, "which is not in");
	pins[0] = fingerprint;
	assert_int_equal(read_header("signed.rpm", "both.asc", &header, &err), 0);
	rpm_header__free(&header);
	pins[0] = NULL;
}

/* v4 signature packet of 2 or 1 bytes of length, RSA, SHA-256 or SHA-512 */
static void forge_packet(uint8_t *data, size_t size)
{
	for (size_t at = 96; at + 300 < size; at++) {
		if (data[at] == 0x04 && data[at + 1] == 0x00 && data[at + 2] == 0x01 &&
		    (data[at + 3] == 8 || data[at + 3] == 10) && data[at + 4] == 0) {
			data[at + 200] ^= 1;
			return;
		}
	}
}

/* The same in base64, behind the 3 bytes of the packet's own header. */
static void forge_text(uint8_t *data, size_t size)
{
	uint8_t *text = memmem(data, size, "BAABC", 5);

	assert_non_null(text);
	text[250] = text[250] == 'A' ? 'B' : 'A';
}

/* $T/several.rpm, with what tests/lib/make-rpm6 puts in the place of its signatures. */
static void sign_again(const char *options)
{
	assert_int_equal(shell("cp $T/unsigned.rpm $T/several.rpm"), 0);
	make_rpm6("several.rpm %s", options);
}

static void sign_too(const char *options)
{
	make_rpm6("several.rpm --keep %s", options);
}

static void assert_signed_by(const char *keyring, const char *key)
{
	char command[32];
	_cleanup_free_ char *fingerprint = NULL;
	struct rpm_header header;
	struct error err = {};

	snprintf(command, sizeof(command), "cat $T/%s.fpr", key);
	fingerprint = output_of(command);
	if (read_header("several.rpm", keyring, &header, &err))
		fail_msg("%s", err.text);
	assert_string_equal(header.signed_by, fingerprint);
	rpm_header__free(&header);
}

/* Format 6: one that counts is enough, whatever else is there. */
static void takes_one_of_several(void **state)
{
	/* by an algorithm and in a version that librpm 4 does not know */
	static const char unknown[] = "--text wg0GAB4MAAAAAAAAAAAAAA==";
	_cleanup_free_ char *fingerprint = NULL;

	(void)state;
	need("python3");
	make_packages();
	fingerprint = output_of("cat $T/two.fpr");
	sign_again("--sign one@example.org --sign two@example.org");
	assert_signed_by("one.asc", "one");
	assert_signed_by("two.asc", "two");
	pins[0] = fingerprint;
	assert_signed_by("both.asc", "two");
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "none of those that the manifest names");
	pins[0] = NULL;
	sign_again(unknown);
	assert_refused("several.rpm", "both.asc", EKEYREJECTED, "can't be read");
	sign_too("--sign one@example.org");
	assert_signed_by("both.asc", "one");
	assert_refused("several.rpm", "two.asc", EKEYREJECTED, "which is not in");
	/* beside them one as format 4 has it */
	sign_again("--text wg0GAB4MAAAAAAAAAAAAAA== --sign-v4 two@example.org");
	assert_signed_by("both.asc", "two");
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "which is not in");
}

static void refuses_broken_texts(void **state)
{
	struct buf many = {};

	(void)state;
	need("python3");
	make_packages();
	sign_again("--text ''");
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "can't be read");
	sign_again("--text 'this is no base64!'");
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "can't be read");
	sign_too("--sign two@example.org");
	assert_signed_by("two.asc", "two");
	for (int i = 0; i < 17; i++)
		buf__add(&many, "--text x ", 9);
	buf__add(&many, "", 1);
	assert_false(buf__failed(&many));
	sign_again((const char *)many.data);
	buf__free(&many);
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "more than 16 signatures");
}

/* The one that is forged does not undo the other, and is told of where it is alone. */
static void passes_over_a_forged_one(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;

	(void)state;
	need("python3");
	make_packages();
	sign_again("--sign one@example.org");
	assert_int_equal(file__read(in_dir("several.rpm"), 1 << 24, (void **)&data, &size), 0);
	forge_text(data, size);
	assert_int_equal(file__replace(in_dir("several.rpm"), data, size, 0600), 0);
	sign_too("--sign two@example.org");
	assert_signed_by("both.asc", "two");
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "does not fit");
}

/* Whether it is forged or only too old for librpm can't be told: both are named. */
static void names_sha1(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	uint8_t *text;
	size_t size;

	(void)state;
	need("python3");
	make_packages();
	sign_again("--digest sha1 --sign one@example.org");
	assert_int_equal(file__read(in_dir("several.rpm"), 1 << 24, (void **)&data, &size), 0);
	text = memmem(data, size, "BAABAg", 6);
	assert_non_null(text);
	text[250] = text[250] == 'A' ? 'B' : 'A';
	assert_int_equal(file__replace(in_dir("several.rpm"), data, size, 0600), 0);
	assert_refused("several.rpm", "one.asc", EKEYREJECTED, "uses SHA-1");
	/* librpm 6 asks for the key after that */
	assert_refused("several.rpm", "two.asc", EKEYREJECTED, "by the key");
	sign_too("--sign one@example.org");
	assert_signed_by("one.asc", "one");
}

static void looks_into_a_directory_of_keys(void **state)
{
	struct rpm_header header;
	struct error err = {};

	(void)state;
	make_packages();
	assert_int_equal(shell("cd $T && rm -rf keys && mkdir keys && cp two.asc keys && echo x >keys/README"),
			 0);
	assert_refused("signed.rpm", "keys", EKEYREJECTED, "which is not in");
	assert_int_equal(shell("cp $T/one.gpg $T/keys/z.gpg"), 0);
	assert_int_equal(read_header("signed.rpm", "keys", &header, &err), 0);
	rpm_header__free(&header);
}

static void names_a_missing_keyring(void **state)
{
	struct rpm_header header;
	struct error err = {};

	(void)state;
	make_packages();
	assert_int_equal(read_header("signed.rpm", "nokeys", &header, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, in_dir("nokeys")));
}

/* One bit in the header, one bit in the signature. */
static void refuses_alteration(void **state)
{
	_cleanup_free_ uint8_t *genuine = NULL, *forged = NULL;
	size_t size, forged_size, found = 0;

	(void)state;
	make_packages();
	assert_int_equal(file__read(in_dir("signed.rpm"), 1 << 24, (void **)&genuine, &size), 0);
	/* one more bit in a name: the digests tell, with keyring and without */
	for (size_t at = size - 1; at > 200 && !found; at--)
		if (memcmp(genuine + at - 7, "vmlinux", 7) == 0)
			found = at - 7;
	assert_true(found);
	genuine[found] ^= 1;
	assert_int_equal(file__replace(in_dir("altered.rpm"), genuine, size, 0600), 0);
	assert_refused("altered.rpm", NULL, EBADMSG, "SHA-256");
	assert_refused("altered.rpm", "one.asc", EBADMSG, "SHA-256");
	/* a bit in the signature itself */
	genuine[found] ^= 1;
	forged = malloc(size);
	forged_size = size;
	memcpy(forged, genuine, size);
	if (rpm_format == 6)
		forge_text(forged, size);
	else
		forge_packet(forged, size);
	assert_memory_not_equal(forged, genuine, size);
	assert_int_equal(file__replace(in_dir("forged.rpm"), forged, forged_size, 0600), 0);
	assert_refused("forged.rpm", "one.asc", EKEYREJECTED, "does not fit");
}

static void refuses_damage(void **state)
{
	(void)state;
	make_packages();
	assert_int_equal(shell("cd $T && size=$(stat -c %%s signed.rpm) && "
			       "head -c $((size - 1)) signed.rpm >cut1.rpm && "
			       "head -c 2000 signed.rpm >cut2.rpm && head -c 100 signed.rpm >cut3.rpm && "
			       "head -c 96 signed.rpm >cut4.rpm && : >empty.rpm"), 0);
	assert_refused("cut1.rpm", NULL, EBADMSG, "cut off");
	assert_refused("cut2.rpm", NULL, EBADMSG, "inside its header");
	assert_refused("cut3.rpm", NULL, EBADMSG, "inside its header");
	assert_refused("cut4.rpm", NULL, EBADMSG, "inside its header");
	assert_refused("empty.rpm", NULL, EBADMSG, "no RPM package");
	assert_refused("content", NULL, EBADMSG, "no RPM package");
	assert_refused("missing.rpm", NULL, ENOENT, "cannot open");
}

/* Every byte of both headers, one after the other: never accepted with another file list. */
static void survives_any_byte(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;

	(void)state;
	make_packages();
	assert_int_equal(file__read(in_dir("signed.rpm"), 1 << 24, (void **)&data, &size), 0);
	for (size_t at = 96; at < 2000 && at < size; at += 7) {
		struct rpm_header header;
		struct error err = {};

		data[at] ^= 0xff;
		assert_int_equal(file__replace(in_dir("fuzz.rpm"), data, size, 0600), 0);
		if (read_header("fuzz.rpm", "one.asc", &header, &err) == 0)
			assert_non_null(rpm_header__find(&header, RPM_MEMBER));
		else
			assert_true(err.text[0]);
		rpm_header__free(&header);
		data[at] ^= 0xff;
	}
}

static void *read_many(void *result)
{
	for (int i = 0; i < 20; i++) {
		struct rpm_header header;
		struct error err = {};
		/* in_dir's buffers are one thread's */
		char path[4200], keys[4200];
		const char *keyrings[] = { keys, NULL };
		const struct trust trust = { keyrings, NULL };

		snprintf(path, sizeof(path), "%s/signed.rpm", test_dir);
		snprintf(keys, sizeof(keys), "%s/one.asc", test_dir);
		if (rpm_header__read(path, &trust, &header, &err) ||
		    !rpm_header__find(&header, RPM_MEMBER))
			*(int *)result = 1;
		rpm_header__free(&header);
	}
	return NULL;
}

static void works_on_threads(void **state)
{
	pthread_t threads[4];
	int failed[4] = {};

	(void)state;
	make_packages();
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_many, &failed[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(failed[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_of_both_formats(lists_files),
		test_of_both_formats(checks_signatures),
		test_of_both_formats(counts_pinned_keys_only),
		cmocka_unit_test_setup(takes_one_of_several, use_format_6),
		cmocka_unit_test_setup(refuses_broken_texts, use_format_6),
		cmocka_unit_test_setup(passes_over_a_forged_one, use_format_6),
		cmocka_unit_test_setup(names_sha1, use_format_6),
		test_of_both_formats(looks_into_a_directory_of_keys),
		test_of_both_formats(names_a_missing_keyring),
		test_of_both_formats(refuses_alteration),
		test_of_both_formats(refuses_damage),
		test_of_both_formats(survives_any_byte),
		test_of_both_formats(works_on_threads),
	};

	return cmocka_run_group_tests(tests, make_input, fixture__teardown);
}
