/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sparse_image.h"
#include "base/vmlinux.h"
#include "faultd.h"
#include "small_deb.h"

#define BLOCK ((size_t)16 << 10)
#define BANNER "Linux version 6.1.0-test (builder@host) (cc 12) #1 SMP Test 6.1.1-1 (2026-01-01)\n"
#define MEMBER "usr/lib/debug/boot/vmlinux-*"

enum { TEXT, RODATA, NOTES, BTF, LINE, INFO, ABBREV, RELA, STR, SECTIONS };

/* A package on a server, which reads from the same file on disk. */
struct fixture {
	struct faultd faultd;
	struct small_section sections[SECTIONS];
	struct bytes elf, tar, xz, deb;
	struct package_place place;
	struct sparse_image image;
	struct error err;
	uint8_t *data;
	char url[256], path[4096];
};

static uint8_t note[36] = {
	4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
};

/* Sections that are wanted between others that are not, of sizes that cross blocks. */
static void make_elf(struct fixture *fixture)
{
	static uint8_t rodata[30000];
	const struct small_section sections[SECTIONS] = {
		[TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, fixture->data, 140000 },
		[RODATA] = { ".rodata", SHT_PROGBITS, SHF_ALLOC, rodata, sizeof(rodata) },
		[NOTES] = { ".notes", SHT_NOTE, SHF_ALLOC, note, sizeof(note) },
		[BTF] = { ".BTF", SHT_PROGBITS, SHF_ALLOC, fixture->data + 7, 20000 },
		[LINE] = { ".debug_line", SHT_PROGBITS, 0, fixture->data, 60000 },
		[INFO] = { ".debug_info", SHT_PROGBITS, 0, fixture->data + 11, 80001 },
		[ABBREV] = { ".debug_abbrev", SHT_PROGBITS, 0, fixture->data + 13, 1001 },
		[RELA] = { ".rela.debug_info", SHT_RELA, 0, fixture->data, 100000 },
		[STR] = { ".debug_str", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS, fixture->data + 17,
			  14001 },
	};

	memcpy(rodata + 28000, BANNER, sizeof(BANNER));
	memcpy(fixture->sections, sections, sizeof(sections));
	fixture->elf = elf__make(fixture->sections, SECTIONS);
}

static void make_package(struct fixture *fixture)
{
	struct bytes *tar = &fixture->tar;

	tar__add(tar, "./", '5', NULL, 0);
	tar__add(tar, "./usr/lib/debug/boot/System.map-6.1.0-test", '0', fixture->data, 20000);
	tar__add(tar, "./usr/lib/debug/boot/vmlinux-6.1.0-test", '0', fixture->elf.data,
		 fixture->elf.size);
	tar__add(tar, "./usr/lib/debug/kernel/a.ko", '0', fixture->data, 800000);
	tar__end(tar);
	fixture->xz = xz__pack(tar, BLOCK);
	fixture->deb = deb__around("data.tar.xz", &fixture->xz);
}

static void put_package(struct fixture *fixture)
{
	temp_file(fixture->path, fixture->deb.data, fixture->deb.size);
	fixture->place.size = fixture->deb.size;
}

static void begin(struct fixture *fixture, const char *const *faults)
{
	*fixture = (struct fixture){ .data = noise(1000000), .image = { .fd = -1 } };
	fixture->place.member = MEMBER;
	faultd__start(&fixture->faultd, faults);
	snprintf(fixture->url, sizeof(fixture->url), "%s/f.deb", fixture->faultd.url);
	snprintf(fixture->path, sizeof(fixture->path), "%s/f.deb", fixture->faultd.dir);
	make_elf(fixture);
}

static void setup(struct fixture *fixture, const char *const *faults)
{
	begin(fixture, faults);
	make_package(fixture);
	put_package(fixture);
}

static void teardown(struct fixture *fixture)
{
	sparse_image__close(&fixture->image);
	faultd__stop(&fixture->faultd);
	bytes__free(&fixture->elf);
	bytes__free(&fixture->tar);
	bytes__free(&fixture->xz);
	bytes__free(&fixture->deb);
	free(fixture->data);
}

