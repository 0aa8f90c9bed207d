/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tar_walk.h"
#include "small_deb.h"
#include "temp_dir.h"

/* An archive in memory, and the walk over it. */
struct archive {
	struct read_tar it;
	struct tar_walk walk;
	struct tar_member member;
	struct error err;
};

static int next(struct archive *archive)
{
	archive->walk.read = tar__read;
	archive->walk.context = &archive->it;
	archive->walk.name = "archive";
	archive->walk.size = archive->it.tar.size;
	return tar_walk__next(&archive->walk, &archive->member, &archive->err);
}

#define assert_text(archive, part) \
	do { \
		if (!strstr((archive)->err.text, part)) \
			fail_msg("\"%s\" is not in \"%s\"", part, (archive)->err.text); \
	} while (0)

/* The next member's name and contents. */
static void assert_next(struct archive *archive, const char *name, const char *body)
{
	assert_int_equal(next(archive), 1);
	assert_string_equal(archive->member.name, name);
	assert_int_equal(archive->member.is_file, body != NULL);
	assert_int_equal(archive->member.size, body ? strlen(body) : 0);
	if (body)
		assert_memory_equal(archive->it.tar.data + archive->member.body, body, strlen(body));
}

static void members_in_order_and_no_contents(void **state)
{
	_cleanup_free_ uint8_t *large = noise(1000000);
	struct archive archive = {};
	size_t at;

	(void)state;
	tar__add(&archive.it.tar, "./", '5', NULL, 0);
	at = tar__add(&archive.it.tar, "./a", '0', "hello", 5);
	tar__add(&archive.it.tar, "./large", '0', large, 1000000);
	tar__add(&archive.it.tar, "./old", '\0', "from 1988", 9);
	/* a link's size is that of its target, whose contents are elsewhere */
	tar__header(&archive.it.tar, "./hard", '1', 5);
	tar__header(&archive.it.tar, "./soft", '2', 0);
	tar__end(&archive.it.tar);

	assert_next(&archive, "./", NULL);
	assert_next(&archive, "./a", "hello");
	assert_int_equal(archive.member.header, at);
	assert_int_equal(archive.member.body, at + 512);
	assert_int_equal(next(&archive), 1);
	assert_int_equal(archive.member.size, 1000000);
	assert_next(&archive, "./old", "from 1988");
	assert_next(&archive, "./hard", NULL);
	assert_next(&archive, "./soft", NULL);
	assert_int_equal(next(&archive), 0);
	assert_int_equal(archive.it.read, 7 * 512);
	bytes__free(&archive.it.tar);
}

static void add_pax(struct bytes *tar, const char *records)
{
	tar__add(tar, "pax", 'x', records, strlen(records));
}

static void long_names(void **state)
{
	struct archive archive = {};
	char name[301];
	size_t at;

	(void)state;
	memset(name, 'n', 300);
	name[300] = '\0';
	at = tar__add(&archive.it.tar, "././@LongLink", 'L', name, 301);
	tar__add(&archive.it.tar, "cut off", '0', "one", 3);
	/* a long target, too */
	tar__add(&archive.it.tar, "././@LongLink", 'K', name, 301);
	tar__add(&archive.it.tar, "././@LongLink", 'L', "b", 2);
	tar__header(&archive.it.tar, "cut off", '2', 0);
	add_pax(&archive.it.tar, "10 path=c\n11 other=1\n");
	tar__add(&archive.it.tar, "cut off", '0', "three", 5);
	/* for all, which are told in each header again */
	tar__add(&archive.it.tar, "pax", 'g', "no record", 9);
	tar__add(&archive.it.tar, "d", '0', "four", 4);
	at = tar__header(&archive.it.tar, "name", '0', 0);
	memcpy(archive.it.tar.data + at + 257, "ustar\00000prefix", 8);
	memcpy(archive.it.tar.data + at + 345, "usr/lib", 7);
	tar__seal(archive.it.tar.data + at);
	tar__end(&archive.it.tar);

	assert_next(&archive, name, "one");
	assert_int_equal(archive.member.header, 0);
	assert_next(&archive, "b", NULL);
	assert_next(&archive, "c", "three");
	assert_next(&archive, "d", "four");
	assert_next(&archive, "usr/lib/name", "");
	assert_int_equal(next(&archive), 0);
	bytes__free(&archive.it.tar);
}

