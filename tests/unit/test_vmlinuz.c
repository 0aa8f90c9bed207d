/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "small_kernel.h"

#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/flat_image.h"
#include "base/vmlinuz.h"
#include "small_btf.h"

#define PROTOCOL 0x020f

static void assert_refused(const char *name, int code, const char *word)
{
	struct kernel_image image;
	struct error err = {};

	assert_int_equal(vmlinuz__inspect(in_dir(name), &image, &err), -code);
	assert_non_null(strstr(err.text, in_dir(name)));
	if (!strstr(err.text, word))
		fail_msg("'%s' does not say '%s'", err.text, word);
	assert_null(image.arch);
}

static void write_bytes(const char *name, const struct buf *buf)
{
	assert_false(buf__failed(buf));
	assert_int_equal(file__replace(in_dir(name), buf->data, buf->len, 0600), 0);
}

static void add_zeros(struct buf *buf, size_t len)
{
	memset(buf__reserve(buf, len), 0, len);
	buf->len += len;
}

static void put_le32(struct buf *buf, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		buf->data[at + i] = value >> (8 * i);
}

/* $T/elf, a stripped kernel with .BTF, and its .BTF in *btf. */
static void make_inner(void **btf, size_t *btf_size)
{
	need("objcopy");
	make_kernel("vmlinux");
	*btf = small_btf(40, btf_size);
	assert_int_equal(file__replace(in_dir("btf"), *btf, *btf_size, 0600), 0);
	assert_int_equal(shell("cd $T && strip -o elf vmlinux && objcopy --add-section .BTF=btf elf"),
			 0);
}

/* A boot sector, one sector of setup code, `gap` bytes of decompressor, the payload. */
static void make_bzimage(const char *name, const void *payload, size_t size, size_t gap)
{
	_cleanup_buf_ struct buf image = {};

	add_zeros(&image, 1024 + gap);
	image.data[0x1f1] = 1;
	memcpy(image.data + 0x202, "HdrS", 4);
	image.data[0x206] = PROTOCOL & 0xff;
	image.data[0x207] = PROTOCOL >> 8;
	put_le32(&image, 0x248, gap);
	put_le32(&image, 0x24c, size);
	buf__add(&image, payload, size);
	add_zeros(&image, 100);
	write_bytes(name, &image);
}

/* As the kernel's build compresses: `program` from stdin to stdout; all but gzip get the size. */
static bool compress_elf(const char *program, bool append_size, struct buf *payload)
{
	_cleanup_free_ void *data = NULL, *elf = NULL;
	size_t size, elf_size;

	if (shell("command -v %.*s >/dev/null", (int)strcspn(program, " "), program)) {
		fprintf(stderr, "skipped in part: no %s\n", program);
		return false;
	}
	assert_int_equal(shell("cd $T && %s <elf >payload 2>/dev/null", program), 0);
	assert_int_equal(file__read(in_dir("payload"), 1 << 24, &data, &size), 0);
	assert_int_equal(file__read(in_dir("elf"), 1 << 24, &elf, &elf_size), 0);
	buf__add(payload, data, size);
	if (append_size)
		buf__add_u32(payload, elf_size);
	return true;
}

static void assert_kernel(const char *name, const void *btf, size_t btf_size)
{
	struct kernel_image image;
	struct error err = {};
	int rc = vmlinuz__inspect(in_dir(name), &image, &err);

	if (rc)
		fail_msg("%s: %s", name, err.text);
	assert_string_equal(image.kernel_release, SMALL_RELEASE);
	assert_string_equal(image.kernel_version, SMALL_VERSION);
	assert_build_id(image.build_id, image.build_id_len, SMALL_BUILD_ID);
	assert_false(image.has_dwarf);
	assert_true(image.has_btf);
	assert_int_equal(image.btf_size, btf_size);
	assert_memory_equal(image.btf, btf, btf_size);
	kernel_image__free(&image);
}

static const struct compressor {
	const char *program;
	bool append_size;
} compressors[] = {
	{ "gzip -n -f -9", false },
	{ "xz --check=crc32 --x86 --lzma2=,dict=1MiB", true },
	{ "zstd -19 -c -", true },
	{ "lz4 -l -9 - -", true },
	{ "bzip2 -9", true },
	{ "lzma -9", true },
	{ "lzop -9", true },
};

#define COMPRESSORS (sizeof(compressors) / sizeof(*compressors))

static void opens_bzimages(void **state)
{
	_cleanup_free_ void *btf = NULL;
	size_t btf_size, done = 0;

	(void)state;
	make_inner(&btf, &btf_size);
	for (size_t i = 0; i < COMPRESSORS; i++) {
		_cleanup_buf_ struct buf payload = {};

		if (!compress_elf(compressors[i].program, compressors[i].append_size, &payload))
			continue;
		make_bzimage("bzImage", payload.data, payload.len, 700 * i);
		assert_kernel("bzImage", btf, btf_size);
		done++;
	}
	assert_true(done >= 2);
}

