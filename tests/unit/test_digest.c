/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Digests, against those that the BLAKE3 reference implementation (b3sum) gives of the bytes
 * 0, 1, ... 250, 0, 1, ...; and every way to compress several inputs at once, against one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* with what is static in it, under another name than the library's */
#define digest__of digest__of_source
#include "../../archive/base/digest.c"
#undef digest__of
void digest__of(const void *data, size_t size, uint8_t digest[DIGEST_SIZE]);

static const struct {
	size_t size;
	const char *digest;
} known[] = {
	{ 0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" },
	{ 1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213" },
	{ 64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98" },
	{ 65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee" },
	{ 1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7" },
	{ 1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444" },
	{ 2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030" },
	{ 8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63" },
	{ 8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b" },
	{ 16385, "1dabe216be2578830263b049de1639f39f05a4da616b9b78c7a5e4e41662fd1f" },
	{ 65537, "7c99f9840a73dfcb6e5bfe4ff6d1558acab7e015640790c26411818bdbe17eca" },
	{ 102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085" },
};

static uint8_t *count_up(size_t size)
{
	/* of exactly that size, and never aligned, so that sanitizers see what is wrong */
	uint8_t *bytes = malloc(size + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i + 1] = i % 251;
	return bytes;
}

static void test_known_digests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint8_t *bytes = count_up(known[i].size), digest[DIGEST_SIZE];
		char text[2 * DIGEST_SIZE + 1];

		digest__of(bytes + 1, known[i].size, digest);
		for (int k = 0; k < DIGEST_SIZE; k++)
			sprintf(text + 2 * k, "%02x", digest[k]);
		assert_string_equal(text, known[i].digest);
		digest__of_source(bytes + 1, known[i].size, digest);
		for (int k = 0; k < DIGEST_SIZE; k++)
			sprintf(text + 2 * k, "%02x", digest[k]);
		assert_string_equal(text, known[i].digest);
		free(bytes);
	}
}

/* Whether all chaining values are those of the inputs one by one. */
static void assert_compressed(void (*way)(const struct inputs *, uint32_t (*)[CV_WORDS]))
{
	uint64_t counter = UINT32_MAX - 2; /* which carries on the way */
	uint8_t *bytes = count_up(LANES * CHUNK_SIZE);
	const struct inputs in = { bytes + 1, CHUNK_SIZE, counter, 1, 0, CHUNK_START, CHUNK_END };
	uint32_t cvs[LANES][CV_WORDS], cv[CV_WORDS];

	way(&in, cvs);
	for (size_t i = 0; i < LANES; i++) {
		hash_chunk(in.data + i * CHUNK_SIZE, CHUNK_SIZE, counter + i, 0, cv);
		assert_memory_equal(cvs[i], cv, sizeof(cv));
	}
	free(bytes);
}

static void test_each_way_to_compress(void **state)
{
	(void)state;
	assert_compressed(compress_any);
	assert_compressed(compress_inputs);
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		assert_compressed(compress_avx2);
	else
		print_message("# no AVX2 to test here\n");
	if (__builtin_cpu_supports("avx512vl"))
		assert_compressed(compress_avx512);
	else
		print_message("# no AVX-512 to test here\n");
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_digests),
		cmocka_unit_test(test_each_way_to_compress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