static void sizes_in_all_notations(void **state)
{
	struct archive archive = {};
	size_t at;

	(void)state;
	at = tar__add(&archive.it.tar, "a", '0', "hello", 5);
	memcpy(archive.it.tar.data + at + 124, "\x80\0\0\0\0\0\0\0\0\0\0\5", 12);
	tar__seal(archive.it.tar.data + at);
	at = tar__add(&archive.it.tar, "b", '0', "hello", 5);
	memcpy(archive.it.tar.data + at + 124, "          5 ", 12);
	tar__seal(archive.it.tar.data + at);
	add_pax(&archive.it.tar, "9 size=5\n");
	at = tar__add(&archive.it.tar, "c", '0', "hello", 5);
	memcpy(archive.it.tar.data + at + 124, "00000000000", 12);
	tar__seal(archive.it.tar.data + at);
	tar__end(&archive.it.tar);
	assert_next(&archive, "a", "hello");
	assert_next(&archive, "b", "hello");
	assert_next(&archive, "c", "hello");
	assert_int_equal(next(&archive), 0);
	bytes__free(&archive.it.tar);
}

/* What tar itself writes, in each format that it knows and we do. */
static void archives_of_tar(void **state)
{
	static const char *const formats[] = { "gnu", "pax", "ustar" };
	_cleanup_free_ uint8_t *large = noise(100000);
	char *dir = temp_dir__new();

	(void)state;
	temp_file(temp_path(dir, "a"), "hello", 5);
	temp_file(temp_path(dir, "large"), large, 100000);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct archive archive = {};
		_cleanup_free_ char *command = NULL, *deep = NULL;
		void *data;

		/* 150 characters: GNU's own notation, pax's, and ustar's prefix */
		assert_true(asprintf(&deep, "%0*d/%0*d", 100, 0, 49, 0) > 0);
		assert_true(asprintf(&command,
				     "cd %s && mkdir -p %.100s && echo -n deep >%s && ln -sf a soft && "
				     "tar --format=%s -cf out.tar a %s soft large", dir, deep, deep,
				     formats[i], deep) > 0);
		assert_int_equal(system(command), 0);
		assert_int_equal(file__read(temp_path(dir, "out.tar"), 1 << 20, &data,
					    &archive.it.tar.size), 0);
		archive.it.tar.data = data;
		assert_next(&archive, "a", "hello");
		assert_next(&archive, deep, "deep");
		assert_next(&archive, "soft", NULL);
		assert_int_equal(next(&archive), 1);
		assert_int_equal(archive.member.size, 100000);
		assert_memory_equal(archive.it.tar.data + archive.member.body, large, 100000);
		assert_int_equal(next(&archive), 0);
		bytes__free(&archive.it.tar);
	}
	temp_dir__remove(dir);
}

/* ---- what should fail ------------------------------------------------------------ */

enum harm {
	WRONG_CHECKSUM, NO_MAGIC, NO_END, SIZE_BEYOND, SIZE_NEGATIVE, SIZE_HUGE, SIZE_GARBAGE,
	SIZE_EMPTY, NAME_ALONE, NAME_TOO_LONG, NAME_BEYOND, NAME_EMPTY, TOO_MANY_NAMES,
	PAX_NO_LENGTH, PAX_LENGTH_BEYOND, PAX_LENGTH_ZERO, PAX_NO_NEWLINE, PAX_NO_VALUE, PAX_SIZE_HUGE,
	PAX_SIZE_BEYOND, PAX_NAME_WITH_NUL, SPARSE_GNU, SPARSE_PAX, HARMS
};

