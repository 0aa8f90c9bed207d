/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/unit_counter.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/counted_name.h"

/* A string of .debug_str that looks like a name with a counter. */
struct candidate {
	const char *name;
	size_t stem_len;       /* of the name without its counter */
	size_t len;
	bool is_member;        /* names a member */
	bool is_symbol;        /* names a symbol too */
	bool is_shared;        /* something refers to its middle */
	bool varies;           /* another member's name differs in the counter alone */
};

struct unifier {
	const char *path;
	int fd;
	int write_fd;          /* -1 until there is something to write */
	Elf *elf;
	Dwarf *dwarf;
	const char *strings;   /* .debug_str, lent by libelf */
	size_t strings_size;
	uint64_t file_offset;  /* of .debug_str */
	bool compressed;
	bool all_names;        /* look at every name, not just at members' */
	struct candidate *candidates; /* by their place in .debug_str */
	size_t count;
	uint64_t *areas;       /* bitmap: bytes of .debug_str that belong to a candidate */
	size_t inline_members; /* such names in .debug_info itself */
};

static void unifier__end(struct unifier *unifier)
{
	if (unifier->dwarf)
		dwarf_end(unifier->dwarf);
	if (unifier->elf)
		elf_end(unifier->elf);
	closep(&unifier->fd);
	closep(&unifier->write_fd);
	free(unifier->candidates);
	free(unifier->areas);
}

/* Section `name`, or NULL. */
static Elf_Scn *find_section(Elf *elf, const char *name, GElf_Shdr *shdr)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *found;

		if (!gelf_getshdr(scn, shdr))
			return NULL;
		found = elf_strptr(elf, names, shdr->sh_name);
		if (found && strcmp(found, name) == 0)
			return scn;
	}
	return NULL;
}

static int unifier__open(struct unifier *unifier, struct error *err)
{
	const char *path = unifier->path;
	GElf_Shdr shdr;

	unifier->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (unifier->fd < 0)
		return error__set(err, errno, "%s: %s", path, strerror(errno));
	elf_version(EV_CURRENT);
	unifier->elf = elf_begin(unifier->fd, ELF_C_READ_MMAP, NULL);
	if (!unifier->elf)
		return error__set(err, EBADMSG, "%s: %s", path, elf_errmsg(-1));
	/* asked before libdw opens it: libdw decompresses in place */
	if (find_section(unifier->elf, ".zdebug_str", &shdr))
		unifier->compressed = true;
	else if (find_section(unifier->elf, ".debug_str", &shdr))
		unifier->compressed = shdr.sh_flags & SHF_COMPRESSED;
	unifier->file_offset = shdr.sh_offset;
	unifier->dwarf = dwarf_begin_elf(unifier->elf, DWARF_C_READ, NULL);
	if (!unifier->dwarf)
		return error__set(err, ENODATA, "%s: no debugging information: %s", path,
				  dwarf_errmsg(-1));
	return 0;
}

/* The whole of .debug_str as libdw sees it; false where there is none. */
static bool unifier__find_strings(struct unifier *unifier)
{
	Elf_Scn *scn;
	GElf_Shdr shdr;
	Elf_Data *data;

	/* the start of the section: what libdw hands out are pointers into it */
	unifier->strings = dwarf_getstring(unifier->dwarf, 0, NULL);
	if (!unifier->strings)
		return false;
	scn = find_section(unifier->elf, ".debug_str", &shdr);
	if (!scn)
		scn = find_section(unifier->elf, ".zdebug_str", &shdr);
	data = scn ? elf_getdata(scn, NULL) : NULL;
	if (!data || data->d_buf != unifier->strings)
		return false;
	unifier->strings_size = data->d_size;
	return true;
}

/* All strings that look like ours, in order; also those that are a longer one's tail. */
static int unifier__find_candidates(struct unifier *unifier)
{
	const char *at = unifier->strings, *end = at + unifier->strings_size;
	_cleanup_buf_ struct buf found = {};

	while ((at = memmem(at, end - at, COUNTED_NAME_PREFIX, COUNTED_NAME_PREFIX_LEN))) {
		size_t len = strnlen(at, end - at);
		struct candidate candidate = { .name = at, .len = len };

		candidate.stem_len = counted_name__stem_len(at, len);
		candidate.is_shared = at > unifier->strings && at[-1] != '\0';
		if (candidate.stem_len && at + len < end)
			buf__add(&found, &candidate, sizeof(candidate));
		at += len;
	}
	unifier->count = found.len / sizeof(struct candidate);
	unifier->candidates = (struct candidate *)buf__steal(&found, NULL);
	if (unifier->count && !unifier->candidates)
		return -ENOMEM;
	unifier->areas = calloc(unifier->strings_size / 64 + 1, sizeof(*unifier->areas));
	if (!unifier->areas)
		return -ENOMEM;
	for (size_t i = 0; i < unifier->count; i++) {
		size_t start = unifier->candidates[i].name - unifier->strings;

		for (size_t j = start; j <= start + unifier->candidates[i].len; j++)
			unifier->areas[j / 64] |= 1ULL << (j % 64);
	}
	return 0;
}

