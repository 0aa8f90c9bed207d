/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/vmlinux_member.h"
#include "small_deb.h"
#include "temp_dir.h"

#define PATTERNS "boot/vmlinux-* usr/lib/debug/lib/modules/*/vmlinux"
#define FRONT 100000

struct archive {
	struct read_tar it;
	struct tar_member member;
	struct error err;
};

static int find(struct archive *archive)
{
	struct tar_walk walk = {
		.read = tar__read, .context = &archive->it, .name = "archive",
		.size = archive->it.tar.size,
	};

	archive->it.read = 0;
	return vmlinux_member__find(&walk, PATTERNS, FRONT, &archive->member, &archive->err);
}

static struct bytes small_vmlinux(size_t size)
{
	_cleanup_free_ uint8_t *text = noise(size);
	struct small_section sections[] = {
		{ .name = ".text", .type = SHT_PROGBITS, .data = text, .size = size },
		{ .name = ".debug_info", .type = SHT_PROGBITS, .data = "types", .size = 5 },
	};

	return elf__make(sections, 2);
}

/* Many files, as a package has modules. */
static void add_modules(struct bytes *tar, size_t count)
{
	_cleanup_free_ uint8_t *data = noise(20000);
	char name[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "./kernel/%zu.ko", i);
		tar__add(tar, name, '0', data, 20000 - i % 600);
	}
}

static void assert_found(struct archive *archive, const char *name, size_t at, size_t size)
{
	int rc = find(archive);

	if (rc)
		fail_msg("%d: %s", rc, archive->err.text);
	assert_string_equal(archive->member.name, name);
	assert_int_equal(archive->member.body, at + 512);
	assert_int_equal(archive->member.size, size);
}

static void the_first_large_member(void **state)
{
	struct bytes elf = small_vmlinux(300000);
	struct archive archive = {};
	size_t at;

	(void)state;
	tar__add(&archive.it.tar, "./", '5', NULL, 0);
	/* no file, whatever its name */
	tar__header(&archive.it.tar, "./boot/vmlinux-0", '2', 0);
	tar__add(&archive.it.tar, "./boot/System.map-1", '0', "symbols", 7);
	at = tar__add(&archive.it.tar, "./boot/vmlinux-1", '0', elf.data, elf.size);
	add_modules(&archive.it.tar, 100);
	tar__end(&archive.it.tar);
	assert_found(&archive, "boot/vmlinux-1", at, elf.size);
	assert_int_equal(archive.it.read, 4 * 512);
	bytes__free(&elf);
	bytes__free(&archive.it.tar);
}

/* Whatever small things stand behind it, and whatever its size does to the padding. */
static void the_last_large_member(void **state)
{
	_cleanup_free_ uint8_t *text = noise(3000);

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		struct bytes elf = small_vmlinux(300000 + i * 16);
		struct archive archive = {};
		size_t at;

		add_modules(&archive.it.tar, 100);
		at = tar__add(&archive.it.tar, "./usr/lib/debug/lib/modules/7.1/vmlinux", '0', elf.data,
			      elf.size);
		if (i & 1)
			tar__add(&archive.it.tar, "./usr/share/doc/", '5', NULL, 0);
		if (i & 2)
			tar__add(&archive.it.tar, "./usr/share/doc/copyright", '0', text, 3000);
		if (i & 4)
			tar__add(&archive.it.tar, "././@LongLink", 'L', "a/long/name", 12);
		if (i & 5)
			tar__header(&archive.it.tar, "./usr/lib/debug/vmlinux-7.1", '2', 0);
		tar__end(&archive.it.tar);
		assert_found(&archive, "usr/lib/debug/lib/modules/7.1/vmlinux", at, elf.size);
		assert_true(archive.it.read < FRONT + 200000);
		bytes__free(&elf);
		bytes__free(&archive.it.tar);
	}
}

static void the_last_with_a_long_name(void **state)
{
	struct bytes elf = small_vmlinux(300000);
	struct archive archive = {};
	char name[200];
	size_t at;

	(void)state;
	snprintf(name, sizeof(name), "./usr/lib/debug/lib/modules/%0*d/vmlinux", 100, 7);
	add_modules(&archive.it.tar, 100);
	tar__add(&archive.it.tar, "././@LongLink", 'L', name, strlen(name) + 1);
	at = tar__add(&archive.it.tar, name, '0', elf.data, elf.size);
	tar__end(&archive.it.tar);
	assert_found(&archive, name + 2, at, elf.size);
	bytes__free(&elf);
	bytes__free(&archive.it.tar);
}

