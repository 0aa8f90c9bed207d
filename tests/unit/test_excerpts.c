/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Minimized BTF of many kernels, which share frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <kbtf_write.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "format.h"
#include "open_archive.h"
#include "small_btf.h"
#include "temp_dir.h"

#define KERNELS 40
/* Each kernel's is another, and they fill several frames. */
#define FIELDS(n) (2000 + (n) / 2)

static const char *path;

static int setup(void **state)
{
	*state = temp_dir__new();
	path = temp_path(*state, "a.kbtf");
	return 0;
}

static int teardown(void **state)
{
	temp_dir__remove(*state);
	return 0;
}

static void name_kernel(char name[32], unsigned int n)
{
	snprintf(name, 32, "5.10.0-%u-amd64", n);
}

static int add(struct kbtf_writer *writer, unsigned int n)
{
	static const struct kbtf_object_ref object = { .name = "x.bpf.o" };
	char release[32];
	size_t size;
	_cleanup_free_ void *btf = small_btf(FIELDS(n), &size);
	struct kbtf_new_min min = { "x", &object, 1, btf, size };
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = { .sz = sizeof(entry.ident), .distro = "debian", .distro_release = "11",
			   .arch = "x86_64", .kernel_release = release },
		.provenance = { .sz = sizeof(entry.provenance) },
		.mins = &min, .min_count = 1,
	};
	enum kbtf_added added;

	name_kernel(release, n);
	return kbtf_writer__add(writer, &entry, &added);
}

static void drop(struct kbtf_writer *writer, unsigned int n)
{
	char release[32];
	struct kbtf_ident ident = { .sz = sizeof(ident), .distro = "debian", .distro_release = "11",
				    .arch = "x86_64", .kernel_release = release };

	name_kernel(release, n);
	assert_int_equal(kbtf_writer__remove(writer, &ident), 0);
}

static struct kbtf_writer *open_writer(void)
{
	struct kbtf_writer *writer = kbtf_writer__open(path);

	assert_non_null(writer);
	return writer;
}

static void commit(struct kbtf_writer *writer)
{
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
}

static void check(const struct kbtf_archive *archive, unsigned int n)
{
	char release[32];
	size_t want_size, size;
	_cleanup_free_ void *want = small_btf(FIELDS(n), &want_size);
	const struct kbtf_entry *entry;
	_cleanup_free_ void *got = NULL;

	name_kernel(release, n);
	entry = kbtf_archive__find_release(archive, release, NULL);
	assert_non_null(entry);
	assert_int_equal(kbtf_entry__read_min(entry, kbtf_archive__profile(archive, 0), &got, &size),
			 0);
	assert_int_equal(size, want_size);
	assert_memory_equal(got, want, size);
	assert_int_equal(kbtf_entry__btf_size(entry), 0);
}

static void add_all(void)
{
	struct kbtf_writer *writer = open_writer();

	for (unsigned int n = 0; n < KERNELS; n++)
		assert_int_equal(add(writer, n), 0);
	commit(writer);
}

static void *slurp(size_t *size)
{
	void *data;

	assert_int_equal(file__read(path, SIZE_MAX / 2, &data, size), 0);
	return data;
}

static void test_what_is_equal_is_stored_once(void **state)
{
	struct kbtf_archive *archive;

	(void)state;
	add_all();
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	for (unsigned int n = 0; n < KERNELS; n++)
		check(archive, n);
	assert_int_equal(archive->contents.part_count, KERNELS / 2);
	/* several frames, and not one for each */
	assert_in_range(archive->contents.frame_count, 2, KERNELS / 4);
	kbtf_archive__close(archive);
}

