/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/flat_image.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define BTF_HEADER_MIN 24
#define BTF_HEADER_MAX 256
/* what alignment may put between types and strings */
#define BTF_GAP_MAX 64
#define NOTE_HEADER 16 /* namesz, descsz, type, "GNU\0" */
#define SHA1_SIZE 20
/* .notes holds a few hundred bytes, and alignment may add a page behind it */
#define NOTES_DISTANCE_MAX (64 << 10)
#define EMBEDDED_MAX 256
/* a kernel has one or two; each costs a copy of what it claims to be */
#define CANDIDATES_MAX 64

DEFINE_CLEANUP(btf_freep, struct btf, btf__free)

/* Numbers of either byte order out of the image; `big` is the order. */
static uint32_t read_u32(const uint8_t *at, bool big)
{
	if (big)
		return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
	return (uint32_t)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

static uint64_t read_u64(const uint8_t *at, bool big)
{
	uint64_t first = read_u32(at, big), second = read_u32(at + 4, big);

	return big ? first << 32 | second : second << 32 | first;
}

static uint32_t read_u16(const uint8_t *at, bool big)
{
	return big ? at[0] << 8 | at[1] : at[1] << 8 | at[0];
}

/* The size of the BTF whose header is at `at` if it could be one, else 0. */
static size_t plausible_btf(const uint8_t *at, size_t room)
{
	uint64_t header, type_off, type_len, str_off, str_len, strings, end;
	bool big;

	if (room < BTF_HEADER_MIN)
		return 0;
	big = at[0] == 0xeb;
	header = read_u32(at + 4, big);
	type_off = read_u32(at + 8, big);
	type_len = read_u32(at + 12, big);
	str_off = read_u32(at + 16, big);
	str_len = read_u32(at + 20, big);
	if (header < BTF_HEADER_MIN || header > BTF_HEADER_MAX || header % 4 || type_off % 4)
		return 0;
	if (!type_len || !str_len || str_off < type_off + type_len ||
	    str_off > type_off + type_len + BTF_GAP_MAX)
		return 0;
	strings = header + str_off;
	end = strings + str_len;
	if (end > room || at[strings] || at[end - 1])
		return 0;
	return end;
}

static bool is_btf_magic(const uint8_t *at)
{
	/* magic, version 1, flags 0 */
	return ((at[0] == 0x9f && at[1] == 0xeb) || (at[0] == 0xeb && at[1] == 0x9f)) &&
	       at[2] == 1 && at[3] == 0;
}

static bool libbpf_accepts(const uint8_t *data, size_t size)
{
	cleanup(btf_freep) struct btf *btf = btf__new(data, size);

	if (libbpf_get_error(btf)) {
		btf = NULL;
		return false;
	}
	return btf__type_cnt(btf) > 1;
}

int flat_image__find_btf(const void *image, size_t size, struct flat_span *btf)
{
	const uint8_t *bytes = image;
	unsigned int candidates = 0;

	*btf = (struct flat_span){};
	for (size_t at = 0; at + BTF_HEADER_MIN <= size; at += 4) {
		size_t len;

		if (!is_btf_magic(bytes + at))
			continue;
		len = plausible_btf(bytes + at, size - at);
		if (len <= btf->size)
			continue;
		if (++candidates > CANDIDATES_MAX)
			break;
		if (!libbpf_accepts(bytes + at, len))
			continue;
		*btf = (struct flat_span){ .data = bytes + at, .size = len };
		at += (len & ~(size_t)3) - 4;
	}
	return btf->data ? 0 : -ENOENT;
}

/* ---- build ID -------------------------------------------------------------------- */

/* Where an embedded ELF file ends by its own tables; 0: there is no ELF file at `at`. */
static uint64_t embedded_elf_end(const uint8_t *at, size_t room)
{
	bool is_64, big;
	uint64_t sections, end;

	if (room < sizeof(Elf64_Ehdr) || memcmp(at, ELFMAG, SELFMAG) != 0)
		return 0;
	if ((at[EI_CLASS] != ELFCLASS32 && at[EI_CLASS] != ELFCLASS64) ||
	    (at[EI_DATA] != ELFDATA2LSB && at[EI_DATA] != ELFDATA2MSB) ||
	    at[EI_VERSION] != EV_CURRENT)
		return 0;
	is_64 = at[EI_CLASS] == ELFCLASS64;
	big = at[EI_DATA] == ELFDATA2MSB;
	if (is_64) {
		sections = read_u64(at + offsetof(Elf64_Ehdr, e_shoff), big);
		end = (uint64_t)read_u16(at + offsetof(Elf64_Ehdr, e_shnum), big) *
		      read_u16(at + offsetof(Elf64_Ehdr, e_shentsize), big);
	} else {
		sections = read_u32(at + offsetof(Elf32_Ehdr, e_shoff), big);
		end = (uint64_t)read_u16(at + offsetof(Elf32_Ehdr, e_shnum), big) *
		      read_u16(at + offsetof(Elf32_Ehdr, e_shentsize), big);
	}
	/* the table of sections comes last in what linkers write */
	return sections < room && end <= room - sections ? sections + end : 0;
}

struct range {
	size_t start, end;
};

static size_t find_embedded(const uint8_t *bytes, size_t size, struct range *ranges)
{
	size_t count = 0;

	for (size_t at = 0; at + sizeof(Elf64_Ehdr) <= size && count < EMBEDDED_MAX; at += 4) {
		uint64_t end = embedded_elf_end(bytes + at, size - at);

		if (end)
			ranges[count++] = (struct range){ .start = at, .end = at + end };
	}
	return count;
}

static bool is_embedded(size_t at, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (at > ranges[i].start && at < ranges[i].end)
			return true;
	return false;
}

static bool is_build_id_note(const uint8_t *at)
{
	bool big = at[3] == sizeof(ELF_NOTE_GNU);

	return read_u32(at, big) == sizeof(ELF_NOTE_GNU) && read_u32(at + 4, big) == SHA1_SIZE &&
	       read_u32(at + 8, big) == NT_GNU_BUILD_ID &&
	       memcmp(at + 12, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0;
}

int flat_image__find_build_id(const void *image, size_t size, const struct flat_span *btf,
			      uint8_t build_id[KBTF_BUILD_ID_MAX], size_t *len)
{
	const uint8_t *bytes = image, *found = NULL, *near_btf = NULL;
	struct range embedded[EMBEDDED_MAX];
	size_t embedded_count = find_embedded(bytes, size, embedded);
	bool several = false;

	*len = 0;
	for (size_t at = 0; at + NOTE_HEADER + SHA1_SIZE <= size; at += 4) {
		const uint8_t *desc = bytes + at + NOTE_HEADER;

		if (!is_build_id_note(bytes + at) || is_embedded(at, embedded, embedded_count))
			continue;
		several |= found && memcmp(found, desc, SHA1_SIZE) != 0;
		found = desc;
		if (btf->data && desc < btf->data && btf->data - desc <= NOTES_DISTANCE_MAX)
			near_btf = desc;
	}
	if (several)
		found = near_btf;
	if (!found)
		return -ENOENT;
	memcpy(build_id, found, SHA1_SIZE);
	*len = SHA1_SIZE;
	return 0;
}
