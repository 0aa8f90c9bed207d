/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/vmlinux_member.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/member_path.h"

/* Bytes at the end that are looked at: padding, small files, links, the sections' table. */
#define WINDOW ((uint64_t)128 << 10)

/* 1: it is the wanted one, and its name has no leading "./" any more. */
static int judge(const struct tar_walk *walk, const char *patterns, struct tar_member *member,
		 struct error *err)
{
	const char *name = member_path__relative(member->name);

	if (!member->is_file || !member_path__matches(name, patterns))
		return 0;
	if (member_path__has_dot_dot(name))
		return error__set(err, EBADMSG, "%s: its member '%s' has '..' in its path, which no "
				  "honest package has: don't use it", walk->name, name);
	memmove(member->name, name, strlen(name) + 1);
	return 1;
}

/* 1: found; 0: it is not among what begins before `front`. */
static int look_at_front(const struct tar_walk *archive, const char *patterns, uint64_t front,
			 struct tar_member *member, struct error *err)
{
	struct tar_walk walk = *archive;

	while (walk.at < front) {
		int rc = tar_walk__next(&walk, member, err);

		if (rc > 0)
			rc = judge(&walk, patterns, member, err) ?: 2;
		if (rc != 2)
			return rc;
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: interrupted", walk.name);
	}
	return 0;
}

/* ---- the end ----------------------------------------------------------------------- */

/* The last bytes of the archive, or all of them, of which the first `end` are looked at. */
struct window {
	uint8_t *bytes;
	uint64_t offset;      /* in the archive */
	size_t end;
};

