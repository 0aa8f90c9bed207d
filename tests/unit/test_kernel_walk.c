/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A walk through an archive's kernels: no damage of streams goes unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel_walk.h"
#include "open_archive.h"
#include "temp_dir.h"
#include "version_archive.h"

#define KERNELS 3

struct seen {
	const struct blob *const *blobs;
	bool functions;
	size_t whole, damaged, wrong;
};

static int setup(void **state)
{
	*state = temp_dir__new();
	return 0;
}

static int teardown(void **state)
{
	temp_dir__remove(*state);
	return 0;
}

/* What is said to be whole must be what was stored. */
static int visit(void *ctx, size_t number, int err, struct followed *kernel)
{
	struct seen *seen = ctx;
	_cleanup_free_ void *btf = NULL;
	uint8_t digest[DIGEST_SIZE];
	size_t size;

	if (err) {
		seen->damaged++;
		return 0;
	}
	seen->whole++;
	if (!seen->functions)
		return 0;
	if (record_set__write(&kernel->lineage.pool, &kernel->lineage.set, true, &btf, &size) != 0) {
		seen->wrong++;
		return 0;
	}
	digest__of(btf, size, digest);
	seen->wrong += memcmp(digest, seen->blobs[number]->digest, sizeof(digest)) != 0;
	return 0;
}

static struct seen walk(const struct kbtf_archive *archive, bool functions)
{
	const struct blob *blobs[KERNELS];
	struct seen seen = { .blobs = blobs, .functions = functions };
	const struct kernel_walk_opts opts = { .functions = functions, .visit = visit, .ctx = &seen };

	for (size_t i = 0; i < KERNELS; i++)
		blobs[i] = archive->contents.entries[i].btf;
	assert_int_equal(kernel_walk__each(blobs, KERNELS, &opts), 0);
	assert_int_equal(seen.whole + seen.damaged, KERNELS);
	return seen;
}

static void test_no_damage_goes_unseen(void **state)
{
	size_t size;
	_cleanup_free_ uint8_t *data = version_archive(temp_path(*state, "a.kbtf"), KERNELS, &size);
	struct kbtf_archive *archive = kbtf_archive__open_mem(data, size);
	struct seen seen;

	assert_non_null(archive);
	assert_int_equal(walk(archive, true).whole, KERNELS);
	assert_int_equal(walk(archive, false).whole, KERNELS);
	for (uint32_t i = 0; i < archive->contents.blob_count; i++) {
		const struct blob *blob = &archive->contents.blobs[i];
		uint8_t *stored = data + (blob->stored - data);

		for (size_t at = 0; at < blob->stored_size; at++) {
			stored[at] ^= 0x11;
			seen = walk(archive, true);
			assert_int_equal(seen.wrong, 0);
			assert_true(seen.damaged > 0);
			/* who reads no functions is told of damage in data types alone */
			seen = walk(archive, false);
			assert_true(at < blob->data_size ? seen.damaged > 0 : !seen.damaged);
			stored[at] ^= 0x11;
		}
	}
	kbtf_archive__close(archive);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_damage_goes_unseen, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
