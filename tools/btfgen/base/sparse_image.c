/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/sparse_image.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ar_member.h"
#include "base/banner.h"
#include "base/byte_source.h"
#include "base/cleanup.h"
#include "base/vmlinux_member.h"
#include "base/xz_blocks.h"

/* A block of `xz -6`, which is what packages are made with: what one decompression gives. */
#define FRONT ((uint64_t)24 << 20)
#define IMAGE_MAX ((uint64_t)8 << 30)
#define PARTS_MAX ((uint64_t)1 << 30)
/* The banner is mostly in the first page of .rodata, and a better one a megabyte behind it. */
#define BANNER_STEP ((uint64_t)2 << 20)

DEFINE_CLEANUP(elf_endp, Elf, elf_end)

/* All that is under way for one image. */
struct filling {
	const struct package_place *place;
	struct byte_source *source;
	struct xz_blocks *blocks;
	struct tar_member member;
	int fd;
	uint8_t *map;          /* of fd */
	Elf *elf;
	GElf_Ehdr header;
	size_t names;          /* index of the section names' section */
	uint64_t filled, total;
	uint64_t used;         /* bytes that were filled in all, as often as they were */
};

static void filling__end(struct filling *filling)
{
	if (filling->elf)
		elf_end(filling->elf);
	if (filling->map)
		munmap(filling->map, filling->member.size);
	closep(&filling->fd);
	xz_blocks__free(filling->blocks);
	byte_source__free(filling->source);
}

static const char *name_of(const struct filling *filling)
{
	return byte_source__name(filling->source);
}

static int damaged(const struct filling *filling, const char *what, struct error *err)
{
	return error__set(err, EBADMSG, "%s: %s: %s: the package is damaged; get it again",
			  name_of(filling), filling->member.name, what);
}

/* ---- the package ------------------------------------------------------------------- */

static int open_source(struct filling *filling, struct error *err)
{
	const struct package_place *place = filling->place;
	struct http_ranges_opts opts = {
		.identity = place->identity, .expect_size = place->size,
		.parallel = place->parallel, .tries = place->tries, .stall_s = place->stall_s,
		.delay_ms = place->delay_ms,
	};
	int rc = place->path ? byte_source__open_file(place->path, &filling->source, err) :
			       byte_source__open_url(place->url, &opts, &filling->source, err);

	if (!rc && place->size && byte_source__size(filling->source) != place->size)
		rc = error__set(err, EBADMSG, "%s has %" PRIu64 " bytes where %" PRIu64
				" were expected: get it again", name_of(filling),
				byte_source__size(filling->source), place->size);
	return rc;
}

static int open_blocks(struct filling *filling, struct error *err)
{
	struct ar_member data;
	int rc = ar_member__find(filling->source, "data.tar", &data, err);

	if (rc == -ENOEXEC || rc == -ENOENT)
		return error__set(err, ENOTSUP, "%s is no .deb", name_of(filling));
	if (rc)
		return rc;
	if (strcmp(data.name, "data.tar.xz") != 0)
		return error__set(err, ENOTSUP, "%s: its %s can only be read from the beginning",
				  name_of(filling), data.name);
	return xz_blocks__open(filling->source, data.offset, data.size, filling->place->threads,
			       &filling->blocks, err);
}

static int read_tar(void *context, uint64_t offset, void *buf, size_t len, struct error *err)
{
	struct filling *filling = context;

	return xz_blocks__read(filling->blocks, offset, buf, len, err);
}

static int find_vmlinux(struct filling *filling, struct error *err)
{
	struct xz_span front = { .offset = 0, .len = 1 };
	struct tar_walk archive = {
		.read = read_tar,
		.context = filling,
		.name = name_of(filling),
		.size = xz_blocks__size(filling->blocks),
	};
	int rc;

	xz_blocks__want(filling->blocks, &front, 1);
	rc = vmlinux_member__find(&archive, filling->place->member, FRONT, &filling->member, err);
	return rc == -ENOENT ? -ENOTSUP : rc; /* it may be in the middle */
}

/* ---- the image --------------------------------------------------------------------- */

static int make_image(struct filling *filling, struct error *err)
{
	uint64_t size = filling->member.size;
	void *map;

	if (size > IMAGE_MAX || size < EI_NIDENT)
		return error__set(err, size > IMAGE_MAX ? EFBIG : ENOEXEC,
				  "%s: %s has %" PRIu64 " bytes, as no vmlinux has", name_of(filling),
				  filling->member.name, size);
	filling->fd = memfd_create("vmlinux", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (filling->fd < 0 || ftruncate(filling->fd, size) < 0)
		return error__set(err, errno, "cannot make a memory file for a vmlinux: %s", strerror(errno));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, filling->fd, 0);
	if (map == MAP_FAILED) /* holes need no memory, but addresses */
		return error__set(err, ENOTSUP, "no room to map a vmlinux of %" PRIu64 " bytes", size);
	filling->map = map;
	return 0;
}

