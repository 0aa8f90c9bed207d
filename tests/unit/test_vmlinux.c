/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "small_kernel.h"

#include <elf.h>
#include <errno.h>

#include "base/banner.h"
#include "base/cleanup.h"
#include "base/vmlinux.h"

static int inspect(const char *name, bool want_btf, struct kernel_image *image, struct error *err)
{
	return vmlinux__inspect(in_dir(name), want_btf, image, err);
}

static void assert_refused(const char *name, int code, const char *word)
{
	struct kernel_image image;
	struct error err = {};

	assert_int_equal(inspect(name, true, &image, &err), -code);
	assert_non_null(strstr(err.text, in_dir(name)));
	assert_non_null(strstr(err.text, word));
	assert_null(image.arch);
}

static void reads_identity(void **state)
{
	struct kernel_image image;
	struct error err = {};

	(void)state;
	make_kernel("vmlinux");
	assert_int_equal(inspect("vmlinux", true, &image, &err), 0);
	assert_string_equal(image.kernel_release, SMALL_RELEASE);
	assert_string_equal(image.kernel_version, SMALL_VERSION);
	assert_build_id(image.build_id, image.build_id_len, SMALL_BUILD_ID);
	assert_true(image.has_dwarf);
	assert_false(image.has_btf);
	assert_null(image.btf);
#ifdef __x86_64__
	assert_string_equal(image.arch, "x86_64");
#endif
	kernel_image__free(&image);
}