static bool is_zero(const uint8_t *block)
{
	return !block[0] && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

/*
 * Members that stand last and lie in the window whole, such as links, are left out, with the
 * padding behind them: those whose headers lead from one to the other and to the end. The file
 * before them is cut in the window, and its bytes are no header that leads there.
 */
static int drop_small(struct window *window, const struct tar_walk *archive, struct error *err)
{
	size_t count = window->end / TAR_BLOCK, first = count;
	_cleanup_free_ bool *leads = calloc(count + 1, sizeof(*leads));

	if (!leads)
		return error__oom(err);
	while (first && is_zero(window->bytes + (first - 1) * TAR_BLOCK))
		leads[--first] = true;
	for (size_t i = first; i-- > 0;) {
		uint64_t size;

		if (!tar_header__body_size(window->bytes + i * TAR_BLOCK, &size) ||
		    size > archive->size)
			continue;
		size = (size + TAR_BLOCK - 1) / TAR_BLOCK;
		if (size < count - i && leads[i + 1 + size]) {
			leads[i] = true;
			first = i;
		}
	}
	window->end = first * TAR_BLOCK;
	return 0;
}

/* ELF64's section headers; only what the search needs. */
struct section {
	uint64_t end;         /* of its bytes in the ELF file */
	bool is_null;
};

static struct section section_at(const struct window *window, size_t at, bool big)
{
	static const Elf64_Shdr null;
	Elf64_Shdr raw;

	memcpy(&raw, window->bytes + at, sizeof(raw));
	return (struct section){
		.end = big ? be64toh(raw.sh_offset) + be64toh(raw.sh_size) :
			     le64toh(raw.sh_offset) + le64toh(raw.sh_size),
		.is_null = memcmp(&raw, &null, sizeof(raw)) == 0,
	};
}

/*
 * The window ends with a table of sections of this byte order, and zeros. The last one ends just
 * before the table in what linkers write, which tells where in the file the table is; so the file
 * begins so many bytes before it. 0: no such table.
 */
static uint64_t file_start(const struct window *window, bool big)
{
	size_t last = window->end, at;
	uint64_t table;

	/* the last section is one of strings: alignment 1, entries of size 0 */
	while (last && !window->bytes[last - 1])
		last--;
	if (last < sizeof(Elf64_Shdr) || window->bytes[last - 1] != 1)
		return 0;
	last -= offsetof(Elf64_Shdr, sh_addralign) + (big ? sizeof(Elf64_Xword) : 1);
	/* it is padded to less than a block */
	if (last + sizeof(Elf64_Shdr) > window->end ||
	    window->end - last - sizeof(Elf64_Shdr) >= TAR_BLOCK)
		return 0;
	table = (section_at(window, last, big).end + 7) & ~UINT64_C(7);
	for (at = last; !section_at(window, at, big).is_null; at -= sizeof(Elf64_Shdr))
		if (at < sizeof(Elf64_Shdr))
			return 0;
	if (table > window->offset + at)
		return 0;
	return window->offset + at - table;
}

/* Header, or first header, of the member whose contents begin at `body`; 0: there is none. */
static int find_header(const struct tar_walk *archive, uint64_t body, uint64_t *header,
		       struct error *err)
{
	uint8_t blocks[3 * TAR_BLOCK];
	uint64_t back = body < sizeof(blocks) ? TAR_BLOCK : sizeof(blocks);
	int rc;

	*header = 0;
	if (body < TAR_BLOCK || body % TAR_BLOCK)
		return 0;
	rc = archive->read(archive->context, body - back, blocks, back, err);
	if (rc)
		return rc;
	if (!tar_header__is_one(blocks + back - TAR_BLOCK))
		return 0;
	*header = body - TAR_BLOCK;
	/* a long name before it takes two blocks */
	if (back > TAR_BLOCK && tar_header__is_one(blocks) && tar_header__is_prefix(blocks))
		*header = body - back;
	return 0;
}

/* Whether the members behind it lead to the archive's end. They are in the window. */
static int reaches_end(struct tar_walk *walk, const struct window *window, struct error *err)
{
	_cleanup_free_ struct tar_member *other = malloc(sizeof(*other));
	int rc;

	if (!other)
		return error__oom(err);
	if (walk->at < window->offset + window->end)
		return 0;
	while ((rc = tar_walk__next(walk, other, err)) > 0)
		;
	return rc < 0 ? rc : 1;
}

static int check_candidate(const struct tar_walk *archive, const struct window *window,
			   uint64_t body, const char *patterns, struct tar_member *member,
			   struct error *err)
{
	struct tar_walk walk = *archive;
	int rc = find_header(archive, body, &walk.at, err);

	if (rc || !walk.at)
		return rc;
	rc = tar_walk__next(&walk, member, err);
	if (rc > 0 && member->body != body)
		rc = 0;
	if (rc > 0)
		rc = judge(&walk, patterns, member, err);
	return rc > 0 ? reaches_end(&walk, window, err) : rc;
}

static int look_at_end(const struct tar_walk *archive, const char *patterns,
		       struct tar_member *member, struct error *err)
{
	uint64_t len = archive->size < WINDOW ? archive->size : WINDOW;
	_cleanup_free_ uint8_t *bytes = malloc(len ?: 1);
	struct window window = { .bytes = bytes };
	int rc;

	if (!bytes)
		return error__oom(err);
	len -= len % TAR_BLOCK;
	window.offset = archive->size / TAR_BLOCK * TAR_BLOCK - len;
	window.end = len;
	rc = archive->read(archive->context, window.offset, bytes, len, err);
	if (rc)
		return rc;
	rc = drop_small(&window, archive, err);
	if (rc)
		return rc;
	for (int big = 0; big < 2; big++) {
		uint64_t body = file_start(&window, big);

		rc = body ? check_candidate(archive, &window, body, patterns, member, err) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

int vmlinux_member__find(const struct tar_walk *archive, const char *patterns, uint64_t front,
			 struct tar_member *member, struct error *err)
{
	int rc = look_at_front(archive, patterns, front, member, err);

	if (!rc)
		rc = look_at_end(archive, patterns, member, err);
	if (rc)
		return rc < 0 ? rc : 0;
	return error__set(err, ENOENT, "%s: no file that matches '%s' at either end of it",
			  archive->name, patterns);
}