static int check_bounds(const struct filling *filling, uint64_t offset, uint64_t len,
			struct error *err)
{
	uint64_t size = filling->member.size;

	if (offset > size || len > size - offset)
		return damaged(filling, "a section lies beyond its end", err);
	return 0;
}

static int too_much(const struct filling *filling, struct error *err)
{
	return error__set(err, EFBIG, "%s: over 1 GiB of %s would be needed", name_of(filling),
			  filling->member.name);
}

/* The bytes [offset, offset + len) of vmlinux, which may be there already. */
static int fill(struct filling *filling, uint64_t offset, uint64_t len, struct error *err)
{
	int rc = check_bounds(filling, offset, len, err);

	if (rc)
		return rc;
	if (len > PARTS_MAX - filling->used)
		return too_much(filling, err);
	filling->used += len;
	rc = xz_blocks__read(filling->blocks, filling->member.body + offset,
			     filling->map + offset, len, err);
	filling->filled += len;
	meter__advance(filling->place->meter, filling->filled, filling->total);
	return rc;
}

/* libelf keeps what it has read, also if that was a hole. */
static int open_elf(struct filling *filling, struct error *err)
{
	if (filling->elf)
		elf_end(filling->elf);
	filling->elf = elf_begin(filling->fd, ELF_C_READ, NULL);
	if (!filling->elf || elf_kind(filling->elf) != ELF_K_ELF ||
	    !gelf_getehdr(filling->elf, &filling->header))
		return error__set(err, ENOEXEC, "%s: %s is no ELF file", name_of(filling),
				  filling->member.name);
	return 0;
}

/* Header, table of sections, and their names. */
static int fill_tables(struct filling *filling, struct error *err)
{
	const GElf_Ehdr *header = &filling->header;
	GElf_Shdr names;
	Elf_Scn *scn;
	int rc;

	elf_version(EV_CURRENT);
	rc = fill(filling, 0, filling->member.size < 64 ? filling->member.size : 64, err);
	if (!rc)
		rc = open_elf(filling, err);
	if (!rc && (!header->e_shoff || !header->e_shnum || !header->e_shentsize))
		rc = error__set(err, ENOTSUP, "%s: %s has no plain table of sections",
				name_of(filling), filling->member.name);
	if (!rc)
		rc = fill(filling, header->e_shoff, (uint64_t)header->e_shnum * header->e_shentsize,
			  err);
	if (!rc)
		rc = open_elf(filling, err);
	if (rc)
		return rc;
	if (elf_getshdrstrndx(filling->elf, &filling->names) ||
	    !(scn = elf_getscn(filling->elf, filling->names)) || !gelf_getshdr(scn, &names) ||
	    names.sh_type == SHT_NOBITS)
		return damaged(filling, "its sections have no names", err);
	return fill(filling, names.sh_offset, names.sh_size, err);
}

static bool has_bytes(const GElf_Shdr *section)
{
	return section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL && section->sh_size;
}

/* Whether types are read from .BTF: then DWARF's sections are not. */
static bool takes_btf(const struct filling *filling)
{
	Elf_Scn *scn = NULL;

	while (filling->place->want_btf && (scn = elf_nextscn(filling->elf, scn))) {
		GElf_Shdr section;
		const char *name = gelf_getshdr(scn, &section) && has_bytes(&section) ?
			elf_strptr(filling->elf, filling->names, section.sh_name) : NULL;

		if (name && strcmp(name, ".BTF") == 0)
			return true;
	}
	return false;
}

