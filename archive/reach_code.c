/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reach.h"

#define INSN_SIZE sizeof(struct bpf_insn)

void reach_code__free(struct reach_code *code)
{
	free(code->insns);
	free(code->first);
	free(code->global);
	free(code->addresses);
	free(code->callees);
	*code = (struct reach_code){};
}

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_DW | BPF_IMM);
}

uint32_t reach_code__at(const struct reach_code *code, size_t section, uint64_t offset)
{
	const struct code_moves *functions = &code->object->functions;
	const struct code_function *found = code_moves__function_at(functions, section, offset);

	return found ? code->first[found - functions->functions] +
		       (uint32_t)((offset - found->start) / INSN_SIZE) : code->count;
}

static bool is_constants(const struct bpf_elf_section *section)
{
	return strncmp(section->name, ".rodata", 7) == 0 && section->data;
}

static bool is_variables(const struct bpf_elf_section *section)
{
	return is_constants(section) || strncmp(section->name, ".data", 5) == 0 ||
	       strncmp(section->name, ".bss", 4) == 0;
}

/* What a helper is handed the address of is called, too. */
static void read_callback(struct reach_code *code, uint32_t at, const Elf64_Sym *symbol)
{
	const struct code_moves *functions = &code->object->functions;
	const struct code_function *function =
		code_moves__function_at(functions, symbol->st_shndx,
					symbol->st_value + (uint64_t)(int64_t)code->insns[at].imm);

	if (function)
		code->callees[at] = (uint32_t)(function - functions->functions) + 1;
}

/* What the loads of one section of code are the addresses of. */
static void read_addresses(struct reach_code *code, struct bpf_elf *elf, size_t section)
{
	struct bpf_elf_section *rel = bpf_elf__relocations_of(elf, section);
	const Elf64_Rel *relocations = rel ? (const Elf64_Rel *)rel->data : NULL;
	size_t count = relocations ? rel->size / sizeof(*relocations) : 0;

	for (size_t i = 0; i < count; i++) {
		size_t number = ELF64_R_SYM(relocations[i].r_info);
		uint32_t at = reach_code__at(code, section, relocations[i].r_offset);
		const Elf64_Sym *symbol = &elf->symbols[number];

		if (at == code->count || number >= elf->symbol_count || !is_wide(&code->insns[at]))
			continue;
		if (symbol->st_shndx == SHN_UNDEF) {
			code->addresses[at].is_extern = true;
			code->addresses[at].is_version =
				strcmp(bpf_elf__symbol_name(elf, symbol), "LINUX_KERNEL_VERSION") == 0;
		} else if (symbol->st_shndx >= elf->section_count ||
			   !is_variables(&elf->sections[symbol->st_shndx])) {
			code->addresses[at].is_other = true;
			read_callback(code, at, symbol);
		} else {
			code->addresses[at].section = symbol->st_shndx;
			code->addresses[at].constant =
				is_constants(&elf->sections[symbol->st_shndx]);
			/* the symbol's place counts, too */
			code->insns[at].imm += (int32_t)symbol->st_value;
		}
	}
}

static void read_function(struct reach_code *code, struct bpf_elf *elf, size_t index)
{
	const struct code_moves *functions = &code->object->functions;
	const struct code_function *function = &functions->functions[index];
	const uint8_t *data = elf->sections[function->section].data + function->start;
	struct bpf_insn *insns = &code->insns[code->first[index]];

	memcpy(insns, data, function->size);
	for (uint32_t i = 0; i < function->size / INSN_SIZE; i += 1 + is_wide(&insns[i])) {
		const struct code_function *callee;

		if (insns[i].code != (BPF_JMP | BPF_CALL) || insns[i].src_reg != BPF_PSEUDO_CALL)
			continue;
		callee = code_moves__callee(functions, elf, function->section,
					    function->start + i * INSN_SIZE);
		if (callee)
			code->callees[code->first[index] + i] =
				(uint32_t)(callee - functions->functions) + 1;
	}
}

/* libbpf makes static functions of those that are hidden. */
static bool is_global(const struct bpf_elf *elf, const struct code_function *function)
{
	for (size_t i = 0; i < elf->symbol_count; i++) {
		const Elf64_Sym *symbol = &elf->symbols[i];

		if (symbol->st_shndx == function->section && symbol->st_value == function->start &&
		    ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
			return ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
			       ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT;
	}
	return false;
}

/* What names registers that there are none of is no code. */
static bool has_registers(const struct reach_code *code)
{
	for (uint32_t i = 0; i < code->count; i++)
		if (code->insns[i].dst_reg >= MAX_BPF_REG || code->insns[i].src_reg >= MAX_BPF_REG)
			return false;
	return true;
}

int reach_code__read(const struct core_object *object, struct reach_code *code)
{
	const struct code_moves *functions = &object->functions;
	struct bpf_elf *elf = (struct bpf_elf *)&object->elf; /* only read */
	uint64_t count = 0;

	*code = (struct reach_code){ .object = object };
	if (object->elf.foreign || !functions->count)
		return -ENOTSUP;
	code->first = calloc(functions->count, sizeof(*code->first));
	code->global = calloc(functions->count, sizeof(*code->global));
	for (size_t i = 0; code->first && i < functions->count; i++) {
		code->first[i] = (uint32_t)count;
		count += functions->functions[i].size / INSN_SIZE;
	}
	code->count = (uint32_t)count;
	code->insns = calloc(count + 1, sizeof(*code->insns));
	code->addresses = calloc(count + 1, sizeof(*code->addresses));
	code->callees = calloc(count + 1, sizeof(*code->callees));
	if (!code->first || !code->global || !code->insns || !code->addresses || !code->callees) {
		reach_code__free(code);
		return -ENOMEM;
	}
	for (size_t i = 0; i < functions->count; i++) {
		read_function(code, elf, i);
		code->global[i] = is_global(elf, &functions->functions[i]);
	}
	if (!has_registers(code)) {
		reach_code__free(code);
		return -ENOTSUP;
	}
	for (size_t i = 1; i < elf->section_count; i++)
		read_addresses(code, elf, i);
	return 0;
}
