/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "bpf_elf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_DATA ELFDATA2LSB
#define OTHER_DATA ELFDATA2MSB
#else
#define OWN_DATA ELFDATA2MSB
#define OTHER_DATA ELFDATA2LSB
#endif

void bpf_elf__free(struct bpf_elf *elf)
{
	for (size_t i = 0; elf->sections && i < elf->section_count; i++)
		free(elf->sections[i].data);
	free(elf->sections);
	*elf = (struct bpf_elf){};
}

/* The one gate: `size` bytes at `offset` of the file, or NULL. */
static const uint8_t *at(struct cursor *file, uint64_t offset, uint64_t size)
{
	if (offset > file->len)
		return NULL;
	file->pos = offset;
	return cursor__take(file, size);
}

/* ---- the other byte order ------------------------------------------------------------------ */

#define SWAP(field)                                                                       \
	((field) = sizeof(field) == 8 ? (__typeof__(field))__builtin_bswap64(field) :     \
		   sizeof(field) == 4 ? (__typeof__(field))__builtin_bswap32((uint32_t)(field)) : \
					(__typeof__(field))__builtin_bswap16((uint16_t)(field)))

static void swap_header(Elf64_Ehdr *header)
{
	SWAP(header->e_type);
	SWAP(header->e_machine);
	SWAP(header->e_version);
	SWAP(header->e_entry);
	SWAP(header->e_phoff);
	SWAP(header->e_shoff);
	SWAP(header->e_flags);
	SWAP(header->e_ehsize);
	SWAP(header->e_phentsize);
	SWAP(header->e_phnum);
	SWAP(header->e_shentsize);
	SWAP(header->e_shnum);
	SWAP(header->e_shstrndx);
}

static void swap_section(Elf64_Shdr *header)
{
	SWAP(header->sh_name);
	SWAP(header->sh_type);
	SWAP(header->sh_flags);
	SWAP(header->sh_addr);
	SWAP(header->sh_offset);
	SWAP(header->sh_size);
	SWAP(header->sh_link);
	SWAP(header->sh_info);
	SWAP(header->sh_addralign);
	SWAP(header->sh_entsize);
}

