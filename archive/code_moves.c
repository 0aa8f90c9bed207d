/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "code_moves.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ext_records.h"

#define INSN_SIZE 8
#define R_BPF_64_64 1
#define R_BPF_64_32 10

void code_moves__free(struct code_moves *moves)
{
	for (size_t i = 0; i < moves->count; i++)
		free(moves->functions[i].prologue);
	free(moves->functions);
	*moves = (struct code_moves){};
}

/* ---- functions ------------------------------------------------------------------------ */

static bool is_code(const struct bpf_elf *elf, size_t index)
{
	const Elf64_Shdr *header;

	if (!index || index >= elf->section_count)
		return false;
	header = &elf->sections[index].header;
	return header->sh_type == SHT_PROGBITS && header->sh_flags & SHF_EXECINSTR &&
	       elf->sections[index].size;
}

static int by_place(const void *a, const void *b)
{
	const struct code_function *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* Every instruction belongs to one function: else nobody knows what to move. */
static int check_tiling(const struct bpf_elf *elf, const struct code_moves *moves)
{
	size_t at = 0;

	for (size_t i = 1; i < elf->section_count; i++) {
		uint64_t end = 0;

		if (!is_code(elf, i))
			continue;
		for (; at < moves->count && moves->functions[at].section == i; at++) {
			const struct code_function *function = &moves->functions[at];

			if (function->start != end || function->start % INSN_SIZE ||
			    function->size % INSN_SIZE || !function->size ||
			    function->size > elf->sections[i].size - end)
				return -EBADMSG;
			end += function->size;
		}
		if (end != elf->sections[i].size)
			return -EBADMSG;
	}
	return at == moves->count ? 0 : -EBADMSG;
}

int code_moves__find_functions(const struct bpf_elf *elf, struct code_moves *moves)
{
	int err;

	*moves = (struct code_moves){
		.functions = calloc(elf->symbol_count + 1, sizeof(*moves->functions)),
	};
	if (!moves->functions)
		return -ENOMEM;
	for (size_t i = 0; i < elf->symbol_count; i++) {
		const Elf64_Sym *symbol = &elf->symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !is_code(elf, symbol->st_shndx))
			continue;
		moves->functions[moves->count++] = (struct code_function){
			.section = symbol->st_shndx,
			.start = symbol->st_value,
			.size = symbol->st_size,
			.name = bpf_elf__symbol_name(elf, symbol),
		};
	}
	qsort(moves->functions, moves->count, sizeof(*moves->functions), by_place);
	err = check_tiling(elf, moves);
	if (err)
		code_moves__free(moves);
	return err;
}

struct code_function *code_moves__function_at(const struct code_moves *moves, size_t section,
					      uint64_t offset)
{
	size_t low = 0, high = moves->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct code_function *function = &moves->functions[middle];

		if (function->section < section ||
		    (function->section == section && function->start + function->size <= offset))
			low = middle + 1;
		else if (function->section > section || function->start > offset)
			high = middle;
		else
			return function;
	}
	return NULL;
}

int code_function__set_prologue(struct code_function *function, const void *code, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, code, size);
	free(function->prologue);
	function->prologue = copy;
	function->prologue_size = size;
	return 0;
}

static void place_functions(struct code_moves *moves)
{
	uint64_t moved = 0;

	for (size_t i = 0; i < moves->count; i++) {
		struct code_function *function = &moves->functions[i];

		if (i && function->section != function[-1].section)
			moved = 0;
		function->new_start = function->start + moved;
		moved += function->prologue_size;
	}
}

/* Where the instruction at `offset` comes to lie; false if there is none. */
static bool new_place(const struct code_moves *moves, size_t section, uint64_t offset,
		      uint64_t *place)
{
	const struct code_function *function = code_moves__function_at(moves, section, offset);

	if (!function)
		return false;
	*place = function->new_start + function->prologue_size + (offset - function->start);
	return true;
}

/* The same for what means the function when it names its first instruction. */
static bool new_entry(const struct code_moves *moves, size_t section, uint64_t offset,
		      uint64_t *place)
{
	const struct code_function *function = code_moves__function_at(moves, section, offset);

	if (!function)
		return false;
	if (offset != function->start)
		return new_place(moves, section, offset, place);
	*place = function->new_start;
	return true;
}