/* The candidate whose bytes `name` is among, or NULL. */
static struct candidate *unifier__candidate_at(struct unifier *unifier, const char *name)
{
	size_t offset = name - unifier->strings;
	size_t low = 0, high = unifier->count;

	if (!unifier->count || name < unifier->strings || offset >= unifier->strings_size ||
	    !(unifier->areas[offset / 64] >> (offset % 64) & 1))
		return NULL;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (unifier->candidates[middle].name <= name)
			low = middle;
		else
			high = middle;
	}
	return &unifier->candidates[low];
}

static void unifier__see_name(struct unifier *unifier, Dwarf_Die *die, bool is_member)
{
	struct candidate *candidate;
	Dwarf_Attribute attr;
	const char *name;

	if (!dwarf_attr(die, DW_AT_name, &attr))
		return;
	name = dwarf_formstring(&attr);
	if (!name)
		return;
	candidate = unifier__candidate_at(unifier, name);
	if (candidate) {
		if (name != candidate->name)
			/* the NUL may be an empty name's, and stays what it is */
			candidate->is_shared |= name < candidate->name + candidate->len;
		else
			candidate->is_member |= is_member;
	} else if (is_member && dwarf_whatform(&attr) == DW_FORM_string &&
		   counted_name__stem_len(name, strlen(name)) && !unifier->all_names) {
		unifier->inline_members++;
	}
}

/*
 * The DIEs below `parent`. Members are met without going into functions; other names
 * may be anywhere.
 */
static void unifier__walk(struct unifier *unifier, Dwarf_Die *parent, unsigned int depth)
{
	Dwarf_Die die;

	if (depth > 512 || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);
		bool is_record = tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
				 tag == DW_TAG_class_type;

		if (tag == DW_TAG_member || unifier->all_names)
			unifier__see_name(unifier, &die, tag == DW_TAG_member);
		if (is_record || unifier->all_names)
			unifier__walk(unifier, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int unifier__walk_units(struct unifier *unifier, struct error *err)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	int res;

	while ((res = dwarf_get_units(unifier->dwarf, unit, &unit, NULL, NULL, &die, NULL)) == 0) {
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: canceled", unifier->path);
		unifier__walk(unifier, &die, 0);
	}
	if (res < 0)
		return error__set(err, EBADMSG, "%s: damaged .debug_info: %s; fetch it again",
				  unifier->path, dwarf_errmsg(-1));
	return 0;
}

/* By stem, then by counter. */
static int compare_names(const void *a, const void *b)
{
	const struct candidate *one = *(const struct candidate *const *)a;
	const struct candidate *other = *(const struct candidate *const *)b;
	size_t len = one->stem_len < other->stem_len ? one->stem_len : other->stem_len;
	int order = memcmp(one->name, other->name, len);

	if (order)
		return order;
	if (one->stem_len != other->stem_len)
		return one->stem_len < other->stem_len ? -1 : 1;
	return strcmp(one->name + len, other->name + len);
}

/* Candidates that name members, sorted so that one stem's are neighbours. */
static struct candidate **unifier__members(struct unifier *unifier, size_t *count)
{
	struct candidate **members = calloc(unifier->count + 1, sizeof(*members));

	*count = 0;
	for (size_t i = 0; members && i < unifier->count; i++)
		if (unifier->candidates[i].is_member)
			members[(*count)++] = &unifier->candidates[i];
	if (members)
		qsort(members, *count, sizeof(*members), compare_names);
	return members;
}

static bool same_stem(const struct candidate *a, const struct candidate *b)
{
	return a->stem_len == b->stem_len && memcmp(a->name, b->name, a->stem_len) == 0;
}

static bool mark_varying(struct candidate **members, size_t count)
{
	bool any = false;

	/* a linker that does not merge strings leaves one name many times: not a variation */
	for (size_t i = 0; i < count; i++) {
		size_t end = i + 1;

		while (end < count && same_stem(members[i], members[end]))
			end++;
		if (strcmp(members[i]->name, members[end - 1]->name) != 0) {
			for (size_t j = i; j < end; j++)
				members[j]->varies = any = true;
		}
		i = end - 1;
	}
	return any;
}

static void mark_symbol(struct candidate **members, size_t count, const char *symbol)
{
	struct candidate key = {
		.name = symbol,
		.stem_len = counted_name__stem_len(symbol, strlen(symbol)),
	};
	struct candidate *const pkey = &key;
	struct candidate **found = bsearch(&pkey, members, count, sizeof(*members), compare_names);

	if (!found)
		return;
	while (found > members && strcmp(found[-1]->name, symbol) == 0)
		found--;
	for (; found < members + count && strcmp((*found)->name, symbol) == 0; found++)
		(*found)->is_symbol = true;
}

static void unifier__mark_symbols(struct unifier *unifier, struct candidate **members,
				  size_t count)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = find_section(unifier->elf, ".symtab", &shdr);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	size_t symbols = data && shdr.sh_entsize ? data->d_size / shdr.sh_entsize : 0;

	for (size_t i = 0; i < symbols; i++) {
		GElf_Sym sym;
		const char *name;

		if (!gelf_getsym(data, i, &sym))
			return;
		name = elf_strptr(unifier->elf, shdr.sh_link, sym.st_name);
		if (name && counted_name__stem_len(name, strlen(name)))
			mark_symbol(members, count, name);
	}
}

