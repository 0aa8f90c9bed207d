/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/ar_member.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MAGIC "!<arch>\n"
#define HEADER_SIZE 60
#define SIZE_AT 48
#define SIZE_LEN 10
/* A .deb has three. */
#define MEMBERS_MAX 64

static int damaged(struct byte_source *source, const char *what, struct error *err)
{
	return error__set(err, EBADMSG, "%s: %s: the package is damaged or was cut off; get it again",
			  byte_source__name(source), what);
}

/* Decimal digits, and then blanks. */
static bool read_size(const char *text, uint64_t *size)
{
	size_t i = 0;

	*size = 0;
	for (; i < SIZE_LEN && text[i] >= '0' && text[i] <= '9'; i++)
		*size = *size * 10 + (text[i] - '0');
	if (!i)
		return false;
	while (i < SIZE_LEN && text[i] == ' ')
		i++;
	return i == SIZE_LEN;
}

static int read_header(struct byte_source *source, uint64_t at, struct ar_member *member,
		       struct error *err)
{
	char header[HEADER_SIZE];
	size_t len = 16;
	int rc = byte_source__read(source, at, header, sizeof(header), err);

	if (rc)
		return rc;
	if (header[58] != '`' || header[59] != '\n' || !read_size(header + SIZE_AT, &member->size))
		return damaged(source, "a header of its ar archive is broken", err);
	while (len && (header[len - 1] == ' ' || header[len - 1] == '/'))
		len--;
	memcpy(member->name, header, len);
	member->name[len] = '\0';
	member->offset = at + sizeof(header);
	if (member->size > byte_source__size(source) - member->offset)
		return damaged(source, "it ends inside a member", err);
	return 0;
}

int ar_member__find(struct byte_source *source, const char *prefix, struct ar_member *member,
		    struct error *err)
{
	uint64_t at = strlen(MAGIC), size = byte_source__size(source);
	char magic[sizeof(MAGIC) - 1];
	int rc;

	if (size < at)
		return error__set(err, ENOEXEC, "%s is no ar archive", byte_source__name(source));
	rc = byte_source__read(source, 0, magic, sizeof(magic), err);
	if (rc)
		return rc;
	if (memcmp(magic, MAGIC, sizeof(magic)) != 0)
		return error__set(err, ENOEXEC, "%s is no ar archive", byte_source__name(source));
	for (unsigned int i = 0; i < MEMBERS_MAX && at < size; i++) {
		rc = read_header(source, at, member, err);
		if (rc)
			return rc;
		if (strncmp(member->name, prefix, strlen(prefix)) == 0)
			return 0;
		at = member->offset + member->size + member->size % 2;
	}
	return error__set(err, ENOENT, "%s has no member %s*", byte_source__name(source), prefix);
}