static int open_image(struct fixture *fixture, bool by_url)
{
	sparse_image__close(&fixture->image);
	fixture->place.path = by_url ? NULL : fixture->path;
	fixture->place.url = fixture->url;
	return sparse_image__open(&fixture->place, &fixture->image, &fixture->err);
}

static void assert_opens(struct fixture *fixture, bool by_url)
{
	int rc = open_image(fixture, by_url);

	if (rc)
		fail_msg("%d: %s", rc, fixture->err.text);
}

static void assert_fails(struct fixture *fixture, bool by_url, int want, const char *text)
{
	int rc = open_image(fixture, by_url);

	if (rc != want || !strstr(fixture->err.text, text))
		fail_msg("%d: \"%s\" where %d and \"%s\" were expected", rc, fixture->err.text, want,
			 text);
	assert_int_equal(fixture->image.fd, -1);
}

static bool has_section(const struct fixture *fixture, int which)
{
	const struct small_section *section = &fixture->sections[which];
	_cleanup_free_ uint8_t *bytes = malloc(section->size);

	assert_int_equal(pread(fixture->image.fd, bytes, section->size, section->offset),
			 section->size);
	return memcmp(bytes, section->data, section->size) == 0;
}

static void assert_image(const struct fixture *fixture, bool btf)
{
	struct kernel_image kernel;
	struct error err;
	char path[64];

	assert_string_equal(fixture->image.member, "usr/lib/debug/boot/vmlinux-6.1.0-test");
	assert_int_equal(fixture->image.size, fixture->elf.size);
	assert_int_equal(fixture->image.package_size, fixture->deb.size);
	for (int which = 0; which < SECTIONS; which++)
		if (which != RODATA)
			assert_int_equal(has_section(fixture, which),
					 which == NOTES || (btf ? which == BTF :
					 which == INFO || which == ABBREV || which == STR));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fixture->image.fd);
	assert_int_equal(vmlinux__inspect(path, btf, &kernel, &err), 0);
	assert_string_equal(kernel.kernel_release, "6.1.0-test");
	assert_string_equal(kernel.kernel_version, "#1 SMP Test 6.1.1-1 (2026-01-01)");
	assert_int_equal(kernel.build_id_len, 20);
	assert_memory_equal(kernel.build_id, note + 16, 20);
	assert_true(kernel.has_dwarf && kernel.has_btf);
	if (btf)
		assert_memory_equal(kernel.btf, fixture->sections[BTF].data, kernel.btf_size);
	kernel_image__free(&kernel);
}

static void the_parts_that_are_needed(void **state)
{
	static const unsigned int threads[] = { 1, 2, 0 };
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	for (int i = 0; i < 3; i++) {
		fixture.place.threads = threads[i];
		for (int by_url = 0; by_url < 2; by_url++) {
			assert_opens(&fixture, by_url);
			assert_image(&fixture, false);
			/* 130,000 bytes of sections in 1.3 million of files; the first 256 KiB come unasked */
			assert_true(fixture.image.package_read < fixture.deb.size / 2);
			assert_true(fixture.image.blocks_read < fixture.image.blocks / 2);
			assert_int_equal(fixture.image.blocks, (fixture.tar.size + BLOCK - 1) / BLOCK);
			/* nobody can change or shorten it below a reader */
			assert_int_equal(write(fixture.image.fd, "x", 1), -1);
			assert_int_equal(ftruncate(fixture.image.fd, 0), -1);
		}
	}
	/* the types are there, ready made */
	fixture.place.want_btf = true;
	assert_opens(&fixture, true);
	assert_image(&fixture, true);
	teardown(&fixture);
}