static void test_one_by_one_and_gone_again(void **state)
{
	_cleanup_free_ void *together = NULL, *apart = NULL;
	size_t together_size, apart_size;
	struct kbtf_archive *archive;
	struct kbtf_writer *writer;

	(void)state;
	/* the even ones, at once and compacted */
	writer = open_writer();
	for (unsigned int n = 0; n < KERNELS; n += 2)
		assert_int_equal(add(writer, n), 0);
	assert_int_equal(kbtf_writer__compact(writer), 0);
	commit(writer);
	together = slurp(&together_size);
	unlink(path);

	for (unsigned int n = KERNELS; n-- > 0;) {
		writer = open_writer();
		assert_int_equal(add(writer, n), 0);
		commit(writer);
	}
	for (unsigned int n = 1; n < KERNELS; n += 2) {
		writer = open_writer();
		drop(writer, n);
		commit(writer);
		archive = kbtf_archive__open(path);
		assert_non_null(archive);
		for (unsigned int k = 0; k < KERNELS; k += 2)
			check(archive, k);
		assert_int_equal(kbtf_archive__entry_count(archive), KERNELS - 1 - n / 2);
		kbtf_archive__close(archive);
	}
	writer = open_writer();
	assert_int_equal(kbtf_writer__compact(writer), 0);
	commit(writer);
	apart = slurp(&apart_size);
	assert_int_equal(apart_size, together_size);
	assert_memory_equal(apart, together, apart_size);
}

static void test_unused_parts_go_with_their_kernels(void **state)
{
	struct kbtf_writer *writer;
	struct kbtf_archive *archive;

	(void)state;
	add_all();
	writer = open_writer();
	for (unsigned int n = 0; n + 2 < KERNELS; n++)
		drop(writer, n);
	commit(writer);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	assert_int_equal(archive->contents.part_count, 1);
	check(archive, KERNELS - 1);
	kbtf_archive__close(archive);
}

static void test_an_emptied_archive_can_be_filled(void **state)
{
	struct kbtf_writer *writer;
	struct kbtf_archive *archive;

	(void)state;
	writer = open_writer();
	assert_int_equal(add(writer, 1), 0);
	commit(writer);
	writer = open_writer();
	drop(writer, 1);
	assert_int_equal(kbtf_writer__compact(writer), 0);
	commit(writer);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	assert_int_equal(kbtf_archive__entry_count(archive), 0);
	assert_int_equal(kbtf_archive__profile_count(archive), 0);
	kbtf_archive__close(archive);
	writer = open_writer();
	assert_int_equal(add(writer, 2), 0);
	commit(writer);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	check(archive, 2);
	kbtf_archive__close(archive);
}

/* The kernels of a damaged frame are lost, and no others. */
static void test_a_damaged_frame(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size, lost = 0, read;
	struct kbtf_archive *archive;

	(void)state;
	add_all();
	data = slurp(&size);
	archive = kbtf_archive__open_mem(data, size);
	assert_non_null(archive);
	data[archive->contents.frames[0].stored - data + 100] ^= 0x10;
	for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, i);
		void *got = NULL;
		int res = kbtf_entry__read_min(entry, kbtf_archive__profile(archive, 0), &got, &read);

		assert_int_equal(res, entry->mins[0].part->frame == archive->contents.frames ?
				 -EBADMSG : 0);
		lost += res != 0;
		free(got);
	}
	assert_in_range(lost, 1, KERNELS - 1);
	kbtf_archive__close(archive);
}

/* Names that lie in one another: 680 kB of BTF that are more than a frame's once each is by itself. */
static void test_what_grows_too_large_is_refused(void **state)
{
	enum { NAMES = 10, LENGTH = 4000, TYPES = NAMES * LENGTH * 16,
	       STRINGS = 1 + NAMES * (LENGTH + 1), HEADER = 24 };
	static const struct kbtf_object_ref object = { .name = "x.bpf.o" };
	const uint32_t header[] = { 1u << 16 | 0xeb9f, HEADER, 0, TYPES, TYPES, STRINGS };
	_cleanup_free_ uint8_t *btf = calloc(1, HEADER + TYPES + STRINGS);
	struct kbtf_new_min min = { "x", &object, 1, btf, HEADER + TYPES + STRINGS };
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = { .sz = sizeof(entry.ident), .arch = "x86_64", .kernel_release = "6.1" },
		.provenance = { .sz = sizeof(entry.provenance) },
		.mins = &min, .min_count = 1,
	};
	struct kbtf_writer *writer = open_writer();
	struct kbtf_archive *archive;
	enum kbtf_added added;

	(void)state;
	assert_non_null(btf);
	memcpy(btf, header, sizeof(header));
	for (uint32_t i = 0; i < NAMES; i++) {
		uint32_t name = 1 + i * (LENGTH + 1);

		memset(btf + HEADER + TYPES + name, 'a' + (int)i, LENGTH);
		for (uint32_t k = 0; k < LENGTH; k++) {
			const uint32_t type[] = { name + k, BTF_KIND_INT << 24, 4, 32 };

			memcpy(btf + HEADER + sizeof(type) * (i * LENGTH + k), type, sizeof(type));
		}
	}
	assert_int_equal(add(writer, 1), 0);
	assert_int_equal(kbtf_writer__add(writer, &entry, &added), -EMSGSIZE);
	/* and what was added before is none the worse */
	commit(writer);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	check(archive, 1);
	kbtf_archive__close(archive);
}