static bool is_wanted(const GElf_Shdr *section, const char *name, bool btf)
{
	static const char *const names[] = {
		".debug_info", ".debug_abbrev", ".debug_str", ".debug_str_offsets",
		".debug_line_str", ".debug_types", ".zdebug_info", ".zdebug_abbrev",
		".zdebug_str", ".zdebug_types", ".gnu_debugaltlink", ".gnu_debuglink",
	};

	if (!has_bytes(section))
		return false;
	if (section->sh_type == SHT_NOTE)
		return true;
	if (btf)
		return strcmp(name, ".BTF") == 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* A part of vmlinux to fill, in vmlinux's offsets. */
struct parts {
	struct xz_span *spans;
	size_t count;
	uint64_t total;
	GElf_Shdr rodata;      /* sh_size 0: it has none */
};

static int collect(struct filling *filling, struct parts *parts, struct error *err)
{
	bool btf = takes_btf(filling);
	Elf_Scn *scn = NULL;

	parts->spans = calloc(filling->header.e_shnum, sizeof(*parts->spans));
	if (!parts->spans)
		return error__oom(err);
	while ((scn = elf_nextscn(filling->elf, scn)) && parts->count < filling->header.e_shnum) {
		GElf_Shdr section;
		const char *name;
		int rc;

		if (!gelf_getshdr(scn, &section))
			return damaged(filling, "a section header can't be read", err);
		name = elf_strptr(filling->elf, filling->names, section.sh_name);
		if (!name)
			return damaged(filling, "a section has no readable name", err);
		if (strcmp(name, ".rodata") == 0 && has_bytes(&section))
			parts->rodata = section;
		if (!is_wanted(&section, name, btf))
			continue;
		rc = check_bounds(filling, section.sh_offset, section.sh_size, err);
		if (rc)
			return rc;
		if (section.sh_size > PARTS_MAX - parts->total)
			return too_much(filling, err);
		parts->total += section.sh_size;
		parts->spans[parts->count++] = (struct xz_span){ section.sh_offset, section.sh_size };
	}
	return 0;
}

/* The banner, as far as .rodata has it. */
static int fill_banner(struct filling *filling, const GElf_Shdr *rodata, struct error *err)
{
	uint64_t done = 0;
	bool found = false;

	while (!found && done < rodata->sh_size) {
		uint64_t len = rodata->sh_size - done < BANNER_STEP ? rodata->sh_size - done :
								      BANNER_STEP;
		struct banner banner = {};
		int rc = fill(filling, rodata->sh_offset + done, len, err);

		if (rc)
			return rc;
		done += len;
		found = banner__search(filling->map + rodata->sh_offset, done, &banner);
	}
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct xz_span *first = a, *second = b;

	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

/* Fetched and decompressed in the order in which they lie in the package. */
static int fill_parts(struct filling *filling, struct parts *parts, struct error *err)
{
	_cleanup_free_ struct xz_span *plan = calloc(parts->count + 1, sizeof(*plan));
	uint64_t first = parts->rodata.sh_size < BANNER_STEP ? parts->rodata.sh_size : BANNER_STEP;
	bool banner_done = false;
	int rc = 0;

	if (!plan)
		return error__oom(err);
	qsort(parts->spans, parts->count, sizeof(*parts->spans), by_offset);
	for (size_t i = 0; i < parts->count; i++)
		plan[i] = (struct xz_span){ filling->member.body + parts->spans[i].offset,
					    parts->spans[i].len };
	plan[parts->count] = (struct xz_span){ filling->member.body + parts->rodata.sh_offset,
					       first };
	filling->filled = 0;
	filling->total = parts->total;
	xz_blocks__want(filling->blocks, plan, parts->count + 1);
	for (size_t i = 0; i <= parts->count && !rc; i++) {
		const struct xz_span *part = &parts->spans[i];
		bool is_last = i == parts->count;

		if (!banner_done && (is_last || part->offset > parts->rodata.sh_offset)) {
			banner_done = true;
			rc = fill_banner(filling, &parts->rodata, err);
		}
		if (!rc && !is_last)
			rc = fill(filling, part->offset, part->len, err);
	}
	return rc;
}

static int fill_image(struct filling *filling, struct error *err)
{
	struct parts parts = {};
	int rc = fill_tables(filling, err);

	if (!rc)
		rc = collect(filling, &parts, err);
	if (!rc)
		rc = fill_parts(filling, &parts, err);
	if (!rc)
		rc = xz_blocks__settle(filling->blocks, err);
	free(parts.spans);
	return rc;
}

static int hand_over(struct filling *filling, struct sparse_image *image, struct error *err)
{
	image->member = strdup(filling->member.name);
	if (!image->member)
		return error__oom(err);
	munmap(filling->map, filling->member.size);
	filling->map = NULL;
	if (fcntl(filling->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return error__set(err, errno, "cannot seal a memory file: %s", strerror(errno));
	image->size = filling->member.size;
	image->package_size = byte_source__size(filling->source);
	image->blocks = xz_blocks__count(filling->blocks);
	image->blocks_read = xz_blocks__used(filling->blocks);
	image->fd = steal_fd(&filling->fd);
	return 0;
}

int sparse_image__open(const struct package_place *place, struct sparse_image *image,
		       struct error *err)
{
	struct filling filling = { .place = place, .fd = -1 };
	int rc;

	*image = (struct sparse_image){ .fd = -1 };
	meter__stage(place->meter, "read", 0);
	rc = open_source(&filling, err);
	if (!rc)
		rc = open_blocks(&filling, err);
	if (!rc)
		rc = find_vmlinux(&filling, err);
	if (!rc)
		rc = make_image(&filling, err);
	if (!rc)
		rc = fill_image(&filling, err);
	if (!rc)
		rc = hand_over(&filling, image, err);
	if (rc)
		sparse_image__close(image);
	if (filling.source)
		image->package_read = byte_source__count(filling.source);
	filling__end(&filling);
	return rc;
}

void sparse_image__close(struct sparse_image *image)
{
	closep(&image->fd);
	free(image->member);
	*image = (struct sparse_image){ .fd = -1 };
}
