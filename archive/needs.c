/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "needs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define INSN_SIZE 8

void needs__free(struct needs *needs)
{
	free(needs->maps);
	needs->maps = NULL;
}

/* Static maps may be named by their section's symbol and not by their own: the place counts. */
static void add_map(const struct bpf_elf *elf, size_t maps, size_t symbol, struct needs *needs)
{
	const Elf64_Sym *used = &elf->symbols[symbol];

	for (size_t i = 0; i < elf->symbol_count; i++) {
		const Elf64_Sym *at = &elf->symbols[i];

		if (at->st_shndx == maps && at->st_value == used->st_value &&
		    ELF64_ST_TYPE(at->st_info) == STT_OBJECT)
			needs->maps[i] = true;
	}
}

/* The function whose address the instruction at `offset` has, for a helper to call; or NULL. */
static const struct code_function *find_callback(const struct code_moves *functions,
						 const struct bpf_elf *elf, size_t section,
						 uint64_t offset, const Elf64_Sym *symbol)
{
	struct bpf_insn insn;

	if (elf->sections[section].size - offset < INSN_SIZE)
		return NULL;
	memcpy(&insn, elf->sections[section].data + offset, INSN_SIZE);
	if (insn.code != (BPF_LD | BPF_DW | BPF_IMM))
		return NULL;
	return code_moves__function_at(functions, symbol->st_shndx,
				       symbol->st_value + (uint64_t)(int64_t)insn.imm);
}

/* What its relocations name: maps, and callbacks. */
static void read_relocations(const struct code_moves *functions, struct bpf_elf *elf,
			     const struct code_function *function, bool *reached,
			     struct needs *needs)
{
	struct bpf_elf_section *section = bpf_elf__relocations_of(elf, function->section);
	const Elf64_Rel *relocations = section ? (const Elf64_Rel *)section->data : NULL;
	size_t count = relocations ? section->size / sizeof(*relocations) : 0;
	size_t maps = bpf_elf__find_section(elf, ".maps");

	for (size_t i = 0; i < count; i++) {
		size_t symbol = ELF64_R_SYM(relocations[i].r_info);
		const struct code_function *callback;

		if (relocations[i].r_offset - function->start >= function->size ||
		    symbol >= elf->symbol_count)
			continue;
		if (maps && elf->symbols[symbol].st_shndx == maps) {
			add_map(elf, maps, symbol, needs);
			continue;
		}
		callback = find_callback(functions, elf, function->section,
					 relocations[i].r_offset, &elf->symbols[symbol]);
		if (callback)
			reached[callback - functions->functions] = true;
	}
}

static void add_insn(const struct bpf_insn *insn, struct needs *needs)
{
	if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm > 0 &&
	    insn->imm < NEEDS_MAX_HELPER)
		needs->helpers[insn->imm] = true;
	/* what is no plain store is atomic */
	if (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) != BPF_MEM &&
	    insn->imm != BPF_ADD)
		needs->atomics = true;
}

/* What function `index` asks for; functions that it calls or has called are marked in `reached`. */
static void read_function(const struct code_moves *functions, struct bpf_elf *elf, size_t index,
			  bool *reached, struct needs *needs)
{
	const struct code_function *function = &functions->functions[index];
	const uint8_t *code = elf->sections[function->section].data + function->start;

	for (uint64_t at = 0; at < function->size; at += INSN_SIZE) {
		const struct bpf_insn *insn = (const struct bpf_insn *)(code + at);
		const struct code_function *callee;

		add_insn(insn, needs);
		if (insn->code == (BPF_LD | BPF_DW | BPF_IMM))
			at += INSN_SIZE;
		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != BPF_PSEUDO_CALL)
			continue;
		needs->calls = true;
		callee = code_moves__callee(functions, elf, function->section, function->start + at);
		if (callee)
			reached[callee - functions->functions] = true;
	}
	read_relocations(functions, elf, function, reached, needs);
}

static int find_program(const struct code_moves *functions, const struct bpf_elf *elf,
			const char *program, size_t *index)
{
	for (size_t i = 0; i < functions->count; i++)
		if (strcmp(functions->functions[i].name, program) == 0 &&
		    strcmp(elf->sections[functions->functions[i].section].name, ".text") != 0) {
			*index = i;
			return 0;
		}
	return -ENOENT;
}

int needs__read(const struct code_moves *functions, struct bpf_elf *elf, const char *program,
		struct needs *needs)
{
	_cleanup_free_ bool *reached = calloc(functions->count + 1, sizeof(*reached));
	_cleanup_free_ bool *done = calloc(functions->count + 1, sizeof(*done));
	bool again = true;
	size_t first;

	*needs = (struct needs){ .maps = calloc(elf->symbol_count + 1, sizeof(*needs->maps)) };
	if (!needs->maps || !reached || !done)
		return -ENOMEM;
	if (find_program(functions, elf, program, &first) < 0)
		return -ENOENT;
	reached[first] = true;
	while (again) {
		again = false;
		for (size_t i = 0; i < functions->count; i++) {
			if (!reached[i] || done[i])
				continue;
			read_function(functions, elf, i, reached, needs);
			done[i] = again = true;
		}
	}
	return 0;
}

bool needs__has_map(const struct needs *needs, const struct bpf_elf *elf, const char *map)
{
	for (size_t i = 0; i < elf->symbol_count; i++)
		if (needs->maps[i] && strcmp(bpf_elf__symbol_name(elf, &elf->symbols[i]), map) == 0)
			return true;
	return false;
}