static int read_packed(const struct kbtf_archive *archive, const struct cursor *columns)
{
	const struct columns none = { .count = INDEX_COLUMNS };
	const struct columns_effort effort = { .level = 1 };
	struct columns packed = { .count = INDEX_COLUMNS };
	struct contents contents = {};
	_cleanup_buf_ struct buf out = {};
	struct cursor footer = cursor__over(archive->data + archive->size - FORMAT_FOOTER_SIZE,
					    FORMAT_FOOTER_SIZE);
	int res;

	for (unsigned int i = 0; i < INDEX_COLUMNS; i++)
		buf__add(&packed.items[i], columns[i].data, columns[i].len);
	assert_int_equal(columns__pack(&packed, &none, &effort, &out), 0);
	columns__free(&packed);
	res = contents__read(out.data, out.len, archive->data + FORMAT_HEADER_SIZE,
			     cursor__u64(&footer) - FORMAT_HEADER_SIZE, &contents);
	contents__free(&contents);
	return res;
}

/* What no entry needs is not there: no part of no bytes, and no frame of no parts. */
static void test_empty_frames_and_parts_are_refused(void **state)
{
	const struct columns none = {};
	struct columns_reader reader = {};
	struct cursor columns[INDEX_COLUMNS], footer, index;
	struct kbtf_archive *archive;
	uint8_t *part, *frame, parts;
	uint64_t offset;

	(void)state;
	add_all();
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	footer = cursor__over(archive->data + archive->size - FORMAT_FOOTER_SIZE,
			      FORMAT_FOOTER_SIZE);
	offset = cursor__u64(&footer);
	index = cursor__over(archive->data + offset, cursor__u64(&footer));
	assert_int_equal(columns__unpack(&reader, &index, &none, INDEX_COLUMNS, columns), 0);
	assert_int_equal(read_packed(archive, columns), 0);

	frame = (uint8_t *)columns[FRAME_PARTS].data;
	parts = frame[1];
	frame[0] += parts;
	frame[1] = 0;
	assert_int_equal(read_packed(archive, columns), -EBADMSG);
	frame[0] -= parts;
	frame[1] = parts;
	assert_int_equal(read_packed(archive, columns), 0);

	/* a size of some 50 kB takes three bytes */
	part = (uint8_t *)columns[PART_SIZE].data;
	assert_true(part[0] & part[1] & 0x80);
	part[2] = 0;
	columns[PART_SIZE].data += 2;
	columns[PART_SIZE].len -= 2;
	assert_int_equal(read_packed(archive, columns), -EBADMSG);
	columns_reader__free(&reader);
	kbtf_archive__close(archive);
}

/* And another kernel can still be added. */
static void test_beside_a_damaged_frame(void **state)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct kbtf_archive *archive;
	struct kbtf_writer *writer;
	size_t size;

	writer = open_writer();
	assert_int_equal(add(writer, 0), 0);
	commit(writer);
	data = slurp(&size);
	archive = kbtf_archive__open_mem(data, size);
	assert_non_null(archive);
	data[archive->contents.frames[0].stored - data + 100] ^= 0x10;
	kbtf_archive__close(archive);
	temp_file(path, data, size);

	writer = open_writer();
	assert_int_equal(add(writer, 2), 0);
	commit(writer);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	assert_int_equal(kbtf_archive__entry_count(archive), 2);
	check(archive, 2);
	kbtf_archive__close(archive);
	/* until it is added again */
	writer = open_writer();
	assert_int_equal(add(writer, 0), 0);
	commit(writer);
	archive = kbtf_archive__open(path);
	assert_non_null(archive);
	check(archive, 0);
	check(archive, 2);
	kbtf_archive__close(archive);
	(void)state;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_equal_is_stored_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_one_by_one_and_gone_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unused_parts_go_with_their_kernels, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_an_emptied_archive_can_be_filled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_damaged_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_beside_a_damaged_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_grows_too_large_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_empty_frames_and_parts_are_refused, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