/* ---- instructions that name instructions ------------------------------------------------- */

static struct bpf_insn *insn_at(const struct bpf_elf *elf, size_t section, uint64_t offset)
{
	if (offset % INSN_SIZE || offset >= elf->sections[section].size)
		return NULL;
	return (struct bpf_insn *)(elf->sections[section].data + offset);
}

/*
 * A relocation against a function, or a section that holds some. A call's immediate is
 * in instructions and one less than its target; an address's is in bytes; both count
 * from the symbol (llvm/docs/BPF, "relocations").
 */
static int move_reference(const struct code_moves *moves, const struct bpf_elf *elf,
			  size_t section, const Elf64_Rel *relocation)
{
	const Elf64_Sym *symbol = &elf->symbols[ELF64_R_SYM(relocation->r_info)];
	struct bpf_insn *insn = insn_at(elf, section, relocation->r_offset);
	bool call = insn && insn->code == (BPF_JMP | BPF_CALL);
	uint64_t old_target, new_target, base;

	if (!insn)
		return -EBADMSG;
	old_target = symbol->st_value + (call ? ((int64_t)insn->imm + 1) * INSN_SIZE
					      : (int64_t)insn->imm);
	if (!new_entry(moves, symbol->st_shndx, symbol->st_value, &base) ||
	    !new_entry(moves, symbol->st_shndx, old_target, &new_target))
		return -EBADMSG;
	if (ELF64_ST_TYPE(symbol->st_info) == STT_SECTION)
		base = 0;
	insn->imm = call ? (int32_t)((int64_t)(new_target - base) / INSN_SIZE - 1)
			 : (int32_t)(new_target - base);
	return 0;
}

static bool has_relocation(const Elf64_Rel *relocations, size_t count, uint64_t offset)
{
	for (size_t i = 0; i < count; i++)
		if (relocations[i].r_offset == offset)
			return true;
	return false;
}

/* Calls within a section that the assembler resolved: relative to the next instruction. */
static int move_calls(const struct code_moves *moves, const struct bpf_elf *elf, size_t section,
		      const Elf64_Rel *relocations, size_t count)
{
	for (uint64_t offset = 0; offset < elf->sections[section].size; offset += INSN_SIZE) {
		struct bpf_insn *insn = insn_at(elf, section, offset);
		uint64_t target, from, to;

		if (insn->code == (BPF_LD | BPF_DW | BPF_IMM)) {
			offset += INSN_SIZE;
			continue;
		}
		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != BPF_PSEUDO_CALL ||
		    has_relocation(relocations, count, offset))
			continue;
		target = offset + ((int64_t)insn->imm + 1) * INSN_SIZE;
		if (!new_place(moves, section, offset, &from) ||
		    !new_entry(moves, section, target, &to))
			return -EBADMSG;
		insn->imm = (int32_t)((int64_t)(to - from) / INSN_SIZE - 1);
	}
	return 0;
}

static int move_references(const struct code_moves *moves, struct bpf_elf *elf, size_t section)
{
	struct bpf_elf_section *rel = bpf_elf__relocations_of(elf, section);
	Elf64_Rel *relocations = rel ? (Elf64_Rel *)rel->data : NULL;
	size_t count = relocations ? rel->size / sizeof(*relocations) : 0;
	int err = move_calls(moves, elf, section, relocations, count);

	for (size_t i = 0; !err && i < count; i++) {
		size_t symbol = ELF64_R_SYM(relocations[i].r_info);

		if (symbol >= elf->symbol_count)
			return -EBADMSG;
		if (is_code(elf, elf->symbols[symbol].st_shndx))
			err = move_reference(moves, elf, section, &relocations[i]);
		if (!err && !new_place(moves, section, relocations[i].r_offset,
				       &relocations[i].r_offset))
			err = -EBADMSG;
	}
	return err;
}