static void opens_whole_files(void **state)
{
	_cleanup_free_ void *btf = NULL;
	size_t btf_size;

	(void)state;
	need("gzip xz");
	make_inner(&btf, &btf_size);
	assert_kernel("elf", btf, btf_size);
	assert_int_equal(shell("cd $T && gzip -c elf >vmlinux.gz && xz -c elf >vmlinux.xz && "
			       "gzip -c vmlinux.xz >vmlinux.xz.gz"), 0);
	assert_kernel("vmlinux.gz", btf, btf_size);
	assert_kernel("vmlinux.xz", btf, btf_size);
	assert_kernel("vmlinux.xz.gz", btf, btf_size);
}

static void refuses_damage(void **state)
{
	_cleanup_buf_ struct buf payload = {};
	_cleanup_free_ void *btf = NULL;
	size_t btf_size;

	(void)state;
	make_inner(&btf, &btf_size);
	write_text("text", "no kernel\n");
	assert_refused("text", ENOEXEC, "no kernel image");
	write_text("empty", "");
	assert_refused("empty", ENOEXEC, "no kernel image");
	assert_refused("missing", ENOENT, "cannot read");
	assert_true(compress_elf("xz --check=crc32", true, &payload));
	/* the size does not agree */
	payload.data[payload.len - 4] ^= 1;
	make_bzimage("bzImage", payload.data, payload.len, 0);
	assert_refused("bzImage", EBADMSG, "another size");
	payload.data[payload.len - 4] ^= 1;
	/* a bit in the middle */
	payload.data[payload.len / 2] ^= 1;
	make_bzimage("bzImage", payload.data, payload.len, 0);
	assert_refused("bzImage", EBADMSG, "damaged");
	payload.data[payload.len / 2] ^= 1;
	/* the file was cut off */
	make_bzimage("bzImage", payload.data, payload.len, 0);
	assert_int_equal(shell("cd $T && head -c 1200 bzImage >cut"), 0);
	assert_refused("cut", EBADMSG, "beyond its end");
	/* before the payload had an entry in the header */
	assert_int_equal(shell("cd $T && printf '\\007' | dd of=bzImage bs=1 seek=518 conv=notrunc "
			       "2>/dev/null"), 0);
	assert_refused("bzImage", ENOEXEC, "2.08");
	/* unknown compression */
	memset(payload.data, 0x77, payload.len);
	make_bzimage("bzImage", payload.data, payload.len, 0);
	assert_refused("bzImage", ENOEXEC, "not known");
}

/* ---- flat images -------------------------------------------------------------------- */

static void add_note(struct buf *image, const char *hex)
{
	uint8_t id[20];

	for (size_t i = 0; i < sizeof(id); i++)
		sscanf(hex + 2 * i, "%2hhx", &id[i]);
	buf__add_u32(image, 4);
	buf__add_u32(image, sizeof(id));
	buf__add_u32(image, NT_GNU_BUILD_ID);
	buf__add(image, "GNU", 4);
	buf__add(image, id, sizeof(id));
}

static void align(struct buf *image, size_t to)
{
	while (image->len % to)
		buf__add_u8(image, 0);
}

#define OTHER_ID "ffffffffffffffffffffffffffffffffffffffff"

/* A vDSO: an ELF header, its note, and the table of sections at its end. */
static void add_vdso(struct buf *image)
{
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_DYN, .e_shoff = 512, .e_shnum = 3,
			      .e_shentsize = sizeof(Elf64_Shdr) };
	size_t start;

	align(image, 4096);
	start = image->len;
	buf__add(image, &header, sizeof(header));
	add_note(image, OTHER_ID);
	add_zeros(image, start + 512 + 3 * sizeof(Elf64_Shdr) - image->len);
}

struct flat {
	bool vdso;
	bool bare_note;   /* a second note, in no ELF file, far from .BTF */
	bool btf;
	bool decoys;      /* what looks like BTF, but is none or is small */
};

static void make_flat(const char *name, const struct flat *flat, const void *btf, size_t btf_size)
{
	_cleanup_free_ void *small = NULL;
	_cleanup_buf_ struct buf image = {};
	size_t small_size;

	add_zeros(&image, 4096);
	memcpy(image.data + 0x38, "ARM\x64", 4);
	buf__add(&image, "Invalid \x7f" "ELF magic", 18);
	buf__add(&image, SMALL_TEMPLATE, sizeof(SMALL_TEMPLATE));
	buf__add(&image, SMALL_BANNER, sizeof(SMALL_BANNER));
	if (flat->vdso)
		add_vdso(&image);
	align(&image, 4);
	if (flat->bare_note) {
		add_note(&image, OTHER_ID);
		add_zeros(&image, 128 << 10);
	}
	if (flat->decoys) {
		/* of a BPF program that is built in; then a header and rubbish */
		small = small_btf(1, &small_size);
		buf__add(&image, small, small_size);
		align(&image, 4);
		buf__add(&image, btf, 24);
		for (size_t i = 24; i < btf_size; i++)
			buf__add_u8(&image, i == btf_size - 1 ? 0 : i);
		align(&image, 4);
	}
	add_note(&image, SMALL_BUILD_ID);
	if (flat->btf)
		buf__add(&image, btf, btf_size);
	add_zeros(&image, 512);
	write_bytes(name, &image);
}

