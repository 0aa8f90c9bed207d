/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/tar_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Contents of headers that only describe the next one. */
#define PREFIX_MAX ((uint64_t)64 << 10)
/* Of one member: a name, a link's target, pax records, each once or twice. */
#define PREFIXES_MAX 8
#define SIZE_MAX_ ((uint64_t)1 << 48)

/* POSIX.1-1988, "ustar interchange format". */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char owner[32];
	char group[32];
	char device[16];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is a block");

static int damaged(const struct tar_walk *walk, const char *what, struct error *err)
{
	return error__set(err, EBADMSG, "%s: %s: the package is damaged; get it again", walk->name,
			  what);
}

/* Octal digits with blanks and NULs around, or GNU's base 256: big-endian, the top bit set. */
static bool read_number(const char *field, size_t len, uint64_t *number)
{
	const uint8_t *bytes = (const uint8_t *)field;
	size_t i = 0, digits = 0;

	*number = 0;
	if (bytes[0] & 0x80) {
		if (bytes[0] != 0x80)
			return false; /* negative, or more than 88 bits */
		for (i = 1; i < len; i++) {
			if (*number >> 56)
				return false;
			*number = *number << 8 | bytes[i];
		}
		return true;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++, digits++)
		*number = *number << 3 | (field[i] - '0'); /* of 12 digits: 36 bits */
	while (i < len && (field[i] == ' ' || field[i] == '\0'))
		i++;
	return i == len && digits;
}

static bool has_checksum(const struct tar_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	uint64_t want, sum = 0;

	if (!read_number(header->checksum, sizeof(header->checksum), &want))
		return false;
	for (size_t i = 0; i < sizeof(*header); i++) {
		bool own = i >= offsetof(struct tar_header, checksum) &&
			   i < offsetof(struct tar_header, type);

		sum += own ? ' ' : bytes[i];
	}
	return sum == want;
}

bool tar_header__is_one(const void *block)
{
	const struct tar_header *header = block;

	return memcmp(header->magic, "ustar", 5) == 0 && has_checksum(header);
}

/* A link's size is its target's in some old archives, and folders have none. */
static bool has_body(const struct tar_header *header)
{
	return !header->type || !strchr("123456", header->type);
}

bool tar_header__body_size(const void *block, uint64_t *size)
{
	const struct tar_header *header = block;

	*size = 0;
	return tar_header__is_one(block) &&
	       (!has_body(header) || read_number(header->size, sizeof(header->size), size));
}

bool tar_header__is_prefix(const void *block)
{
	const struct tar_header *header = block;

	return header->type && strchr("LKxg", header->type);
}

static bool is_zero(const uint8_t *block)
{
	return !block[0] && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

/* ---- what prefixes say ------------------------------------------------------------- */

/* Of the member that they stand before. */
struct told {
	bool has_name, has_size;
	uint64_t size;
};

static bool take_name(struct tar_member *member, const char *name, size_t len)
{
	if (!len || len > TAR_NAME_MAX || memchr(name, '\0', len))
		return false;
	memcpy(member->name, name, len);
	member->name[len] = '\0';
	return true;
}

static bool take_pax_size(struct told *told, const char *text, size_t len)
{
	told->size = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || told->size > SIZE_MAX_)
			return false;
		told->size = told->size * 10 + (text[i] - '0');
	}
	told->has_size = true;
	return len > 0;
}

static bool key_is(const char *record, const char *equals, const char *key)
{
	return (size_t)(equals - record) == strlen(key) && memcmp(record, key, strlen(key)) == 0;
}

static bool begins(const char *record, const char *equals, const char *start)
{
	return (size_t)(equals - record) >= strlen(start) &&
	       memcmp(record, start, strlen(start)) == 0;
}

/* One "key=value" of pax; whether it is sound. Sparse files are said in *sparse. */
static bool take_record(const char *record, size_t len, struct tar_member *member,
			struct told *told, bool *sparse)
{
	const char *equals = memchr(record, '=', len);
	const char *value;
	size_t value_len;

	if (!equals)
		return false;
	value = equals + 1;
	value_len = record + len - value;
	if (key_is(record, equals, "path"))
		return told->has_name = take_name(member, value, value_len);
	if (key_is(record, equals, "size"))
		return take_pax_size(told, value, value_len);
	if (begins(record, equals, "GNU.sparse.") || begins(record, equals, "SCHILY.realsize"))
		*sparse = true;
	return true;
}

