/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/vmlinuz.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/banner.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/flat_image.h"

#define UNPACKED_MAX ((size_t)1 << 30)
#define CHUNK ((size_t)1 << 20)
/* zboot around Image in gzip is the deepest that is built; plain gzip in gzip is one layer */
#define LAYERS_MAX 3

DEFINE_CLEANUP(read_freep, struct archive, archive_read_free)

struct span {
	const uint8_t *data;
	size_t size;
};

static uint32_t read_le32(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

static uint32_t read_le16(const uint8_t *at)
{
	return at[1] << 8 | at[0];
}

static bool has_bytes(const struct span *span, size_t at, const void *bytes, size_t len)
{
	return at <= span->size && len <= span->size - at &&
	       memcmp(span->data + at, bytes, len) == 0;
}

static int damaged(const char *name, const char *what, struct error *err)
{
	return error__set(err, EBADMSG,
			  "%s: %s: the kernel image is damaged or was cut off; get it again",
			  name, what);
}

/* ---- decompression ---------------------------------------------------------------- */

static struct archive *open_payload(const struct span *payload)
{
	cleanup(read_freep) struct archive *raw = archive_read_new();
	struct archive_entry *entry;

	if (!raw)
		return NULL;
	archive_read_support_filter_gzip(raw);
	archive_read_support_filter_xz(raw);
	archive_read_support_filter_lzma(raw);
	archive_read_support_filter_bzip2(raw);
	archive_read_support_filter_zstd(raw);
	archive_read_support_filter_lz4(raw);
	/* may be built without lzo, and then runs lzop(1) */
	archive_read_support_filter_lzop(raw);
	archive_read_support_format_raw(raw);
	if (archive_read_open_memory(raw, payload->data, payload->size) != ARCHIVE_OK ||
	    archive_read_next_header(raw, &entry) != ARCHIVE_OK)
		return NULL;
	return steal_ptr(raw);
}

/* `expect_size` is what the image says the payload unpacks to, or 0. */
static int decompress(const struct span *payload, const char *name, size_t expect_size,
		      struct buf *out, struct error *err)
{
	cleanup(read_freep) struct archive *raw = open_payload(payload);

	if (!raw)
		return damaged(name, "its payload can't be decompressed", err);
	/* the "none" filter is one, too */
	if (archive_filter_count(raw) < 2)
		return error__set(err, ENOEXEC,
				  "%s: its payload is compressed in a way that is not known here",
				  name);
	for (;;) {
		uint8_t *room = buf__reserve(out, CHUNK);
		la_ssize_t got;

		if (!room)
			return error__oom(err);
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: interrupted", name);
		got = archive_read_data(raw, room, CHUNK);
		if (got < 0)
			return damaged(name, archive_error_string(raw) ?: "bad payload", err);
		if (!got)
			break;
		out->len += got;
		if (out->len > UNPACKED_MAX)
			return error__set(err, EFBIG,
					  "%s unpacks to more than 1 GiB, which no kernel does",
					  name);
	}
	if (expect_size && out->len != expect_size)
		return damaged(name, "its payload unpacks to another size than it says", err);
	return 0;
}

/* ---- containers ------------------------------------------------------------------- */

static bool is_gzip(const struct span *span)
{
	return has_bytes(span, 0, "\x1f\x8b", 2);
}

static bool is_compressed(const struct span *span)
{
	static const struct {
		const char *magic;
		size_t len;
	} known[] = {
		{ "\x1f\x8b", 2 },           { "\xfd" "7zXZ", 6 },        { "BZh", 3 },
		{ "\x28\xb5\x2f\xfd", 4 },   { "\x02\x21\x4c\x18", 4 },   { "\x04\x22\x4d\x18", 4 },
		{ "\x89LZO\0\r\n\x1a\n", 9 }, { "\x5d\0\0", 3 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (has_bytes(span, 0, known[i].magic, known[i].len))
			return true;
	return false;
}

#define BZ_SETUP_SECTS 0x1f1
#define BZ_MAGIC 0x202
#define BZ_PROTOCOL 0x206
#define BZ_PAYLOAD_OFFSET 0x248
#define BZ_PAYLOAD_LENGTH 0x24c

static bool is_bzimage(const struct span *image)
{
	return image->size >= BZ_PAYLOAD_LENGTH + 4 && has_bytes(image, BZ_MAGIC, "HdrS", 4);
}

static int bzimage_payload(const struct span *image, const char *name, struct span *payload,
			   size_t *unpacked, struct error *err)
{
	const uint8_t *at = image->data;
	size_t sectors = at[BZ_SETUP_SECTS] ?: 4; /* 0 means 4, for reasons of 1992 */
	size_t offset = (sectors + 1) * 512 + (size_t)read_le32(at + BZ_PAYLOAD_OFFSET);
	size_t length = read_le32(at + BZ_PAYLOAD_LENGTH);

	if (read_le16(at + BZ_PROTOCOL) < 0x208)
		return error__set(err, ENOEXEC,
				  "%s: its boot protocol is older than 2.08 (Linux 2.6.26)", name);
	if (offset > image->size || length > image->size - offset || length < 8)
		return damaged(name, "its payload lies beyond its end", err);
	*payload = (struct span){ .data = at + offset, .size = length };
	*unpacked = read_le32(payload->data + length - 4);
	/* gzip's own trailer ends in that size; behind the others the build appended it */
	if (!is_gzip(payload))
		payload->size -= 4;
	return 0;
}

#define ZBOOT_MAGIC 4
#define ZBOOT_OFFSET 8
#define ZBOOT_SIZE 12
#define ZBOOT_HEADER 0x40

static bool is_zboot(const struct span *image)
{
	return image->size >= ZBOOT_HEADER && has_bytes(image, 0, "MZ", 2) &&
	       has_bytes(image, ZBOOT_MAGIC, "zimg", 4);
}

static int zboot_payload(const struct span *image, const char *name, struct span *payload,
			 struct error *err)
{
	size_t offset = read_le32(image->data + ZBOOT_OFFSET);
	size_t length = read_le32(image->data + ZBOOT_SIZE);

	if (offset > image->size || length > image->size - offset || !length)
		return damaged(name, "its payload lies beyond its end", err);
	*payload = (struct span){ .data = image->data + offset, .size = length };
	return 0;
}

/* The architecture of a flat image by its boot header; NULL: it is none. */
static const char *flat_arch(const struct span *image)
{
	if (has_bytes(image, 0x38, "ARM\x64", 4))
		return "aarch64";
	if (has_bytes(image, 0x38, "RSC\x05", 4) || has_bytes(image, 0x30, "RISCV\0\0\0", 8))
		return "riscv64";
	return NULL;
}

/* ---- what is inside --------------------------------------------------------------- */

static int inspect_flat(const struct span *span, const char *arch, struct kernel_image *image,
			struct error *err)
{
	struct banner banner = {};
	struct flat_span btf;

	banner__search(span->data, span->size, &banner);
	if (flat_image__find_btf(span->data, span->size, &btf) == 0) {
		image->btf = malloc(btf.size);
		if (!image->btf)
			return error__oom(err);
		memcpy(image->btf, btf.data, btf.size);
		image->btf_size = btf.size;
		image->has_btf = true;
	}
	flat_image__find_build_id(span->data, span->size, &btf, image->build_id,
				  &image->build_id_len);
	image->arch = strdup(arch);
	image->kernel_release = strndup(banner.release ?: "", banner.release_len);
	image->kernel_version = strndup(banner.version ?: "", banner.version_len);
	if (!image->arch || !image->kernel_release || !image->kernel_version)
		return error__oom(err);
	return 0;
}

/* Open one container of *span into *out; -ENOEXEC if it is none that is known. */
static int unwrap(const struct span *span, const char *name, struct buf *out, struct error *err)
{
	struct span payload = *span;
	size_t unpacked = 0;
	int rc = 0;

	if (is_bzimage(span))
		rc = bzimage_payload(span, name, &payload, &unpacked, err);
	else if (is_zboot(span))
		rc = zboot_payload(span, name, &payload, err);
	else if (!is_compressed(span))
		return error__set(err, ENOEXEC,
				  "%s is no kernel image of a known kind (bzImage, Image, zboot, "
				  "or one of them compressed)", name);
	if (rc)
		return rc;
	/* built without compression */
	if (has_bytes(&payload, 0, ELFMAG, SELFMAG)) {
		buf__add(out, payload.data, payload.size);
		return buf__failed(out) ? error__oom(err) : 0;
	}
	return decompress(&payload, name, unpacked, out, err);
}

static int inspect_layer(const struct span *span, const char *name, unsigned int depth,
			 struct kernel_image *image, struct error *err)
{
	_cleanup_buf_ struct buf inner = {};
	const char *arch;
	struct span next;
	int rc;

	if (has_bytes(span, 0, ELFMAG, SELFMAG))
		return vmlinux__inspect_mem(span->data, span->size, name, true, image, err);
	/* a zboot image has its "zimg" where these have code, so ask it first */
	arch = is_zboot(span) ? NULL : flat_arch(span);
	if (arch)
		return inspect_flat(span, arch, image, err);
	if (depth >= LAYERS_MAX)
		return error__set(err, ENOEXEC, "%s is compressed again and again", name);
	rc = unwrap(span, name, &inner, err);
	if (rc)
		return rc;
	next = (struct span){ .data = inner.data, .size = inner.len };
	return inspect_layer(&next, name, depth + 1, image, err);
}

int vmlinuz__inspect_mem(const void *data, size_t size, const char *name,
			 struct kernel_image *image, struct error *err)
{
	const struct span span = { .data = data, .size = size };
	int rc;

	*image = (struct kernel_image){};
	rc = inspect_layer(&span, name, 0, image, err);
	if (rc)
		kernel_image__free(image);
	return rc;
}

int vmlinuz__inspect(const char *path, struct kernel_image *image, struct error *err)
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int rc;

	*image = (struct kernel_image){};
	rc = file__read(path, UNPACKED_MAX, &data, &size);
	if (rc == -EFBIG)
		return error__set(err, EFBIG, "%s is over 1 GiB, which no kernel image is", path);
	if (rc)
		return error__set(err, rc, "cannot read %s: %s", path, strerror(-rc));
	return vmlinuz__inspect_mem(data, size, path, image, err);
}