struct code_function *code_moves__callee(const struct code_moves *moves, struct bpf_elf *elf,
					 size_t section, uint64_t offset)
{
	struct bpf_elf_section *rel = bpf_elf__relocations_of(elf, section);
	const Elf64_Rel *relocations = rel ? (const Elf64_Rel *)rel->data : NULL;
	size_t count = relocations ? rel->size / sizeof(*relocations) : 0;
	const struct bpf_insn *insn = insn_at(elf, section, offset);
	int64_t distance;

	if (!insn || insn->code != (BPF_JMP | BPF_CALL))
		return NULL;
	distance = ((int64_t)insn->imm + 1) * INSN_SIZE;
	for (size_t i = 0; i < count; i++) {
		size_t symbol = ELF64_R_SYM(relocations[i].r_info);

		if (relocations[i].r_offset != offset)
			continue;
		if (symbol >= elf->symbol_count)
			return NULL;
		return code_moves__function_at(moves, elf->symbols[symbol].st_shndx,
					       elf->symbols[symbol].st_value + distance);
	}
	return code_moves__function_at(moves, section, offset + distance);
}

/* ---- tables that name instructions ---------------------------------------------------------- */

static int move_symbols(const struct code_moves *moves, struct bpf_elf *elf)
{
	for (size_t i = 0; i < elf->symbol_count; i++) {
		Elf64_Sym *symbol = &elf->symbols[i];
		const struct code_function *function;
		uint64_t place;

		if (!is_code(elf, symbol->st_shndx) ||
		    ELF64_ST_TYPE(symbol->st_info) == STT_SECTION)
			continue;
		function = code_moves__function_at(moves, symbol->st_shndx, symbol->st_value);
		if (!function)
			continue; /* a label behind the last instruction */
		new_entry(moves, symbol->st_shndx, symbol->st_value, &place);
		if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
			symbol->st_size += function->prologue_size;
		symbol->st_value = place;
	}
	return 0;
}

struct record_move {
	const struct code_moves *moves;
	const struct bpf_elf *elf;
	/*
	 * A function's first instruction means the function, as function and line records
	 * have it; CO-RE records mean the instruction.
	 */
	bool entries;
};

static int move_record(void *ctx, const char *name, uint8_t *record, size_t size)
{
	const struct record_move *move = ctx;
	size_t section = bpf_elf__find_section(move->elf, name);
	uint32_t offset;
	uint64_t place;

	(void)size;
	memcpy(&offset, record, sizeof(offset));
	if (!section ||
	    !(move->entries ? new_entry : new_place)(move->moves, section, offset, &place))
		return -EBADMSG;
	offset = (uint32_t)place;
	memcpy(record, &offset, sizeof(offset));
	return 0;
}

static int move_btf_ext(const struct code_moves *moves, struct bpf_elf *elf,
			const struct btf *btf)
{
	size_t index = bpf_elf__find_section(elf, ".BTF.ext");
	struct bpf_elf_section *section = &elf->sections[index];
	struct record_move move = { .moves = moves, .elf = elf };
	int err = 0;

	if (!index || !section->data)
		return 0;
	for (enum ext_part part = 0; !err && part < EXT_PART_COUNT; part++) {
		move.entries = part != EXT_RELOCATIONS;
		err = ext_records__each(section->data, section->size, btf, part, move_record,
					&move);
	}
	return err;
}

/* ---- the code itself -------------------------------------------------------------------------- */

static int move_code(const struct code_moves *moves, struct bpf_elf *elf, size_t index)
{
	struct bpf_elf_section *section = &elf->sections[index];
	_cleanup_buf_ struct buf code = {};
	uint8_t *data;
	size_t size;

	for (size_t i = 0; i < moves->count; i++) {
		const struct code_function *function = &moves->functions[i];

		if (function->section != index)
			continue;
		buf__add(&code, function->prologue, function->prologue_size);
		buf__add(&code, section->data + function->start, function->size);
	}
	data = buf__steal(&code, &size);
	if (!data)
		return -ENOMEM;
	bpf_elf__set_data(section, data, size);
	return 0;
}

int code_moves__apply(struct code_moves *moves, struct bpf_elf *elf, const struct btf *btf)
{
	int err;

	place_functions(moves);
	for (size_t i = 1; i < elf->section_count; i++)
		if (is_code(elf, i) && (err = move_references(moves, elf, i)))
			return err;
	if ((err = move_btf_ext(moves, elf, btf)) || (err = move_symbols(moves, elf)))
		return err;
	for (size_t i = 1; i < elf->section_count; i++)
		if (is_code(elf, i) && (err = move_code(moves, elf, i)))
			return err;
	return 0;
}