/* "LEN key=value\n" one after the other, where LEN counts all of a record. */
static bool take_records(const char *text, size_t size, struct tar_member *member,
			 struct told *told, bool *sparse)
{
	while (size) {
		size_t len = 0, digits = 0;

		for (; digits < size && digits < 8 && text[digits] >= '0' && text[digits] <= '9';
		     digits++)
			len = len * 10 + (text[digits] - '0');
		if (!digits || digits >= size || text[digits] != ' ' || len > size ||
		    len < digits + 2 || text[len - 1] != '\n')
			return false;
		if (!take_record(text + digits + 1, len - digits - 2, member, told, sparse))
			return false;
		text += len;
		size -= len;
	}
	return true;
}

static int take_prefix(struct tar_walk *walk, char type, uint64_t at, uint64_t size,
		       struct tar_member *member, struct told *told, struct error *err)
{
	char *text;
	bool sparse = false, good = true;
	int rc;

	if (type == 'K' || type == 'g')
		return 0;
	if (size > PREFIX_MAX)
		return damaged(walk, "a name in its tar archive has no end", err);
	text = malloc(size + 1);
	if (!text)
		return error__oom(err);
	rc = walk->read(walk->context, at, text, size, err);
	text[size] = '\0';
	if (!rc && type == 'L')
		good = told->has_name = take_name(member, text, strlen(text));
	else if (!rc)
		good = take_records(text, size, member, told, &sparse);
	free(text);
	if (rc)
		return rc;
	if (sparse)
		return error__set(err, ENOTSUP, "%s: its tar archive has sparse files", walk->name);
	return good ? 0 : damaged(walk, "a name in its tar archive is broken", err);
}

/* ---- members ----------------------------------------------------------------------- */

static void join_name(const struct tar_header *header, struct tar_member *member)
{
	size_t len = 0, prefix = 0;

	/* GNU keeps other things where ustar has the prefix */
	if (memcmp(header->magic, "ustar", 6) == 0)
		prefix = strnlen(header->prefix, sizeof(header->prefix));
	if (prefix) {
		memcpy(member->name, header->prefix, prefix);
		member->name[prefix] = '/';
		len = prefix + 1;
	}
	memcpy(member->name + len, header->name, sizeof(header->name));
	member->name[len + strnlen(header->name, sizeof(header->name))] = '\0';
}

static int read_header(struct tar_walk *walk, struct tar_header *header, struct error *err)
{
	int rc;

	if (walk->at > walk->size || walk->size - walk->at < TAR_BLOCK)
		return damaged(walk, "its tar archive has no end", err);
	rc = walk->read(walk->context, walk->at, header, sizeof(*header), err);
	if (rc || is_zero((const uint8_t *)header))
		return rc;
	if (!tar_header__is_one(header))
		return damaged(walk, "a header of its tar archive is broken", err);
	return 1;
}

/* The header's own size, or what was told of it; -EBADMSG where that can't be. */
static int body_size(const struct tar_walk *walk, const struct tar_header *header,
		     const struct told *told, uint64_t *size, struct error *err)
{
	if (!read_number(header->size, sizeof(header->size), size))
		return damaged(walk, "a size in its tar archive is none", err);
	if (told && told->has_size)
		*size = told->size;
	if (*size > SIZE_MAX_ || *size > walk->size - walk->at - TAR_BLOCK)
		return damaged(walk, "a file in its tar archive goes beyond its end", err);
	return 0;
}

static int take_member(struct tar_walk *walk, const struct tar_header *header,
		       const struct told *told, struct tar_member *member, struct error *err)
{
	int rc;

	if (header->type == 'S' || header->type == 'M')
		return error__set(err, ENOTSUP, "%s: its tar archive has sparse files", walk->name);
	if (!told->has_name)
		join_name(header, member);
	member->is_file = header->type == '0' || header->type == '\0' || header->type == '7';
	member->body = walk->at + TAR_BLOCK;
	member->size = 0;
	if (has_body(header)) {
		rc = body_size(walk, header, told, &member->size, err);
		if (rc)
			return rc;
	}
	walk->at = member->body + (member->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	return 1;
}

int tar_walk__next(struct tar_walk *walk, struct tar_member *member, struct error *err)
{
	struct told told = {};
	struct tar_header header;
	uint64_t size;
	int rc;

	member->header = walk->at;
	for (unsigned int i = 0; i < PREFIXES_MAX; i++) {
		rc = read_header(walk, &header, err);
		if (rc <= 0)
			return !rc && i ? damaged(walk, "a member has only a name", err) : rc;
		if (!tar_header__is_prefix(&header))
			return take_member(walk, &header, &told, member, err);
		rc = body_size(walk, &header, NULL, &size, err);
		if (!rc)
			rc = take_prefix(walk, header.type, walk->at + TAR_BLOCK, size, member,
					 &told, err);
		if (rc)
			return rc;
		walk->at += TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	return damaged(walk, "a member of its tar archive has too many headers", err);
}
