/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernels of one series, more than one path of an archive takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>
#include <cmocka.h>
#include <kbtf_write.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "temp_dir.h"

enum { KERNELS = 300, STRUCTS = 200, EARLY = 60 };

/* Names that share nothing a compressor finds. */
static void name_of(unsigned int number, char name[32])
{
	uint64_t x = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	snprintf(name, 32, "s%016llx", (unsigned long long)(x ^ x >> 27));
}

/* Each kernel has one struct that the one before had not, and lacks the oldest of that. */
static struct btf *kernel(unsigned int number)
{
	struct btf *btf = btf__new_empty();
	char name[32];

	assert_non_null(btf);
	for (unsigned int i = number; i < number + STRUCTS; i++) {
		name_of(i, name);
		assert_true(btf__add_struct(btf, name, 4) > 0);
	}
	return btf;
}

static void add(struct kbtf_writer *writer, unsigned int number)
{
	struct btf *btf = kernel(number);
	struct kbtf_new_entry entry = { .sz = sizeof(entry) };
	enum kbtf_added added;
	char release[32];
	uint32_t size;

	snprintf(release, sizeof(release), "5.4.0-%u-generic", number);
	entry.ident = (struct kbtf_ident){ .sz = sizeof(entry.ident), .distro = "ubuntu",
					   .distro_release = "20.04", .arch = "x86_64",
					   .kernel_release = release };
	entry.provenance.sz = sizeof(entry.provenance);
	entry.btf = btf__raw_data(btf, &size);
	entry.btf_size = size;
	assert_int_equal(kbtf_writer__add(writer, &entry, &added), 0);
	btf__free(btf);
}

/* On average, of kernels from..to - 1: entries are in order of version. */
static size_t stored(const struct kbtf_archive *archive, unsigned int from, unsigned int to)
{
	size_t sum = 0;

	for (unsigned int i = from; i < to; i++)
		sum += kbtf_entry__btf_stored_size(kbtf_archive__entry(archive, i));
	return sum / (to - from);
}

static void assert_even(const char *path)
{
	struct kbtf_archive *archive = kbtf_archive__open(path);
	size_t early, late, size;
	void *data;

	assert_non_null(archive);
	assert_int_equal(kbtf_archive__entry_count(archive), KERNELS);
	early = stored(archive, 1, EARLY);
	late = stored(archive, EARLY, KERNELS);
	/* now and then one is told after one that is far away, and costs nearly a whole one */
	assert_in_range(late, 1, 2 * early);
	assert_int_equal(kbtf_entry__read_btf(kbtf_archive__entry(archive, KERNELS - 1), &data,
					      &size), 0);
	free(data);
	kbtf_archive__close(archive);
}

static void test_the_last_cost_what_the_first_do(void **state)
{
	char *dir = temp_dir__new(), path[4096];
	struct kbtf_writer *writer;

	(void)state;
	snprintf(path, sizeof(path), "%s/a.kbtf", dir);
	writer = kbtf_writer__open(path);
	assert_non_null(writer);
	for (unsigned int i = 0; i < KERNELS; i++)
		add(writer, i);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	assert_even(path);
	writer = kbtf_writer__open(path);
	assert_int_equal(kbtf_writer__compact(writer), 0);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	assert_even(path);
	temp_dir__remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_cost_what_the_first_do),
	};

	return cmocka_run_group_tests_name("long_series", tests, NULL, NULL);
}
