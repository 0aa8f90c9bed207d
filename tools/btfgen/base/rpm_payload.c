/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/rpm_payload.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_SIZE 6
#define NUMBER_SIZE 8
#define NUMBER_END UINT32_MAX
/* The end is still an entry of cpio's own: 13 numbers, and this name with its NUL. */
#define TRAILER "TRAILER!!!"
#define TRAILER_NUMBERS (13 * NUMBER_SIZE)

struct rpm_payload {
	struct archive *raw;
	const struct rpm_header *header;
	struct archive_entry *entry;
	const uint8_t *block; /* what raw gave last, and is not used up */
	size_t block_size;
	uint64_t at;          /* of the decompressed payload */
	uint64_t left;        /* of the file's content */
	uint64_t given;
};

struct rpm_payload *rpm_payload__new(struct archive *raw, const struct rpm_header *header)
{
	struct rpm_payload *payload = calloc(1, sizeof(*payload));

	if (!payload)
		return NULL;
	payload->raw = raw;
	payload->header = header;
	payload->entry = archive_entry_new();
	if (payload->entry)
		return payload;
	free(payload);
	return NULL;
}

void rpm_payload__free(struct rpm_payload *payload)
{
	if (!payload)
		return;
	archive_entry_free(payload->entry);
	free(payload);
}

static int broken(const struct rpm_payload *payload, const char *what)
{
	archive_set_error(payload->raw, EBADMSG, "%s", what);
	return ARCHIVE_FATAL;
}

/* The next bytes that are there, at most `max`: one or more. */
static int take_some(struct rpm_payload *payload, uint64_t max, const uint8_t **data,
		     size_t *size)
{
	while (!payload->block_size) {
		la_int64_t offset;
		int rc = archive_read_data_block(payload->raw, (const void **)&payload->block,
						 &payload->block_size, &offset);

		if (rc == ARCHIVE_EOF)
			return broken(payload, "its payload ends too early");
		if (rc != ARCHIVE_OK)
			return ARCHIVE_FATAL;
	}
	*data = payload->block;
	*size = payload->block_size < max ? payload->block_size : max;
	payload->block += *size;
	payload->block_size -= *size;
	payload->at += *size;
	return ARCHIVE_OK;
}

static int take(struct rpm_payload *payload, void *to, size_t size)
{
	uint8_t *at = to;

	while (size) {
		const uint8_t *data;
		size_t got;
		int rc = take_some(payload, size, &data, &got);

		if (rc)
			return rc;
		memcpy(at, data, got);
		at += got;
		size -= got;
	}
	return ARCHIVE_OK;
}

static int skip(struct rpm_payload *payload, uint64_t size)
{
	while (size) {
		const uint8_t *data;
		size_t got;
		int rc = take_some(payload, size, &data, &got);

		if (rc)
			return rc;
		size -= got;
	}
	return ARCHIVE_OK;
}

/* Headers and contents begin at multiples of 4. */
static int align(struct rpm_payload *payload)
{
	return skip(payload, -payload->at & 3);
}

static bool read_number(const char *text, uint32_t *number)
{
	*number = 0;
	for (int i = 0; i < NUMBER_SIZE; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return false;
		*number = *number << 4 | ((digit - digits) & 15);
	}
	return true;
}

static int check_end(struct rpm_payload *payload)
{
	char rest[TRAILER_NUMBERS + sizeof(TRAILER)];
	int rc = take(payload, rest, sizeof(rest));

	if (rc)
		return rc;
	if (memcmp(rest + TRAILER_NUMBERS, TRAILER, sizeof(TRAILER)) != 0)
		return broken(payload, "its payload mixes two formats");
	return ARCHIVE_EOF;
}

/* Go behind the next entry's header. */
static int read_index(struct rpm_payload *payload, uint32_t *index)
{
	char magic[MAGIC_SIZE], number[NUMBER_SIZE];
	int rc = take(payload, magic, sizeof(magic));

	if (rc)
		return rc;
	if (memcmp(magic, "070701", MAGIC_SIZE) == 0)
		return check_end(payload);
	if (memcmp(magic, "07070X", MAGIC_SIZE) != 0)
		return broken(payload, "its payload is of no known format");
	rc = take(payload, number, sizeof(number));
	if (rc)
		return rc;
	if (!read_number(number, index))
		return broken(payload, "its payload has a broken entry");
	if (*index == NUMBER_END)
		return ARCHIVE_EOF;
	if (*index >= payload->header->file_count)
		return broken(payload, "its payload has a file that the header does not list");
	return align(payload);
}

static void describe(struct archive_entry *entry, const struct rpm_file *file)
{
	archive_entry_clear(entry);
	archive_entry_copy_pathname(entry, file->path);
	archive_entry_set_mode(entry, file->mode);
	archive_entry_set_nlink(entry, file->names);
	archive_entry_set_size(entry, file->stored);
	if (file->link_target)
		archive_entry_copy_symlink(entry, file->link_target);
}

int rpm_payload__next_header(struct rpm_payload *payload, struct archive_entry **entry)
{
	const struct rpm_file *file;
	uint32_t index;
	int rc = skip(payload, payload->left);

	payload->left = 0;
	if (!rc)
		rc = align(payload);
	if (!rc)
		rc = read_index(payload, &index);
	if (rc)
		return rc;
	file = &payload->header->files[index];
	if (file->stored > INT64_MAX)
		return broken(payload, "its header lists an impossible size");
	payload->left = file->stored;
	payload->given = 0;
	describe(payload->entry, file);
	*entry = payload->entry;
	return ARCHIVE_OK;
}

int rpm_payload__read_data_block(struct rpm_payload *payload, const void **data, size_t *size,
				 la_int64_t *offset)
{
	int rc;

	*size = 0;
	*offset = payload->given;
	if (!payload->left)
		return ARCHIVE_EOF;
	rc = take_some(payload, payload->left, (const uint8_t **)data, size);
	if (rc)
		return rc;
	payload->left -= *size;
	payload->given += *size;
	return ARCHIVE_OK;
}