static const char *const pax_records[HARMS] = {
	[PAX_NO_LENGTH] = "path=c\n",
	[PAX_LENGTH_BEYOND] = "11 path=c\n",
	[PAX_LENGTH_ZERO] = "0 path=c\n",
	[PAX_NO_NEWLINE] = "10 path=cc",
	[PAX_NO_VALUE] = "8 path\n\n",
	[PAX_SIZE_HUGE] = "29 size=99999999999999999999\n",
	[PAX_SIZE_BEYOND] = "14 size=99999\n",
	[SPARSE_PAX] = "22 GNU.sparse.major=1\n",
};

static void make_harmed(struct bytes *tar, enum harm harm)
{
	static const char *const sizes[HARMS] = {
		[SIZE_BEYOND] = "00000077777", [SIZE_NEGATIVE] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		[SIZE_GARBAGE] = "0000000000x", [SIZE_EMPTY] = "           ",
		[SIZE_HUGE] = "\x80\1\1\1\1\1\1\1\1\1\1",
	};
	uint8_t *header;

	if (pax_records[harm])
		add_pax(tar, pax_records[harm]);
	if (harm == PAX_NAME_WITH_NUL)
		tar__add(tar, "pax", 'x', "11 path=c\0\n", 11);
	for (int i = 0; harm == TOO_MANY_NAMES && i < 9; i++)
		tar__add(tar, "././@LongLink", 'L', "b", 2);
	if (harm == NAME_EMPTY)
		tar__add(tar, "././@LongLink", 'L', "", 1);
	if (harm == NAME_TOO_LONG) {
		char name[5000];

		memset(name, 'n', sizeof(name));
		tar__add(tar, "././@LongLink", 'L', name, sizeof(name));
	}
	if (harm == NAME_ALONE)
		tar__add(tar, "././@LongLink", 'L', "b", 2);
	if (harm == NAME_BEYOND)
		tar__header(tar, "././@LongLink", 'L', 60000);
	if (harm != NAME_ALONE) {
		size_t at = tar__add(tar, "a", harm == SPARSE_GNU ? 'S' : '0', "hello", 5);

		header = tar->data + at;
		if (sizes[harm])
			memcpy(header + 124, sizes[harm], 12);
		if (harm == NO_MAGIC)
			memset(header + 257, 0, 8);
		tar__seal(header);
		if (harm == WRONG_CHECKSUM)
			header[0] ^= 1;
	}
	if (harm != NO_END)
		tar__end(tar);
}

static void damage_is_refused(void **state)
{
	(void)state;
	for (enum harm harm = 0; harm < HARMS; harm++) {
		struct archive archive = {};
		int rc;

		make_harmed(&archive.it.tar, harm);
		while ((rc = next(&archive)) > 0)
			;
		if (rc != (harm == SPARSE_GNU || harm == SPARSE_PAX ? -ENOTSUP : -EBADMSG))
			fail_msg("harm %d gives %d", harm, rc);
		assert_text(&archive, "archive");
		bytes__free(&archive.it.tar);
	}
}

/* Wherever an archive is cut there is an error, and never a member that isn't whole. */
static void cut_anywhere(void **state)
{
	struct archive archive = {};
	size_t whole;

	(void)state;
	tar__add(&archive.it.tar, "a", '0', "hello", 5);
	add_pax(&archive.it.tar, "10 path=c\n");
	tar__add(&archive.it.tar, "b", '0', "world", 5);
	whole = archive.it.tar.size;
	for (size_t size = 0; size < whole; size++) {
		int rc;

		archive.it.tar.size = size;
		archive.walk.at = 0;
		while ((rc = next(&archive)) > 0)
			assert_true(archive.member.body + archive.member.size <= size);
		assert_int_equal(rc, -EBADMSG);
	}
	bytes__free(&archive.it.tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_in_order_and_no_contents),
		cmocka_unit_test(long_names),
		cmocka_unit_test(sizes_in_all_notations),
		cmocka_unit_test(archives_of_tar),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