static void big_endian_at_the_end(void **state)
{
	_cleanup_free_ uint8_t *text = noise(300000);
	struct archive archive = {};
	uint8_t elf[300000 + 2 * 64];
	size_t at;

	(void)state;
	/* a null section and one, whose last byte is just before the table */
	memcpy(elf, text, 300000);
	memset(elf + 300000, 0, 2 * 64);
	elf[300064 + 24 + 5] = 0x04; /* offset 0x40000 */
	elf[300064 + 32 + 6] = 0x93; /* size 0x93d9: up to 0x493d9, and aligned to 0x493e0 */
	elf[300064 + 32 + 7] = 0xd9;
	elf[300064 + 48 + 7] = 1;
	add_modules(&archive.it.tar, 100);
	at = tar__add(&archive.it.tar, "./boot/vmlinux-1", '0', elf, sizeof(elf));
	tar__end(&archive.it.tar);
	assert_found(&archive, "boot/vmlinux-1", at, sizeof(elf));
	bytes__free(&archive.it.tar);
}

static void assert_not_found(struct archive *archive)
{
	assert_int_equal(find(archive), -ENOENT);
	assert_non_null(strstr(archive->err.text, "either end"));
	assert_true(archive->it.read < FRONT + 200000);
}

static void at_neither_end(void **state)
{
	struct bytes elf = small_vmlinux(300000);
	struct archive archive = {};

	(void)state;
	add_modules(&archive.it.tar, 100);
	tar__add(&archive.it.tar, "./boot/vmlinux-1", '0', elf.data, elf.size);
	add_modules(&archive.it.tar, 100);
	tar__end(&archive.it.tar);
	assert_not_found(&archive);
	bytes__free(&archive.it.tar);
	/* what stands last is another ELF file */
	add_modules(&archive.it.tar, 100);
	tar__add(&archive.it.tar, "./boot/other", '0', elf.data, elf.size);
	tar__end(&archive.it.tar);
	assert_not_found(&archive);
	bytes__free(&archive.it.tar);
	/* or none at all */
	add_modules(&archive.it.tar, 100);
	tar__end(&archive.it.tar);
	assert_not_found(&archive);
	bytes__free(&archive.it.tar);
	tar__end(&archive.it.tar);
	assert_not_found(&archive);
	bytes__free(&archive.it.tar);
	bytes__free(&elf);
}

/* An ELF file in a file: the header of the one that it is found by is no member's. */
static void a_table_that_lies(void **state)
{
	struct bytes elf = small_vmlinux(300000), inner = {};
	struct archive archive = {};

	(void)state;
	/* a member inside of a member's contents, which is not as long as it says */
	tar__header(&inner, "./boot/vmlinux-1", '0', 1000);
	bytes__add(&inner, elf.data, elf.size);
	add_modules(&archive.it.tar, 100);
	tar__add(&archive.it.tar, "./boot/other", '0', inner.data, inner.size);
	tar__end(&archive.it.tar);
	assert_not_found(&archive);
	bytes__free(&archive.it.tar);
	bytes__free(&inner);
	/* in contents where no header can be */
	bytes__add(&inner, "x", 1);
	bytes__add(&inner, elf.data, elf.size);
	add_modules(&archive.it.tar, 100);
	tar__add(&archive.it.tar, "./boot/other", '0', inner.data, inner.size);
	tar__end(&archive.it.tar);
	assert_not_found(&archive);
	bytes__free(&archive.it.tar);
	bytes__free(&inner);
	bytes__free(&elf);
}

static void paths_that_climb(void **state)
{
	struct archive archive = {};

	(void)state;
	tar__add(&archive.it.tar, "./boot/vmlinux-/../../x", '0', "x", 1);
	tar__end(&archive.it.tar);
	assert_int_equal(find(&archive), -EBADMSG);
	assert_non_null(strstr(archive.err.text, "'..'"));
	bytes__free(&archive.it.tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_large_member),
		cmocka_unit_test(the_last_large_member),
		cmocka_unit_test(the_last_with_a_long_name),
		cmocka_unit_test(big_endian_at_the_end),
		cmocka_unit_test(at_neither_end),
		cmocka_unit_test(a_table_that_lies),
		cmocka_unit_test(paths_that_climb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
