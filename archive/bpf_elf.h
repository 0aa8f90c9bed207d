/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A BPF object file in memory, to be looked at and changed before libbpf opens it. The
 * layout is that of elf(5), relocatable, 64 bit. One of the other byte order than the
 * machine's can be looked at only. Not supported: section tables beyond 65,279 entries, REL-less
 * or RELA relocations (LLVM's BPF target writes REL only).
 */
#ifndef ARCHIVE_BPF_ELF_H
#define ARCHIVE_BPF_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_elf_section {
	Elf64_Shdr header;
	const char *name;
	uint8_t *data;       /* a copy that may be changed; NULL for SHT_NOBITS */
	size_t size;         /* of data; header.sh_size for SHT_NOBITS */
	bool changed;
};

struct bpf_elf {
	Elf64_Ehdr header;
	bool foreign;        /* of the other byte order, which the sections' data still are in */
	struct bpf_elf_section *sections;
	size_t section_count;
	Elf64_Sym *symbols;  /* the data of the symbol table's section */
	size_t symbol_count;
	size_t symtab;       /* its index */
	const char *strings; /* its names */
	size_t strings_size;
};

/* Copies what it needs. -EBADMSG: no such object, or one that is cut off or contradicts itself. */
int bpf_elf__parse(const void *data, size_t size, struct bpf_elf *elf);
/* The same for either byte order. Headers and symbols are in the machine's own. */
int bpf_elf__parse_either(const void *data, size_t size, struct bpf_elf *elf);
void bpf_elf__free(struct bpf_elf *elf);

/* Index of the section of this name, or 0. */
size_t bpf_elf__find_section(const struct bpf_elf *elf, const char *name);
/* "" where it has none. */
const char *bpf_elf__symbol_name(const struct bpf_elf *elf, const Elf64_Sym *symbol);
/* The REL section that applies to section `index`, or NULL. */
struct bpf_elf_section *bpf_elf__relocations_of(struct bpf_elf *elf, size_t index);

/* Give a section new contents, which it takes over. */
void bpf_elf__set_data(struct bpf_elf_section *section, uint8_t *data, size_t size);

/* The whole file anew. malloc'ed; -ENOMEM. */
int bpf_elf__write(const struct bpf_elf *elf, void **data, size_t *size);

#endif
