/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of an entry when more of the same kernel is added. */
#include "fixture.h"

#include <kbtf.h>

#include "base/sha256.h"
#include "small_btf.h"
#include "stage/pack.h"

static const uint8_t build_id[20] = { 1, 2, 3 };
static void *full, *min;
static size_t full_size, min_size;
static const char *version = "1"; /* of the encoder */

/* A profile of one object, named by `object`; `is_full`: and the full BTF. */
static void pack(const char *object, bool is_full, enum kbtf_verification verification)
{
	struct kbtf_object_ref ref = { .name = object };
	const struct kbtf_new_min new_min = {
		.profile = object, .objects = &ref, .object_count = 1,
		.btf = min, .btf_size = min_size,
	};
	const struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = { .sz = sizeof(entry.ident), .arch = "x86_64",
			   .kernel_release = "4.18.0", .build_id = build_id,
			   .build_id_len = sizeof(build_id) },
		.provenance = { .sz = sizeof(entry.provenance),
				.encoder = is_full ? "pahole" : "dwarf",
				.encoder_version = version,
				.verification = verification },
		.btf = is_full ? full : NULL,
		.btf_size = is_full ? full_size : 0,
		.mins = &new_min,
		.min_count = 1,
	};
	struct packed packed;
	struct error err;

	sha256__of(object, strlen(object), ref.sha256);
	if (pack__entry(in_dir("a.kbtf"), &entry, &packed, &err))
		fail_msg("%s", err.text);
}

static bool has_min(const struct kbtf_archive *archive, const char *name)
{
	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(archive, i);

		if (!strcmp(kbtf_profile__name(profile), name))
			return kbtf_entry__min_size(kbtf_archive__entry(archive, 0), profile);
	}
	return false;
}

/* One entry: with full BTF or without, of these profiles, "one two", by this encoder. */
static void expect(bool is_full, const char *profiles, const char *encoder,
		   enum kbtf_verification verification)
{
	struct kbtf_archive *archive = kbtf_archive__open(in_dir("a.kbtf"));
	const struct kbtf_entry *entry;

	assert_non_null(archive);
	assert_int_equal(kbtf_archive__entry_count(archive), 1);
	entry = kbtf_archive__entry(archive, 0);
	assert_int_equal(kbtf_entry__btf_size(entry) > 0, is_full);
	assert_int_equal(has_min(archive, "one"), strstr(profiles, "one") != NULL);
	assert_int_equal(has_min(archive, "two"), strstr(profiles, "two") != NULL);
	assert_string_equal(kbtf_entry__provenance(entry)->encoder, encoder);
	assert_int_equal(kbtf_entry__provenance(entry)->verification, verification);
	kbtf_archive__close(archive);
}

static void begin(void)
{
	unlink(in_dir("a.kbtf"));
}

static void test_minimized_alone(void **state)
{
	(void)state;
	begin();
	pack("one", false, KBTF_VERIFIED_SIGNED_INDEX);
	expect(false, "one", "dwarf", KBTF_VERIFIED_SIGNED_INDEX);
	pack("two", false, KBTF_VERIFIED_SIGNED_INDEX);
	expect(false, "one two", "dwarf", KBTF_VERIFIED_SIGNED_INDEX);
	pack("one", false, KBTF_VERIFIED_SIGNED_INDEX);
	expect(false, "one two", "dwarf", KBTF_VERIFIED_SIGNED_INDEX);
}

static void test_full_stays(void **state)
{
	(void)state;
	begin();
	pack("one", true, KBTF_VERIFIED_SIGNED_INDEX);
	pack("two", false, KBTF_VERIFIED_SIGNED_INDEX);
	expect(true, "one two", "pahole", KBTF_VERIFIED_SIGNED_INDEX);
}

static void test_full_comes(void **state)
{
	(void)state;
	begin();
	pack("one", false, KBTF_VERIFIED_SIGNED_INDEX);
	pack("two", true, KBTF_VERIFIED_SIGNED_INDEX);
	expect(true, "one two", "pahole", KBTF_VERIFIED_SIGNED_INDEX);
}

/* An entry is not better verified than any part of it. */
static void test_trust(void **state)
{
	(void)state;
	begin();
	pack("one", true, KBTF_VERIFIED_SIGNED_INDEX);
	pack("two", false, KBTF_VERIFIED_PARTIAL);
	expect(true, "one two", "pahole", KBTF_VERIFIED_PARTIAL);
	begin();
	pack("one", true, KBTF_UNVERIFIED);
	pack("two", false, KBTF_VERIFIED_SIGNED_PACKAGE);
	expect(true, "one two", "pahole", KBTF_UNVERIFIED);
	/* what is less verified than the new goes */
	begin();
	pack("one", false, KBTF_VERIFIED_PARTIAL);
	pack("two", true, KBTF_VERIFIED_SIGNED_INDEX);
	expect(true, "two", "pahole", KBTF_VERIFIED_SIGNED_INDEX);
	begin();
	pack("one", false, KBTF_UNVERIFIED);
	pack("two", false, KBTF_VERIFIED_PARTIAL);
	expect(false, "two", "dwarf", KBTF_VERIFIED_PARTIAL);
	begin();
	pack("one", false, KBTF_VERIFIED_SIGNED_INDEX);
	pack("two", false, KBTF_VERIFIED_PARTIAL);
	expect(false, "one two", "dwarf", KBTF_VERIFIED_PARTIAL);
}

/* What an older encoder minimized would pass for the newer one's. */
static void test_older_rules(void **state)
{
	(void)state;
	begin();
	pack("one", false, KBTF_VERIFIED_SIGNED_INDEX);
	version = "2";
	pack("two", false, KBTF_VERIFIED_SIGNED_INDEX);
	expect(false, "two", "dwarf", KBTF_VERIFIED_SIGNED_INDEX);
	version = "1";
}

static int setup(void **state)
{
	full = small_btf(12, &full_size);
	min = small_btf(2, &min_size);
	return fixture__setup(state);
}

static int teardown(void **state)
{
	free(full);
	free(min);
	return fixture__teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minimized_alone),
		cmocka_unit_test(test_full_stays),
		cmocka_unit_test(test_full_comes),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_older_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
