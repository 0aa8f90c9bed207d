/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The file that is wanted out of an .rpm: of both formats, and what is refused. */
#include "small_rpm.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "stage/extract.h"

#define CONTENT_SIZE 3000000

static void assert_out(void)
{
	struct stat st;

	assert_int_equal(shell("cmp $T/out $T/content"), 0);
	assert_int_equal(stat(in_dir("out"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Half of it can be compressed. */
static int make_content(void **state)
{
	int rc = fixture__setup(state);

	if (!rc)
		rc = shell("head -c %d /dev/urandom >$T/content && "
			   "head -c %d /dev/zero >>$T/content", CONTENT_SIZE / 2, CONTENT_SIZE / 2);
	return rc;
}

static int extract_rpm(const char *package, const char *keyring, struct extracted *extracted,
		       struct error *err)
{
	const char *keyrings[] = { keyring ? in_dir(keyring) : NULL, NULL };
	const struct extract_opts opts = {
		.package_path = in_dir(package),
		.member = "usr/lib/debug/lib/modules/*/vmlinux*",
		.out_path = in_dir("out"),
		.rpm_trust = { keyring ? keyrings : NULL, NULL },
	};

	unlink(opts.out_path);
	return extract__member(&opts, extracted, err);
}

static void opens_rpms(void **state)
{
	static const char *const payloads[] = { "w9.gzdio", "w6.xzdio", "w9.bzdio", "w3.zstdio" };
	_cleanup_free_ char *fingerprint = NULL;

	(void)state;
	make_keys();
	fingerprint = output_of("cat $T/one.fpr");
	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		struct extracted extracted;
		struct error err = {};

		make_rpm("k.rpm", payloads[i]);
		assert_int_equal(extract_rpm("k.rpm", NULL, &extracted, &err), 0);
		assert_string_equal(extracted.member, RPM_MEMBER);
		assert_null(extracted.signed_by);
		assert_out();
		extracted__free(&extracted);
		assert_int_equal(extract_rpm("k.rpm", "one.asc", &extracted, &err), -EKEYREJECTED);
		assert_int_equal(access(in_dir("out"), F_OK), -1);
		sign_rpm("k.rpm", "one");
		assert_int_equal(extract_rpm("k.rpm", "one.asc", &extracted, &err), 0);
		assert_string_equal(extracted.signed_by, fingerprint);
		assert_out();
		extracted__free(&extracted);
		assert_int_equal(extract_rpm("k.rpm", "two.asc", &extracted, &err), -EKEYREJECTED);
	}
}

/* The header and its signature are as they were; the payload is not. */
static void checks_member_digests(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct extracted extracted;
	struct error err = {};
	size_t size;

	(void)state;
	make_keys();
	/* stored, so that the change is not found by a decompressor */
	make_rpm("k.rpm", "w.ufdio");
	sign_rpm("k.rpm", "one");
	assert_int_equal(extract_rpm("k.rpm", "one.asc", &extracted, &err), 0);
	extracted__free(&extracted);
	assert_int_equal(file__read(in_dir("k.rpm"), 1 << 24, (void **)&data, &size), 0);
	data[size - 1000000] ^= 1;
	assert_int_equal(file__replace(in_dir("k.rpm"), data, size, 0600), 0);
	for (int signed_too = 0; signed_too < 2; signed_too++) {
		assert_int_equal(extract_rpm("k.rpm", signed_too ? "one.asc" : NULL, &extracted, &err),
				 -EBADMSG);
		assert_non_null(strstr(err.text, "has not the digest"));
		assert_int_equal(access(in_dir("out"), F_OK), -1);
	}
}

/* $T/k.rpm of format 6, stored. Its files are in this order: a folder, vmlinux, a link, z. */
static void make_stored(const char *options)
{
	need("python3");
	make_rpm6("k.rpm --payload none /usr/lib/debug /" RPM_MEMBER "=content /" RPM_MEMBER
		  ".link=@vmlinux /usr/lib/debug/lib/modules/z=one.asc %s", options);
}

static void assert_rpm_refused(int code, const char *word)
{
	struct extracted extracted;
	struct error err = {};

	assert_int_equal(extract_rpm("k.rpm", NULL, &extracted, &err), -code);
	if (!strstr(err.text, word) || !strstr(err.text, in_dir("k.rpm")))
		fail_msg("'%s' does not say '%s'", err.text, word);
	assert_int_equal(access(in_dir("out"), F_OK), -1);
}

static void assert_rpm_extracted(void)
{
	struct extracted extracted;
	struct error err = {};

	if (extract_rpm("k.rpm", NULL, &extracted, &err))
		fail_msg("%s", err.text);
	assert_string_equal(extracted.member, RPM_MEMBER);
	assert_int_equal(extracted.size, CONTENT_SIZE);
	assert_out();
	extracted__free(&extracted);
}

/* The last place of `text` in $T/k.rpm gets another. */
static void overwrite(const char *text, const char *with)
{
	_cleanup_free_ uint8_t *data = NULL;
	uint8_t *at = NULL, *next;
	size_t size;

	assert_int_equal(file__read(in_dir("k.rpm"), 1 << 24, (void **)&data, &size), 0);
	next = data;
	while ((next = memmem(next, data + size - next, text, strlen(text))))
		at = next++;
	assert_non_null(at);
	memcpy(at, with, strlen(with));
	assert_int_equal(file__replace(in_dir("k.rpm"), data, size, 0600), 0);
}

static void reads_numbered_payloads(void **state)
{
	(void)state;
	make_keys();
	make_stored("");
	assert_rpm_extracted();
	make_stored("--order 3 2 1 0");
	assert_rpm_extracted();
	/* of two names the last has the content; the other is a link, as in cpio */
	make_stored("/usr/lib/debug/lib/modules/0/vmlinux=+/" RPM_MEMBER);
	assert_rpm_extracted();
	make_stored("/usr/lib/debug/lib/modules/0/vmlinux=+/" RPM_MEMBER " --order 1");
	assert_rpm_refused(ENOENT, "is only a link");
	make_stored("--order 0 2 3");
	assert_rpm_refused(ENOENT, "vmlinux.link is only a link to 'vmlinux'");
	make_stored("--order 0 3");
	assert_rpm_refused(ENOENT, "the largest is usr/lib/debug/lib/modules/z");
	/* what is behind vmlinux is not read */
	make_stored("--order 1 3");
	overwrite("07070X00000003", "nothing of use");
	assert_rpm_extracted();
	make_stored("--order 3 1");
	overwrite("07070X00000003", "nothing of use");
	assert_rpm_refused(EBADMSG, "of no known format");
}

static void refuses_hostile_numbered_payloads(void **state)
{
	(void)state;
	make_keys();
	make_stored("--size /" RPM_MEMBER "=10995116277760");
	assert_rpm_refused(EFBIG, "over the limit");
	make_stored("--size /" RPM_MEMBER "=18446744073709551615");
	assert_rpm_refused(EBADMSG, "an impossible size");
	make_stored("--size /" RPM_MEMBER "=2999999");
	assert_rpm_refused(EBADMSG, "has not the digest");
	make_stored("--size /" RPM_MEMBER "=3000001");
	assert_rpm_refused(EBADMSG, "has not the digest");
	make_stored("--size /" RPM_MEMBER "=4000000");
	assert_rpm_refused(EBADMSG, "ends too early");
	make_stored("--size /usr/lib/debug/lib/modules/z=9 --order 3 1");
	assert_rpm_refused(EBADMSG, "of no known format");
	make_stored("--order 0 9 1");
	assert_rpm_refused(EBADMSG, "that the header does not list");
	make_stored("");
	overwrite("07070X00000001", "07070X0000000g");
	assert_rpm_refused(EBADMSG, "broken entry");
	make_stored("");
	overwrite("07070X00000001", "07070100000001");
	assert_rpm_refused(EBADMSG, "mixes two formats");
	make_stored("--order 2 1");
	overwrite("07070X00000001", "07070X00000000");
	overwrite("07070X00000002", "07070X00000001");
	assert_rpm_refused(EBADMSG, "has not the digest");
	/* the end that rpm 6 will read, too */
	make_stored("");
	overwrite("07070X00000001", "07070Xffffffff");
	assert_rpm_refused(ENOENT, "no file at all");
	make_stored("");
	assert_int_equal(truncate(in_dir("k.rpm"), CONTENT_SIZE), 0);
	assert_rpm_refused(EBADMSG, "cut off");
}

static void refuses_unsigned_formats(void **state)
{
	struct extracted extracted;
	struct error err = {};

	(void)state;
	need("tar");
	make_keys();
	assert_int_equal(shell("cd $T && mkdir -p $(dirname " RPM_MEMBER ") && cp content " RPM_MEMBER
			       " && tar -cf k.rpm usr"), 0);
	assert_int_equal(extract_rpm("k.rpm", "one.asc", &extracted, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "no RPM package"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_of_both_formats(opens_rpms),
		test_of_both_formats(checks_member_digests),
		cmocka_unit_test(reads_numbered_payloads),
		cmocka_unit_test(refuses_hostile_numbered_payloads),
		cmocka_unit_test(refuses_unsigned_formats),
	};

	return cmocka_run_group_tests(tests, make_content, fixture__teardown);
}