/* What dpkg itself packs: a compressor of its own, blocks of its own. */
static void a_package_of_dpkg(void **state)
{
	_cleanup_free_ char *command = NULL;
	struct fixture fixture;

	(void)state;
	if (system("command -v dpkg-deb xz >/dev/null") != 0) {
		fprintf(stderr, "skipped: no dpkg-deb or xz\n");
		skip();
	}
	setup(&fixture, NULL);
	temp_file(temp_path(fixture.faultd.dir, "vmlinux"), fixture.elf.data, fixture.elf.size);
	assert_true(asprintf(&command,
			     "cd %s && mkdir -p p/DEBIAN p/usr/lib/debug/boot && "
			     "mv vmlinux p/usr/lib/debug/boot/vmlinux-6.1.0-test && "
			     "printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: m\\n"
			     "Description: d\\n' >p/DEBIAN/control && "
			     "head -c 1000000 /dev/zero >p/usr/z && "
			     "dpkg-deb --root-owner-group -Zxz -z1 -b p whole.deb >/dev/null && "
			     "ar p whole.deb data.tar.xz | xz -dc | xz -T2 --block-size=20000 -1 "
			     ">data.tar.xz && ar r whole.deb data.tar.xz 2>/dev/null && "
			     "mv whole.deb f.deb", fixture.faultd.dir) > 0);
	assert_int_equal(system(command), 0);
	bytes__free(&fixture.deb);
	fixture.deb.size = fixture.place.size = file_size(fixture.path);
	for (int by_url = 0; by_url < 2; by_url++) {
		assert_opens(&fixture, by_url);
		assert_image(&fixture, false);
	}
	teardown(&fixture);
}

static void what_has_to_be_streamed(void **state)
{
	static const char *const no_ranges[] = { "/f.deb no_ranges=1", NULL };
	struct bytes xz;
	struct fixture fixture;

	(void)state;
	setup(&fixture, no_ranges);
	assert_fails(&fixture, true, -ENOTSUP, "does not do ranges");
	fixture.place.member = "boot/vmlinuz-*";
	assert_fails(&fixture, false, -ENOTSUP, "either end");
	fixture.place.member = MEMBER;
	bytes__free(&fixture.deb);
	fixture.deb = deb__around("data.tar.zst", &fixture.xz);
	put_package(&fixture);
	assert_fails(&fixture, false, -ENOTSUP, "data.tar.zst");
	bytes__free(&fixture.deb);
	xz = xz__pack(&fixture.tar, fixture.tar.size);
	fixture.deb = deb__around("data.tar.xz", &xz);
	bytes__free(&xz);
	put_package(&fixture);
	assert_fails(&fixture, false, -ENOTSUP, "of one block");
	fixture.deb.size = 100;
	put_package(&fixture);
	assert_fails(&fixture, false, -EBADMSG, "damaged");
	memcpy(fixture.deb.data, "\xed\xab\xee\xdb", 4);
	put_package(&fixture);
	assert_fails(&fixture, false, -ENOTSUP, "no .deb");
	teardown(&fixture);
}

/* A file on a server is mapped, which takes addresses even where nothing is read of it. */
static void without_room(void **state)
{
	struct fixture fixture;
	struct rlimit before, little;

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	fprintf(stderr, "skipped: sanitizers need more room than that\n");
	skip();
#endif
	setup(&fixture, NULL);
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	little = before;
	little.rlim_cur = 400 << 20;
	if (setrlimit(RLIMIT_AS, &little) == 0) {
		/* of this size, as far as anybody knows before the first answer */
		fixture.place.size = UINT64_C(1) << 30;
		assert_fails(&fixture, true, -ENOTSUP, "no room to map");
	}
	setrlimit(RLIMIT_AS, &before);
	teardown(&fixture);
}

static void another_package_than_listed(void **state)
{
	struct fixture fixture;

	(void)state;
	setup(&fixture, NULL);
	fixture.place.size++;
	for (int by_url = 0; by_url < 2; by_url++)
		assert_fails(&fixture, by_url, -EBADMSG, "were expected");
	unlink(fixture.path);
	assert_fails(&fixture, true, -ENOENT, "not found");
	assert_fails(&fixture, false, -ENOENT, "cannot open");
	teardown(&fixture);
}

/* Wherever a byte of a needed block is changed it is found; elsewhere nobody looks. */
static void damage(void **state)
{
	struct fixture fixture;
	size_t found = 0;

	(void)state;
	setup(&fixture, NULL);
	for (size_t at = 200; at < fixture.deb.size; at += fixture.deb.size / 60) {
		fixture.deb.data[at] ^= 1;
		put_package(&fixture);
		if (open_image(&fixture, false)) {
			found++;
			if (!strstr(fixture.err.text, "damaged"))
				fail_msg("%s", fixture.err.text);
			assert_true(fixture.image.package_read > 0);
		} else {
			assert_image(&fixture, false);
		}
		fixture.deb.data[at] ^= 1;
	}
	assert_true(found > 5 && found < 40);
	/* cut off: the index is gone */
	fixture.deb.size -= 1000;
	put_package(&fixture);
	assert_fails(&fixture, false, -EBADMSG, "inside a member");
	fixture.deb.size += 1000;
	teardown(&fixture);
}