static int unifier__blank(struct unifier *unifier, const struct candidate *candidate,
			  struct error *err)
{
	static const char zeroes[32];
	size_t at = candidate->stem_len;

	if (unifier->write_fd < 0)
		unifier->write_fd = open(unifier->path, O_WRONLY | O_CLOEXEC);
	if (unifier->write_fd < 0)
		return error__set(err, errno, "cannot write to the work copy %s: %s",
				  unifier->path, strerror(errno));
	while (at < candidate->len) {
		size_t want = candidate->len - at;
		off_t offset = unifier->file_offset + (candidate->name - unifier->strings) + at;
		ssize_t put = pwrite(unifier->write_fd, zeroes,
				     want < sizeof(zeroes) ? want : sizeof(zeroes), offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error__set(err, errno, "cannot write to the work copy %s: %s",
					  unifier->path, strerror(errno));
		at += put;
	}
	return 0;
}

static void add_remark(struct buf *notes, const char *done, size_t count, const char *names,
		       const char *why)
{
	buf__printf(notes, "%s%s %zu member name%s with a unit counter%s%s%s%s",
		    notes->len ? "\n" : "", done, count, count == 1 ? "" : "s",
		    *names ? " (" : "", names, *names ? ")" : "", why);
}

/* "rh_kabi_hide, foo": the stems of the members to change, each once. */
static void list_stems(struct buf *stems, struct candidate **members, size_t count)
{
	const struct candidate *last = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct candidate *member = members[i];

		if (!member->varies || member->is_symbol || member->is_shared)
			continue;
		if (!last || !same_stem(last, member))
			buf__printf(stems, "%s%.*s", last ? ", " : "",
				    (int)(member->stem_len - COUNTED_NAME_PREFIX_LEN),
				    member->name + COUNTED_NAME_PREFIX_LEN);
		last = member;
	}
}

static int unifier__change(struct unifier *unifier, struct candidate **members, size_t count,
			   struct buf *notes, struct error *err)
{
	_cleanup_buf_ struct buf stems = {};
	size_t changed = 0, left = 0;

	/*
	 * The names are pointers into the file's mapping, which changes under them: the list
	 * is made first. What follows reads lengths alone.
	 */
	list_stems(&stems, members, count);
	if (!buf__cstr(&stems))
		return error__oom(err);
	for (size_t i = 0; i < count; i++) {
		const struct candidate *member = members[i];
		int res;

		if (!member->varies)
			continue;
		if (member->is_symbol || member->is_shared) {
			left++;
			continue;
		}
		res = unifier->compressed ? 0 : unifier__blank(unifier, member, err);
		if (res)
			return res;
		changed++;
	}
	if (changed)
		add_remark(notes, unifier->compressed ? "left" : "unified", changed,
			   (const char *)stems.data,
			   unifier->compressed ? " as they are: .debug_str is compressed" : "");
	if (left)
		add_remark(notes, "left", left, "", " as they are: other names share their bytes");
	return 0;
}

static int unifier__run(struct unifier *unifier, struct buf *notes, struct error *err)
{
	_cleanup_free_ struct candidate **members = NULL;
	size_t count;
	int res;

	/* without any there still are names in .debug_info itself */
	if (unifier__find_strings(unifier) && unifier__find_candidates(unifier))
		return error__oom(err);
	res = unifier__walk_units(unifier, err);
	if (res)
		return res;
	if (unifier->inline_members)
		add_remark(notes, "left", unifier->inline_members, "",
			   " as they are: they are held in .debug_info itself");
	members = unifier__members(unifier, &count);
	if (!members)
		return error__oom(err);
	if (!mark_varying(members, count))
		return 0;
	/* Rare, so it may cost a second: whether anything else refers to these bytes. */
	unifier->all_names = true;
	res = unifier__walk_units(unifier, err);
	if (res)
		return res;
	unifier__mark_symbols(unifier, members, count);
	return unifier__change(unifier, members, count, notes, err);
}

int unit_counter__unify(const char *path, char **notes, struct error *err)
{
	cleanup(unifier__end) struct unifier unifier = { .path = path, .fd = -1, .write_fd = -1 };
	_cleanup_buf_ struct buf remarks = {};
	int res;

	*notes = NULL;
	res = unifier__open(&unifier, err);
	if (!res)
		res = unifier__run(&unifier, &remarks, err);
	if (res)
		return res;
	if (!buf__cstr(&remarks))
		return error__oom(err);
	*notes = (char *)buf__steal(&remarks, NULL);
	return 0;
}