static void knows_architectures(void **state)
{
	static const struct {
		unsigned char class, data;
		uint16_t machine;
		const char *arch;
	} table[] = {
		{ ELFCLASS64, ELFDATA2LSB, EM_X86_64, "x86_64" },
		{ ELFCLASS64, ELFDATA2LSB, EM_AARCH64, "aarch64" },
		{ ELFCLASS64, ELFDATA2MSB, EM_S390, "s390x" },
		{ ELFCLASS64, ELFDATA2LSB, EM_PPC64, "ppc64le" },
		{ ELFCLASS64, ELFDATA2MSB, EM_PPC64, "ppc64" },
		{ ELFCLASS64, ELFDATA2LSB, EM_RISCV, "riscv64" },
		{ ELFCLASS32, ELFDATA2LSB, EM_386, "i686" },
		{ ELFCLASS32, ELFDATA2LSB, EM_ARM, "armv7l" },
		{ ELFCLASS64, ELFDATA2LSB, 4711, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		/* type, machine and version lie at the same place in both classes */
		uint8_t header[sizeof(Elf64_Ehdr)] = { 0x7f, 'E', 'L', 'F', table[i].class,
						       table[i].data, EV_CURRENT };
		bool big = table[i].data == ELFDATA2MSB;
		struct kernel_image image;
		struct error err = {};

		header[16 + big] = ET_EXEC;
		header[18 + big] = table[i].machine & 0xff;
		header[18 + !big] = table[i].machine >> 8;
		header[20 + 3 * big] = EV_CURRENT;
		assert_int_equal(vmlinux__inspect_mem(header, sizeof(header), "mem", false, &image,
						      &err), 0);
		assert_string_equal(image.arch, table[i].arch);
		assert_string_equal(image.kernel_release, "");
		assert_int_equal(image.build_id_len, 0);
		kernel_image__free(&image);
	}
}

static void stripped_is_told(void **state)
{
	struct kernel_image image;
	struct error err = {};

	(void)state;
	make_kernel("vmlinux");
	assert_int_equal(shell("cd $T && strip -o stripped vmlinux"), 0);
	assert_int_equal(inspect("stripped", false, &image, &err), 0);
	assert_false(image.has_dwarf);
	assert_string_equal(image.kernel_release, SMALL_RELEASE);
	kernel_image__free(&image);
	/* the other half: DWARF, and no content of what is loaded */
	assert_int_equal(shell("cd $T && objcopy --only-keep-debug vmlinux debug"), 0);
	assert_int_equal(inspect("debug", false, &image, &err), 0);
	assert_true(image.has_dwarf);
	assert_string_equal(image.kernel_release, "");
	assert_build_id(image.build_id, image.build_id_len, SMALL_BUILD_ID);
	kernel_image__free(&image);
}

static void gives_btf(void **state)
{
	_cleanup_free_ void *expect = NULL;
	struct kernel_image image;
	struct error err = {};
	size_t size;

	(void)state;
	need("pahole objcopy");
	make_kernel("vmlinux");
	assert_int_equal(shell("cd $T && pahole -J vmlinux && objcopy -O binary "
			       "--only-section=.BTF --set-section-flags .BTF=alloc vmlinux btf"), 0);
	assert_int_equal(file__read(in_dir("btf"), 1 << 20, &expect, &size), 0);
	assert_true(size > 24);
	assert_int_equal(inspect("vmlinux", true, &image, &err), 0);
	assert_true(image.has_btf);
	assert_int_equal(image.btf_size, size);
	assert_memory_equal(image.btf, expect, size);
	kernel_image__free(&image);
	assert_int_equal(inspect("vmlinux", false, &image, &err), 0);
	assert_true(image.has_btf);
	assert_null(image.btf);
	kernel_image__free(&image);
	assert_int_equal(shell("cd $T && : >empty && objcopy --remove-section=.BTF "
			       "--add-section .BTF=empty vmlinux"), 0);
	assert_int_equal(inspect("vmlinux", true, &image, &err), 0);
	assert_false(image.has_btf);
	kernel_image__free(&image);
}

static void refuses_what_is_no_kernel(void **state)
{
	(void)state;
	make_kernel("vmlinux");
	write_text("text", "this is no ELF file, and long enough not to be taken for one's header\n");
	assert_refused("text", ENOEXEC, "no ELF file");
	write_text("empty", "");
	assert_refused("empty", ENOEXEC, "ELF file");
	assert_int_equal(shell("cd $T && gcc -c kernel.c -o module.ko"), 0);
	assert_refused("module.ko", ENOEXEC, "module");
	assert_int_equal(shell("cd $T && echo 'int f(void) { return 1; }' >so.c && "
			       "gcc -shared -nostdlib -fPIC so.c -o lib.so"), 0);
	assert_refused("lib.so", ENOEXEC, "shared object");
	assert_int_equal(shell("cd $T && echo 'int main(void) { return 1; }' >main.c && "
			       "gcc main.c -o program"), 0);
	assert_refused("program", ENOEXEC, "program");
	assert_refused("missing", ENOENT, "No such file");
	assert_int_equal(shell("mkfifo $T/fifo"), 0);
	assert_refused("fifo", ENOEXEC, "no regular file");
}

/* arm64's vmlinux is one: relocatable by itself. */
static void accepts_relocatable_kernel(void **state)
{
	struct kernel_image image;
	struct error err = {};

	(void)state;
	make_kernel("vmlinux");
	assert_int_equal(shell("cd $T && gcc -g -shared -nostdlib -fPIC -Wl,-Bsymbolic kernel.c "
			       "-Wl,--build-id=0x" SMALL_BUILD_ID " -o dyn"), 0);
	assert_int_equal(inspect("dyn", false, &image, &err), 0);
	assert_string_equal(image.kernel_version, SMALL_VERSION);
	assert_build_id(image.build_id, image.build_id_len, SMALL_BUILD_ID);
	kernel_image__free(&image);
}

static void tells_truncation(void **state)
{
	_cleanup_free_ void *data = NULL;
	size_t size;

	(void)state;
	make_kernel("vmlinux");
	assert_int_equal(shell("cd $T && head -c 3000 vmlinux >cut"), 0);
	assert_refused("cut", EBADMSG, "cut off");
	/* any cut gives an error or a result, never a crash (ASan looks on) */
	assert_int_equal(file__read(in_dir("vmlinux"), 1 << 24, &data, &size), 0);
	for (size_t len = 0; len < size; len += 97) {
		void *part = malloc(len ?: 1);
		struct kernel_image image;
		struct error err = {};
		int rc;

		memcpy(part, data, len);
		rc = vmlinux__inspect_mem(part, len, "part", true, &image, &err);
		assert_true(rc == -ENOEXEC || rc == -EBADMSG);
		assert_non_null(strstr(err.text, "part"));
		free(part);
	}
}

static void assert_banner(const char *text, const char *release, const char *version)
{
	struct banner banner = {};

	assert_int_equal(banner__search(text, strlen(text), &banner), version != NULL);
	if (release) {
		assert_int_equal(banner.release_len, strlen(release));
		assert_memory_equal(banner.release, release, banner.release_len);
	} else {
		assert_null(banner.release);
	}
	if (version) {
		assert_int_equal(banner.version_len, strlen(version));
		assert_memory_equal(banner.version, version, banner.version_len);
	}
}

static void reads_banners(void **state)
{
	(void)state;
	assert_banner(SMALL_BANNER, SMALL_RELEASE, SMALL_VERSION);
	assert_banner(SMALL_TEMPLATE, SMALL_RELEASE, NULL);
	assert_banner(SMALL_TEMPLATE SMALL_BANNER, SMALL_RELEASE, SMALL_VERSION);
	/* EL7: nested, and a blank before the last parenthesis */
	assert_banner("Linux version 3.10.0-1062.el7.x86_64 (mockbuild@kbuilder.bsys.centos.org) "
		      "(gcc version 4.8.5 20150623 (Red Hat 4.8.5-36) (GCC) ) #1 SMP Wed Aug 7 "
		      "18:08:02 UTC 2019\n", "3.10.0-1062.el7.x86_64",
		      "#1 SMP Wed Aug 7 18:08:02 UTC 2019");
	assert_banner("Linux version 5.4.0-42-generic (buildd@lgw01-amd64-023) (gcc version 7.5.0 "
		      "(Ubuntu 7.5.0-3ubuntu1~18.04)) #46~18.04.1-Ubuntu SMP Fri Jul 10 2020\n",
		      "5.4.0-42-generic", "#46~18.04.1-Ubuntu SMP Fri Jul 10 2020");
	/* a compiler that does not balance */
	assert_banner("Linux version 5.0.0 (me@x) (clang :( 12) #3 SMP x\n", "5.0.0", "#3 SMP x");
	assert_banner("Linux version %s (me@x) (gcc) %s\n", NULL, NULL);
	assert_banner("Linux version 5.0.0 (me@x) (gcc) #1 SMP and no end", NULL, NULL);
	assert_banner("Linux version 5.0.0", NULL, NULL);
	assert_banner("", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_identity),
		cmocka_unit_test(knows_architectures),
		cmocka_unit_test(stripped_is_told),
		cmocka_unit_test(gives_btf),
		cmocka_unit_test(refuses_what_is_no_kernel),
		cmocka_unit_test(accepts_relocatable_kernel),
		cmocka_unit_test(tells_truncation),
		cmocka_unit_test(reads_banners),
	};

	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