/* Tables of over 1 GiB, in a vmlinux that is as large as that takes: none of it is read. */
static void tables_without_end(void **state)
{
	const uint64_t size = UINT64_C(5) << 30;

	(void)state;
	for (int names = 0; names < 2; names++) {
		struct fixture fixture;
		Elf64_Ehdr *header;
		Elf64_Shdr *table;

		begin(&fixture, NULL);
		header = (Elf64_Ehdr *)fixture.elf.data;
		table = (Elf64_Shdr *)(fixture.elf.data + header->e_shoff);
		if (names) {
			table[header->e_shstrndx].sh_size = UINT64_C(3) << 30;
		} else {
			header->e_shentsize = UINT16_MAX;
			header->e_shnum = UINT16_MAX;
		}
		tar__header(&fixture.tar, "./usr/lib/debug/boot/vmlinux-6.1.0-test", '0', size);
		bytes__add(&fixture.tar, fixture.elf.data, fixture.elf.size);
		fixture.xz = xz__store_with(&fixture.tar, BLOCK, 90);
		fixture.deb = deb__around("data.tar.xz", &fixture.xz);
		put_package(&fixture);
		assert_fails(&fixture, false, -EFBIG, "over 1 GiB");
		teardown(&fixture);
	}
}

/* A vmlinux whose tables point elsewhere. */
static void tables_that_lie(void **state)
{
	static const struct {
		size_t at;
		int64_t value;
		int rc;
	} lies[] = {
		{ offsetof(Elf64_Ehdr, e_ident), 0, -ENOEXEC },
		{ offsetof(Elf64_Ehdr, e_shoff), INT64_MAX, -EBADMSG },
		{ offsetof(Elf64_Ehdr, e_shoff), 0, -ENOTSUP },
		{ offsetof(Elf64_Ehdr, e_shoff), 65, -ENOTSUP },
		{ -1, offsetof(Elf64_Shdr, sh_offset), -EBADMSG },
		{ -1, offsetof(Elf64_Shdr, sh_size), -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct fixture fixture;
		Elf64_Ehdr *header;
		int64_t value = lies[i].value;
		size_t at = lies[i].at;
		int rc;

		begin(&fixture, NULL);
		header = (Elf64_Ehdr *)fixture.elf.data;
		if (at == (size_t)-1) { /* of .debug_info */
			at = header->e_shoff + (INFO + 1) * sizeof(Elf64_Shdr) + value;
			value = INT64_MAX;
		}
		memcpy(fixture.elf.data + at, &value, sizeof(value));
		make_package(&fixture);
		put_package(&fixture);
		rc = open_image(&fixture, false);
		if (rc != lies[i].rc && !(lies[i].value == 65 && rc))
			fail_msg("%zu: %d: %s", i, rc, fixture.err.text);
		teardown(&fixture);
	}
}

/* Connections that break in the middle, and files that change there. */
static void servers_that_fail_on_the_way(void **state)
{
	static const char *const passing[] = { "/f.deb cut=30000 times=3", NULL };
	static const char *const other[] = { "/f.deb etag=first times=2", NULL };
	static const char *const flipped[] = { "/f.deb flip=310000", NULL };
	struct fixture fixture;

	(void)state;
	setup(&fixture, passing);
	assert_opens(&fixture, true);
	assert_image(&fixture, false);
	teardown(&fixture);
	setup(&fixture, other);
	assert_fails(&fixture, true, -ESTALE, "changed");
	teardown(&fixture);
	setup(&fixture, flipped);
	assert_fails(&fixture, true, -EBADMSG, "damaged");
	teardown(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_that_are_needed),
		cmocka_unit_test(a_package_of_dpkg),
		cmocka_unit_test(what_has_to_be_streamed),
		cmocka_unit_test(without_room),
		cmocka_unit_test(another_package_than_listed),
		cmocka_unit_test(damage),
		cmocka_unit_test(tables_without_end),
		cmocka_unit_test(tables_that_lie),
		cmocka_unit_test(servers_that_fail_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
