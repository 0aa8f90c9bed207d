/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RPM packages that are entered anywhere. The first byte says what follows:
 *   p  the payload of one of format 6, decompressed: all of it is read
 *   r  a package, whose header gets the SHA-256 that it should have: a file is extracted
 */
#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rpm_header.h"
#include "base/rpm_payload.h"
#include "harness.h"
#include "memory_file.h"
#include "stage/extract.h"

#define LEAD 96
#define INTRO 16
#define ENTRY 16
#define TAG_SHA256 273
#define TAG_SHA3_256 279
#define HEX_SIZE 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/*
 * librpm 4.18 keeps some bytes of a list of files that it refuses. (Its objects, which
 * are ours to free, are of its rcalloc.)
 */
const char *__lsan_default_suppressions(void)
{
	return "leak:rmalloc\n";
}

/* ---- payload ----------------------------------------------------------------------- */

/* As the seeds have them; one more that a changed number can reach. */
static struct rpm_file listed[] = {
	{ .path = "usr/lib", .mode = S_IFDIR | 0755, .names = 1 },
	{ .path = "usr/lib/link", .mode = S_IFLNK | 0777, .names = 1, .stored = 7, .size = 7,
	  .link_target = "vmlinux" },
	{ .path = "usr/lib/module", .mode = S_IFREG | 0644, .names = 1, .stored = 301, .size = 301 },
	{ .path = "usr/lib/other", .mode = S_IFREG | 0644, .names = 2, .size = 301 },
	{ .path = "usr/lib/endless", .mode = S_IFREG | 0644, .names = 1, .stored = INT64_MAX },
};

static void read_content(struct rpm_payload *payload, uint64_t stored)
{
	uint64_t sum = 0;
	const void *data;
	la_int64_t offset;
	size_t size;

	while (rpm_payload__read_data_block(payload, &data, &size, &offset) == ARCHIVE_OK) {
		expect(size && (uint64_t)offset == sum);
		for (size_t i = 0; i < size; i++)
			sum += 1 + 0 * ((const volatile uint8_t *)data)[i];
		expect(sum <= stored);
	}
}

static void try_payload(const uint8_t *data, size_t size)
{
	const struct rpm_header header = { listed, sizeof(listed) / sizeof(*listed), NULL };
	struct archive *raw = archive_read_new();
	struct rpm_payload *payload = NULL;
	struct archive_entry *entry;
	int count = 0, rc;

	expect(raw != NULL);
	archive_read_support_format_raw(raw);
	if (archive_read_open_memory(raw, data, size) == ARCHIVE_OK &&
	    archive_read_next_header(raw, &entry) == ARCHIVE_OK) {
		payload = rpm_payload__new(raw, &header);
		expect(payload != NULL);
		while ((rc = rpm_payload__next_header(payload, &entry)) == ARCHIVE_OK) {
			expect(archive_entry_pathname(entry) && archive_entry_size(entry) >= 0);
			/* the next header skips what is left */
			if (++count % 2)
				read_content(payload, archive_entry_size(entry));
		}
		expect(rc == ARCHIVE_EOF || archive_error_string(raw));
	}
	rpm_payload__free(payload);
	archive_read_free(raw);
}

/* ---- packages ---------------------------------------------------------------------- */

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* Where the header that begins at `at` ends, or 0. */
static uint64_t end_of(const uint8_t *data, uint64_t size, uint64_t at)
{
	uint64_t end;

	if (at > size || size - at < INTRO)
		return 0;
	end = at + INTRO + (uint64_t)be32(data + at + 8) * ENTRY + be32(data + at + 12);
	return end <= size ? end : 0;
}

static void put_digest(uint8_t *to, const uint8_t *header, size_t size)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char hex[HEX_SIZE + 1];

	crypto_hash_sha256(digest, header, size);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	memcpy(to, hex, HEX_SIZE);
}

static void mend_digests(uint8_t *data, size_t size)
{
	uint64_t end = end_of(data, size, LEAD), main = (end + 7) & ~(uint64_t)7;
	uint64_t main_end = end ? end_of(data, size, main) : 0;
	uint32_t count;
	uint64_t values;

	if (!main_end)
		return;
	count = be32(data + LEAD + 8);
	values = LEAD + INTRO + (uint64_t)count * ENTRY;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *entry = data + LEAD + INTRO + (size_t)i * ENTRY;
		uint64_t at = values + be32(entry + 8);

		if (be32(entry) == TAG_SHA256 && at + HEX_SIZE <= end)
			put_digest(data + at, data + main, main_end - main);
		/* not computed here: it becomes a tag that nobody knows */
		if (be32(entry) == TAG_SHA3_256)
			entry[3]++;
	}
}

static void try_package(const uint8_t *data, size_t size)
{
	static int out = -1;
	struct extract_opts opts = { .member = "*vmlinux", .out_path = "out", .max_size = 1 << 22 };
	uint8_t *mended = malloc(size + 1);
	struct extracted extracted;
	struct error err = {};
	struct stat st;

	if (out < 0)
		out = memfd_create("out", 0);
	expect(mended && out >= 0 && ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0);
	memcpy(mended, data, size);
	mend_digests(mended, size);
	opts.package_path = memory_file(mended, size);
	opts.out_fd = out;
	if (extract__member(&opts, &extracted, &err)) {
		expect(err.text[0] && !extracted.member);
	} else {
		expect(extracted.member && fstat(out, &st) == 0);
		expect((uint64_t)st.st_size == extracted.size && extracted.size <= opts.max_size);
		extracted__free(&extracted);
	}
	free(mended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 'p')
		try_payload(data + 1, size - 1);
	else if (size)
		try_package(data + 1, size - 1);
	return 0;
}
