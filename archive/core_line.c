/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_object.h"

/* So far behind a constant its use is looked for. */
#define USE_WITHIN 32
#define INSN_SIZE sizeof(struct bpf_insn)

/* Whether it reads a register, as far as compilers write such code behind a relocation. */
static bool reads(const struct bpf_insn *insn, uint8_t reg)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	switch (class) {
	case BPF_ALU:
	case BPF_ALU64:
		return (op != BPF_MOV && insn->dst_reg == reg) ||
		       (BPF_SRC(insn->code) == BPF_X && insn->src_reg == reg);
	case BPF_LDX:
		return insn->src_reg == reg;
	case BPF_ST:
		return insn->dst_reg == reg;
	case BPF_STX:
		return insn->dst_reg == reg || insn->src_reg == reg;
	case BPF_JMP:
	case BPF_JMP32:
		return op == BPF_CALL || op == BPF_EXIT || insn->dst_reg == reg ||
		       (BPF_SRC(insn->code) == BPF_X && insn->src_reg == reg);
	default:
		return false;
	}
}

static bool is_same_line(const struct source_line *a, const struct source_line *b)
{
	return a->number == b->number && a->file == b->file;
}

static bool is_alu(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU || BPF_CLASS(insn->code) == BPF_ALU64;
}

static bool is_constant(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_DW | BPF_IMM) ||
	       (is_alu(insn) && BPF_OP(insn->code) == BPF_MOV && BPF_SRC(insn->code) == BPF_K);
}

static bool find(const struct core_object *object, const char *section, uint64_t offset,
		 struct source_line *line)
{
	return source_lines__find(&object->lines, object->btf, section, offset, line);
}

/*
 * The line of the first instruction that makes use of what came of the constant at `offset`, and
 * has another line than it; *line is the constant's.
 */
static void find_use(const struct core_object *object, const struct core_relocation *relocation,
		     const struct bpf_elf_section *section, struct source_line *line)
{
	const struct source_line own = *line;
	uint64_t offset = relocation->offset;
	uint8_t reg = relocation->insns[0].dst_reg;
	struct source_line at = own;

	for (unsigned int i = 1; i < USE_WITHIN && section->size - offset >= 2 * INSN_SIZE; i++) {
		struct bpf_insn insn;
		uint8_t class;

		offset += INSN_SIZE;
		insn = core_object__insn(&object->elf, section->data + offset);
		class = BPF_CLASS(insn.code);
		if (offset >= at.end && !find(object, relocation->section, offset, &at))
			return;
		if (reads(&insn, reg)) {
			*line = at;
			if (!is_alu(&insn) || !is_same_line(&own, line))
				return;
			reg = insn.dst_reg;
		} else if (class == BPF_JMP || class == BPF_JMP32 ||
			   (insn.dst_reg == reg && class != BPF_ST && class != BPF_STX)) {
			return;
		}
	}
}

/*
 * Compilers give the load of a constant no line of its own, nor always the addition behind it,
 * so that they seem to belong to whatever stands before them.
 */
bool core_object__line(const struct core_object *object, const struct core_relocation *relocation,
		       struct source_line *line)
{
	size_t index = bpf_elf__find_section(&object->elf, relocation->section);
	struct source_line before;

	if (!find(object, relocation->section, relocation->offset, line))
		return false;
	if (!is_constant(&relocation->insns[0]))
		return true;
	/* at the beginning of a function it is the function's */
	if (!relocation->in_program ||
	    (find(object, relocation->section, relocation->offset - INSN_SIZE, &before) &&
	     is_same_line(line, &before)))
		find_use(object, relocation, &object->elf.sections[index], line);
	return true;
}