static void searches_flat_images(void **state)
{
	_cleanup_free_ void *btf = NULL;
	size_t btf_size;

	(void)state;
	btf = small_btf(40, &btf_size);
	make_flat("Image", &(struct flat){ .btf = true }, btf, btf_size);
	assert_kernel("Image", btf, btf_size);
	make_flat("Image", &(struct flat){ .btf = true, .vdso = true }, btf, btf_size);
	assert_kernel("Image", btf, btf_size);
	make_flat("Image", &(struct flat){ .btf = true, .bare_note = true }, btf, btf_size);
	assert_kernel("Image", btf, btf_size);
	make_flat("Image", &(struct flat){ .btf = true, .decoys = true, .vdso = true }, btf,
		  btf_size);
	assert_kernel("Image", btf, btf_size);
}

static void does_not_guess(void **state)
{
	_cleanup_free_ void *btf = NULL;
	struct kernel_image image;
	struct error err = {};
	size_t btf_size;

	(void)state;
	btf = small_btf(40, &btf_size);
	make_flat("Image", &(struct flat){ .vdso = true }, btf, btf_size);
	assert_int_equal(vmlinuz__inspect(in_dir("Image"), &image, &err), 0);
	assert_string_equal(image.arch, "aarch64");
	assert_build_id(image.build_id, image.build_id_len, SMALL_BUILD_ID);
	assert_false(image.has_btf);
	kernel_image__free(&image);
	/* two notes, and nothing that tells which */
	make_flat("Image", &(struct flat){ .bare_note = true }, btf, btf_size);
	assert_int_equal(vmlinuz__inspect(in_dir("Image"), &image, &err), 0);
	assert_int_equal(image.build_id_len, 0);
	kernel_image__free(&image);
}

static void opens_zboot_images(void **state)
{
	_cleanup_buf_ struct buf image = {};
	_cleanup_free_ void *btf = NULL, *packed = NULL;
	size_t btf_size, size;

	(void)state;
	need("gzip zstd");
	btf = small_btf(40, &btf_size);
	make_flat("Image", &(struct flat){ .btf = true, .vdso = true }, btf, btf_size);
	assert_int_equal(shell("cd $T && gzip -c Image >Image.gz && zstd -q -c Image >Image.zst"), 0);
	assert_kernel("Image.gz", btf, btf_size);
	assert_int_equal(file__read(in_dir("Image.zst"), 1 << 24, &packed, &size), 0);
	add_zeros(&image, 256);
	memcpy(image.data, "MZ\0\0zimg", 8);
	put_le32(&image, 8, 256);
	put_le32(&image, 12, size);
	memcpy(image.data + 24, "zstd22", 7);
	buf__add(&image, packed, size);
	add_zeros(&image, 33);
	write_bytes("vmlinuz.efi", &image);
	assert_kernel("vmlinuz.efi", btf, btf_size);
	put_le32(&image, 12, size + 34);
	write_bytes("vmlinuz.efi", &image);
	assert_refused("vmlinuz.efi", EBADMSG, "beyond its end");
}

static void finds_big_endian_btf(void **state)
{
	struct btf *btf = btf__new_empty();
	_cleanup_buf_ struct buf image = {};
	struct flat_span found;
	const void *raw;
	uint32_t size;

	(void)state;
	assert_int_equal(btf__set_endianness(btf, BTF_BIG_ENDIAN), 0);
	assert_true(btf__add_int(btf, "int", 4, BTF_INT_SIGNED) > 0);
	raw = btf__raw_data(btf, &size);
	add_zeros(&image, 64);
	buf__add(&image, raw, size);
	add_zeros(&image, 64);
	assert_int_equal(flat_image__find_btf(image.data, image.len, &found), 0);
	assert_int_equal(found.size, size);
	assert_memory_equal(found.data, raw, size);
	/* one byte short, so its strings do not end in it */
	assert_int_equal(flat_image__find_btf(image.data, 64 + size - 1, &found), -ENOENT);
	btf__free(btf);
}

/* 1200 MB in 110 KB; zstd, since that unpacks in half a second */
static void refuses_bombs(void **state)
{
	(void)state;
	need("zstd");
	assert_int_equal(shell("head -c 1200000000 /dev/zero | zstd -q -1 >$T/bomb"), 0);
	assert_refused("bomb", EFBIG, "1 GiB");
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level, (void)fmt, (void)args;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_bzimages),
		cmocka_unit_test(opens_whole_files),
		cmocka_unit_test(refuses_damage),
		cmocka_unit_test(searches_flat_images),
		cmocka_unit_test(does_not_guess),
		cmocka_unit_test(opens_zboot_images),
		cmocka_unit_test(finds_big_endian_btf),
		cmocka_unit_test(refuses_bombs),
	};

	libbpf_set_print(quiet);
	return cmocka_run_group_tests(tests, fixture__setup, fixture__teardown);
}
