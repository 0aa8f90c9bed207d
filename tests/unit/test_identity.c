/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fixture.h"

#include <errno.h>

#include "base/cleanup.h"
#include "source/identity.h"

static char certificates[sizeof(test_dir) + 16], keys[sizeof(test_dir) + 16];

static void make(const char *files)
{
	assert_int_equal(shell("rm -rf \"$T/e\"; mkdir \"$T/e\"; cd \"$T/e\"; touch none %s; rm none",
			       files), 0);
}

static int find(struct identity *identity, struct error *err)
{
	struct repository repository = { .name = "rhel", .client_certificate = certificates,
					 .client_key = keys };

	snprintf(certificates, sizeof(certificates), "%s/e/*.pem", test_dir);
	snprintf(keys, sizeof(keys), "%s/e/*-key.pem", test_dir);
	return identity__find(&repository, identity, err);
}

/* /etc/pki/entitlement has pairs of NUMBER.pem and NUMBER-key.pem, as many as subscriptions. */
static void test_pairs(void **state)
{
	static const struct {
		const char *files, *certificate, *key;
	} rows[] = {
		{ "7.pem 7-key.pem", "7.pem", "7-key.pem" },
		{ "7.pem 7-key.pem 3.pem 3-key.pem", "3.pem", "3-key.pem" },
		{ "1.pem 2-key.pem 7.pem 7-key.pem", "7.pem", "7-key.pem" },
		{ "", NULL, NULL },
		{ "7.pem", NULL, NULL },
		{ "7-key.pem 8.pem", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(identity__free) struct identity identity = { 0 };
		struct error err = { "" };
		int ret;

		make(rows[i].files);
		ret = find(&identity, &err);
		if (!rows[i].certificate) {
			assert_int_equal(ret, -ENOENT);
			assert_non_null(strstr(err.text, "register it"));
			assert_non_null(strstr(err.text, "--mirror rhel=URL"));
			continue;
		}
		if (ret)
			fail_msg("%s: %s", rows[i].files, err.text);
		assert_string_equal(strrchr(identity.certificate, '/') + 1, rows[i].certificate);
		assert_string_equal(strrchr(identity.key, '/') + 1, rows[i].key);
	}
}

static void test_named(void **state)
{
	cleanup(identity__free) struct identity identity = { 0 };
	struct repository repository = { .name = "x", .ca_certificate = "/ca" };
	struct error err = { "" };

	(void)state;
	assert_int_equal(identity__find(&repository, &identity, &err), 0);
	assert_string_equal(identity__files(&identity).ca_file, "/ca");
	assert_null(identity.certificate);
	identity__free(&identity);
	make("client.pem secret.pem");
	snprintf(certificates, sizeof(certificates), "%s/e/client.pem", test_dir);
	snprintf(keys, sizeof(keys), "%s/e/secret.pem", test_dir);
	repository.client_certificate = certificates;
	repository.client_key = keys;
	if (identity__find(&repository, &identity, &err))
		fail_msg("%s", err.text);
	assert_string_equal(identity.key, keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_named),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