static void swap_symbol(Elf64_Sym *symbol)
{
	SWAP(symbol->st_name);
	SWAP(symbol->st_shndx);
	SWAP(symbol->st_value);
	SWAP(symbol->st_size);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static int read_section(struct cursor *file, const uint8_t *header, bool foreign,
			struct bpf_elf_section *section)
{
	const uint8_t *data;

	memcpy(&section->header, header, sizeof(section->header));
	if (foreign)
		swap_section(&section->header);
	section->size = section->header.sh_size;
	if (section->header.sh_type == SHT_NOBITS || section->header.sh_type == SHT_NULL)
		return section->size > UINT32_MAX ? -EBADMSG : 0;
	data = at(file, section->header.sh_offset, section->header.sh_size);
	if (!data)
		return -EBADMSG;
	/* one more, so that a table of names always ends */
	section->data = calloc(1, section->size + 1);
	if (!section->data)
		return -ENOMEM;
	memcpy(section->data, data, section->size);
	return 0;
}

static const char *name_in(const char *names, size_t size, uint32_t offset)
{
	return offset < size ? names + offset : "";
}

static int name_sections(struct bpf_elf *elf)
{
	const struct bpf_elf_section *names;

	if (elf->header.e_shstrndx >= elf->section_count)
		return -EBADMSG;
	names = &elf->sections[elf->header.e_shstrndx];
	if (!names->data)
		return -EBADMSG;
	for (size_t i = 0; i < elf->section_count; i++)
		elf->sections[i].name = name_in((const char *)names->data, names->size,
						elf->sections[i].header.sh_name);
	return 0;
}

static int find_symbols(struct bpf_elf *elf)
{
	const struct bpf_elf_section *table, *names;

	while (elf->symtab < elf->section_count &&
	       elf->sections[elf->symtab].header.sh_type != SHT_SYMTAB)
		elf->symtab++;
	if (elf->symtab == elf->section_count)
		return -EBADMSG;
	table = &elf->sections[elf->symtab];
	if (table->header.sh_link >= elf->section_count || table->size % sizeof(Elf64_Sym))
		return -EBADMSG;
	names = &elf->sections[table->header.sh_link];
	if (!names->data)
		return -EBADMSG;
	elf->symbols = (Elf64_Sym *)table->data;
	elf->symbol_count = table->size / sizeof(Elf64_Sym);
	for (size_t i = 0; elf->foreign && i < elf->symbol_count; i++)
		swap_symbol(&elf->symbols[i]);
	elf->strings = (const char *)names->data;
	elf->strings_size = names->size;
	return 0;
}

static int parse(struct cursor *file, bool either, struct bpf_elf *elf)
{
	const uint8_t *bytes = cursor__take(file, sizeof(elf->header));
	int err;

	if (!bytes)
		return -EBADMSG;
	memcpy(&elf->header, bytes, sizeof(elf->header));
	elf->foreign = elf->header.e_ident[EI_DATA] == OTHER_DATA;
	if (elf->foreign)
		swap_header(&elf->header);
	if (memcmp(elf->header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    (elf->header.e_ident[EI_DATA] != OWN_DATA && !(elf->foreign && either)) ||
	    elf->header.e_type != ET_REL ||
	    (elf->header.e_machine != EM_BPF && elf->header.e_machine != EM_NONE) ||
	    elf->header.e_shentsize != sizeof(Elf64_Shdr) || !elf->header.e_shnum)
		return -EBADMSG;
	bytes = at(file, elf->header.e_shoff, (uint64_t)elf->header.e_shnum * sizeof(Elf64_Shdr));
	if (!bytes)
		return -EBADMSG;
	elf->section_count = elf->header.e_shnum;
	elf->sections = calloc(elf->section_count, sizeof(*elf->sections));
	if (!elf->sections)
		return -ENOMEM;
	for (size_t i = 0; i < elf->section_count; i++) {
		err = read_section(file, bytes + i * sizeof(Elf64_Shdr), elf->foreign,
				   &elf->sections[i]);
		if (err)
			return err;
	}
	err = name_sections(elf);
	return err ? err : find_symbols(elf);
}

static int parse_or_free(const void *data, size_t size, bool either, struct bpf_elf *elf)
{
	struct cursor file = cursor__over(data, size);
	int err;

	*elf = (struct bpf_elf){};
	err = parse(&file, either, elf);
	if (err)
		bpf_elf__free(elf);
	return err;
}

int bpf_elf__parse(const void *data, size_t size, struct bpf_elf *elf)
{
	return parse_or_free(data, size, false, elf);
}

int bpf_elf__parse_either(const void *data, size_t size, struct bpf_elf *elf)
{
	return parse_or_free(data, size, true, elf);
}

size_t bpf_elf__find_section(const struct bpf_elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->section_count; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return i;
	return 0;
}

const char *bpf_elf__symbol_name(const struct bpf_elf *elf, const Elf64_Sym *symbol)
{
	return name_in(elf->strings, elf->strings_size, symbol->st_name);
}

struct bpf_elf_section *bpf_elf__relocations_of(struct bpf_elf *elf, size_t index)
{
	for (size_t i = 1; i < elf->section_count; i++) {
		struct bpf_elf_section *section = &elf->sections[i];

		if (section->header.sh_type == SHT_REL && section->header.sh_info == index)
			return section;
	}
	return NULL;
}

void bpf_elf__set_data(struct bpf_elf_section *section, uint8_t *data, size_t size)
{
	free(section->data);
	section->data = data;
	section->size = size;
	section->header.sh_size = size;
	section->changed = true;
}

static void pad(struct buf *out, uint64_t align)
{
	while (align > 1 && out->len % align && !buf__failed(out))
		buf__add_u8(out, 0);
}

int bpf_elf__write(const struct bpf_elf *elf, void **data, size_t *size)
{
	_cleanup_buf_ struct buf out = {};
	Elf64_Ehdr header = elf->header;
	Elf64_Shdr *headers = calloc(elf->section_count, sizeof(*headers));

	if (!headers)
		return -ENOMEM;
	buf__add(&out, &header, sizeof(header));
	for (size_t i = 0; i < elf->section_count; i++) {
		const struct bpf_elf_section *section = &elf->sections[i];
		uint64_t align = section->header.sh_addralign;

		headers[i] = section->header;
		/* a hostile alignment must not become gigabytes of padding */
		pad(&out, align > 4096 ? 4096 : align);
		headers[i].sh_offset = i ? out.len : 0;
		if (section->data)
			buf__add(&out, section->data, section->size);
	}
	pad(&out, 8);
	header.e_shoff = out.len;
	buf__add(&out, headers, elf->section_count * sizeof(*headers));
	free(headers);
	if (buf__failed(&out))
		return -ENOMEM;
	memcpy(out.data, &header, sizeof(header));
	*data = buf__steal(&out, size);
	return 0;
}
