/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "folding.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "helper_memory.h"
#include "insn_values.h"
#include "liveness.h"

/* Rounds until nothing new is found; more than any compiler's loops take. */
#define MAX_ROUNDS 50

/* What is known of a register. */
struct known {
	enum {
		NOTHING,
		NUMBER,
		MAP,
		POINTER, /* into a section */
		MIXED    /* on one way here it was such a pointer, on another it was not */
	} kind;
	/* or which one of the input's maps, or the pointer's offset from its section's beginning */
	uint64_t number;
	size_t pointer;  /* which one of the input's */
};

/* Where jumps lead to: what is known there, whichever way the program came. */
struct point {
	bool reached;
	struct known regs[MAX_BPF_REG];
};

struct fold {
	struct bpf_insn *insns;
	const struct bpf_insn *original; /* before anything was folded */
	size_t count, at;
	const struct fold_input *input;
	enum { EXPLORE, CENSUS, REWRITE } pass;
	struct known regs[MAX_BPF_REG];
	bool reached;            /* whether the program gets to `at` */
	struct point *points;
	size_t *point_of;        /* by instruction: its point and 1, or 0 */
	bool again;              /* something new is known of where the walk has been */
	size_t *group;           /* by pointer: one that shares its registers, in the end itself */
	bool *escapes;           /* by group: not only loads and stores use it */
	size_t next_map;         /* the first that is not behind `at` */
	bool out_of_memory;
	struct fold_outcome *outcome;
};

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_DW | BPF_IMM);
}

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

/* ---- pointers ------------------------------------------------------------------------------ */

static size_t group_of(const struct fold *fold, size_t pointer)
{
	while (fold->group[pointer] != pointer)
		pointer = fold->group[pointer];
	return pointer;
}

static bool has_pointer(const struct known *known)
{
	return known->kind == POINTER || known->kind == MIXED;
}

/* The register is used in a way that needs the true address. */
static void escape(struct fold *fold, unsigned int reg)
{
	if (fold->pass == CENSUS && has_pointer(&fold->regs[reg]))
		fold->escapes[group_of(fold, fold->regs[reg].pointer)] = true;
}

/* Whether the register holds the section's beginning, and the offset is in what uses it. */
static bool is_base(const struct fold *fold, unsigned int reg)
{
	return fold->pass == REWRITE && fold->regs[reg].kind == POINTER &&
	       !fold->escapes[group_of(fold, fold->regs[reg].pointer)];
}

/* libbpf relocates this instruction, so it must stay as it is. */
static bool is_fixed(const struct fold *fold)
{
	return fold->input->relocated &&
	       memcmp(&fold->original[fold->at], &fold->input->relocated[fold->at],
		      sizeof(*fold->original)) != 0;
}

static struct known join(struct fold *fold, const struct known *a, const struct known *b)
{
	const struct fold_pointer *pointers = fold->input->pointers;
	const struct known *either = has_pointer(a) ? a : b;
	bool same = a->kind == b->kind && a->number == b->number;

	if (!has_pointer(either))
		return same ? *a : (struct known){ .kind = NOTHING };
	if (has_pointer(a) && has_pointer(b)) {
		fold->group[group_of(fold, a->pointer)] = group_of(fold, b->pointer);
		if (same && a->kind == POINTER &&
		    pointers[a->pointer].section == pointers[b->pointer].section)
			return *a;
	}
	return (struct known){ .kind = MIXED, .pointer = either->pointer };
}

/* From `at` the program may come to `target`, with what is known now. */
static void flow(struct fold *fold, size_t target)
{
	struct point *point = &fold->points[fold->point_of[target] - 1];
	bool changed = !point->reached;

	if (fold->pass != EXPLORE)
		return;
	if (changed)
		memcpy(point->regs, fold->regs, sizeof(point->regs));
	point->reached = true;
	for (size_t i = 0; !changed && i < MAX_BPF_REG; i++) {
		struct known joined = join(fold, &point->regs[i], &fold->regs[i]);

		if (joined.kind != point->regs[i].kind) {
			point->regs[i] = joined;
			fold->again |= target <= fold->at;
		}
	}
	fold->again |= changed && target <= fold->at;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/*
 * A number into a register by one instruction, where that can be: as a sign-extended
 * immediate, or by a 32-bit move, which clears the upper half.
 */
static bool make_move(uint8_t reg, uint64_t number, struct bpf_insn *move)
{
	uint8_t class;

	if ((uint64_t)(int64_t)(int32_t)number == number)
		class = BPF_ALU64;
	else if (number <= UINT32_MAX)
		class = BPF_ALU;
	else
		return false;
	*move = (struct bpf_insn){ .code = class | BPF_MOV | BPF_K, .dst_reg = reg,
				   .imm = (int32_t)number };
	return true;
}

/* False: the instruction stays, and still reads what it reads. */
static bool put_number(struct fold *fold, struct bpf_insn *insn, uint64_t number)
{
	struct bpf_insn move;

	if (is_fixed(fold) || !make_move(insn->dst_reg, number, &move))
		return false;
	if (fold->pass == REWRITE) {
		*insn = move;
		fold->outcome->constants++;
	}
	return true;
}

static bool read_constant(const struct fold_pointer *from, uint64_t number, int16_t off,
			  size_t size, uint64_t *value)
{
	int64_t offset = (int64_t)number + off;
	uint8_t bytes[8] = {};

	if (!from->data || offset < 0 || (uint64_t)offset + size > from->size)
		return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy(bytes + 8 - size, from->data + offset, size);
#else
	memcpy(bytes, from->data + offset, size);
#endif
	memcpy(value, bytes, sizeof(*value));
	return true;
}

/* ---- instructions ------------------------------------------------------------------------ */

/* What the instruction will be when the program runs; `insns` has it as it is now. */
static const struct bpf_insn *as_relocated(const struct fold *fold)
{
	return is_fixed(fold) ? &fold->input->relocated[fold->at] : &fold->insns[fold->at];
}

/* A load or store through the register: its offset takes up the pointer's, where it can. */
static void access_memory(struct fold *fold, struct bpf_insn *insn, unsigned int reg)
{
	int64_t offset = (int64_t)fold->regs[reg].number + insn->off;

	if (fold->regs[reg].kind != POINTER || is_fixed(fold) || offset < INT16_MIN ||
	    offset > INT16_MAX)
		escape(fold, reg);
	else if (is_base(fold, reg))
		insn->off = (int16_t)offset;
}

static void fold_load(struct fold *fold, struct bpf_insn *insn)
{
	static const uint8_t sizes[] = { [BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1,
					 [BPF_DW >> 3] = 8 };
	const struct known *from = &fold->regs[insn->src_reg];
	struct known to = { .kind = NOTHING };
	uint8_t reg = insn->dst_reg;

	if (from->kind == POINTER && BPF_MODE(insn->code) == BPF_MEM && !is_fixed(fold) &&
	    read_constant(&fold->input->pointers[from->pointer], from->number, insn->off,
			  sizes[BPF_SIZE(insn->code) >> 3], &to.number))
		to.kind = NUMBER;
	/* a number that no one instruction can make is still known */
	if (to.kind != NUMBER || !put_number(fold, insn, to.number))
		access_memory(fold, insn, insn->src_reg);
	fold->regs[reg] = to;
}

static void fold_store(struct fold *fold, struct bpf_insn *insn)
{
	if (BPF_CLASS(insn->code) == BPF_STX)
		escape(fold, insn->src_reg);
	access_memory(fold, insn, insn->dst_reg);
	/* an atomic operation may fetch into its source, or r0 */
	if (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) != BPF_MEM)
		fold->regs[insn->src_reg].kind = fold->regs[BPF_REG_0].kind = NOTHING;
}

/* The second operand; false if it is not known. */
static bool operand(const struct fold *fold, const struct bpf_insn *insn, uint64_t *number)
{
	if (BPF_SRC(insn->code) == BPF_K) {
		*number = (uint64_t)(int64_t)insn->imm;
		return true;
	}
	*number = fold->regs[insn->src_reg].number;
	return fold->regs[insn->src_reg].kind == NUMBER;
}

/* What is added to a pointer, too, goes into the loads and stores. */
static void add_to_pointer(struct fold *fold, struct bpf_insn *insn, uint64_t number)
{
	if (is_fixed(fold)) {
		escape(fold, insn->dst_reg);
	} else if (is_base(fold, insn->dst_reg)) {
		fold->regs[insn->dst_reg].number += number;
		*insn = (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
		return;
	}
	fold->regs[insn->dst_reg].number += number;
}

static void fold_alu(struct fold *fold, struct bpf_insn *insn)
{
	const struct bpf_insn *real = as_relocated(fold);
	bool wide = BPF_CLASS(insn->code) == BPF_ALU64, by_register = BPF_SRC(insn->code) == BPF_X;
	struct known *to = &fold->regs[insn->dst_reg];
	uint8_t op = BPF_OP(insn->code);
	uint64_t b, result;

	if (wide && op == BPF_MOV && by_register && has_pointer(&fold->regs[insn->src_reg])) {
		*to = fold->regs[insn->src_reg];
		return;
	}
	if (wide && op == BPF_ADD && to->kind == POINTER && operand(fold, real, &b)) {
		add_to_pointer(fold, insn, b);
		return;
	}
	if (op != BPF_MOV)
		escape(fold, insn->dst_reg);
	if (by_register && op != BPF_NEG && op != BPF_END)
		escape(fold, insn->src_reg);
	if ((op != BPF_MOV && to->kind != NUMBER) || op == BPF_NEG || op == BPF_END ||
	    !operand(fold, real, &b) || !insn_values__compute(op, wide, to->number, b, &result)) {
		to->kind = NOTHING;
		return;
	}
	/* an immediate is one already */
	if (op != BPF_MOV || by_register)
		put_number(fold, insn, result);
	*to = (struct known){ .kind = NUMBER, .number = result };
}

/* ---- calls ---------------------------------------------------------------------------------- */

#define ARGUMENTS 5

/* 0: not known */
static uint64_t size_of(const struct fold *fold, const struct helper_memory *argument)
{
	const struct known *map = &fold->regs[BPF_REG_1], *size = &fold->regs[argument->reg + 1];

	if (argument->kind == MEMORY_SIZED)
		return size->kind == NUMBER ? size->number : 0;
	if (map->kind != MAP)
		return 0;
	return argument->kind == MEMORY_KEY ? fold->input->maps[map->number].key_size
				     : fold->input->maps[map->number].value_size;
}

static bool find_copy(const struct fold *fold, const struct helper_memory *argument,
		      struct fold_copy *copy)
{
	const struct known *known = &fold->regs[argument->reg];
	const struct fold_input *input = fold->input;
	uint64_t size = size_of(fold, argument);

	if (known->kind != POINTER || !size || size > input->stack_room ||
	    !(argument->kind == MEMORY_SIZED ? input->stack_memory : input->stack_keys) ||
	    (int64_t)known->number < 0 || known->number > INT16_MAX - size ||
	    known->number + size > input->pointers[known->pointer].size)
		return false;
	*copy = (struct fold_copy){ .at = fold->at, .pointer = known->pointer,
				    .offset = (int64_t)known->number, .size = (uint32_t)size,
				    .reg = argument->reg, .written = argument->written };
	return true;
}

/* The arguments of this call that go by way of the stack: all that have to, or none. */
static size_t find_copies(const struct fold *fold, const struct bpf_insn *insn,
			  struct fold_copy copies[ARGUMENTS])
{
	const struct helper_memory *argument = NULL;
	size_t count = 0, room = fold->input->stack_room;

	if (insn->src_reg || is_fixed(fold))
		return 0;
	while ((argument = helper_memory__next(insn->imm, argument))) {
		size_t size;

		if (!find_copy(fold, argument, &copies[count]))
			continue;
		size = (copies[count++].size + 7) & ~7u;
		if (size > room)
			return 0;
		room -= size;
	}
	return count;
}

static void note_copies(struct fold *fold, const struct fold_copy *copies, size_t count)
{
	struct fold_outcome *outcome = fold->outcome;
	struct fold_copy *grown = realloc(outcome->copies, (outcome->copy_count + count) *
							   sizeof(*grown));

	if (!grown) {
		fold->out_of_memory = true;
		return;
	}
	memcpy(grown + outcome->copy_count, copies, count * sizeof(*copies));
	outcome->copies = grown;
	outcome->copy_count += count;
}

/* The address of what is copied is not used. */
static unsigned int copy_arguments(struct fold *fold, const struct bpf_insn *insn,
				   unsigned int reads)
{
	struct fold_copy copies[ARGUMENTS];
	size_t count = find_copies(fold, insn, copies);

	for (size_t i = 0; i < count; i++)
		reads &= ~(1u << copies[i].reg);
	if (count && fold->pass == REWRITE)
		note_copies(fold, copies, count);
	return reads;
}

/* Through registers that a call reads, or an old access to packets changes. */
static void call(struct fold *fold, unsigned int reads)
{
	for (unsigned int i = BPF_REG_0; i <= BPF_REG_5; i++) {
		if (reads & 1u << i)
			escape(fold, i);
	}
	for (unsigned int i = BPF_REG_0; i <= BPF_REG_5; i++)
		fold->regs[i].kind = NOTHING;
}

static void fold_wide(struct fold *fold, const struct bpf_insn *insn)
{
	const struct fold_input *input = fold->input;
	struct known *to = &fold->regs[insn->dst_reg];
	const struct bpf_insn *real;

	to->kind = NOTHING;
	while (fold->next_map < input->map_count && input->maps[fold->next_map].at < fold->at)
		fold->next_map++;
	if (fold->next_map < input->map_count && input->maps[fold->next_map].at == fold->at) {
		*to = (struct known){ .kind = MAP, .number = fold->next_map };
		return;
	}
	/* in the code itself, a number can't be told from what is to be an address */
	if (!input->relocated || !is_wide(real = &input->relocated[fold->at]) || real->src_reg)
		return;
	*to = (struct known){ .kind = NUMBER, .number = (uint32_t)real[0].imm |
			      (uint64_t)(uint32_t)real[1].imm << 32 };
}

static void fold_branch(struct fold *fold, struct bpf_insn *insn)
{
	const struct known *from = &fold->regs[insn->dst_reg];
	int64_t target = (int64_t)fold->at + 1 + insn->off;
	bool wide = BPF_CLASS(insn->code) == BPF_JMP, taken, decided;
	int outcome = -1;
	uint64_t b;

	escape(fold, insn->dst_reg);
	if (BPF_SRC(insn->code) == BPF_X)
		escape(fold, insn->src_reg);
	if (from->kind == NUMBER && operand(fold, as_relocated(fold), &b))
		outcome = insn_values__compare(BPF_OP(insn->code), wide, from->number, b);
	decided = outcome >= 0;
	taken = outcome > 0;
	if (insn->off && (!decided || taken) && target >= 0 && target < (int64_t)fold->count)
		flow(fold, (size_t)target);
	if (decided && taken && insn->off)
		fold->reached = false;
	/* what is compared with must be an immediate, which is sign-extended */
	if (!decided || fold->pass != REWRITE || is_fixed(fold) ||
	    (uint64_t)(int64_t)(int32_t)from->number != from->number)
		return;
	*insn = (struct bpf_insn){ .code = BPF_JMP | BPF_K | (taken ? BPF_JEQ : BPF_JNE),
				   .dst_reg = insn->dst_reg, .off = insn->off,
				   .imm = (int32_t)from->number };
	fold->outcome->branches++;
}

static void fold_jump(struct fold *fold, struct bpf_insn *insn)
{
	int64_t target = (int64_t)fold->at + 1 + insn->off;

	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
		call(fold, copy_arguments(fold, insn, liveness__call_reads(insn)));
		break;
	case BPF_EXIT:
		escape(fold, BPF_REG_0);
		fold->reached = false;
		break;
	case BPF_JA:
		if (!insn->off)
			break;
		if (target >= 0 && target < (int64_t)fold->count)
			flow(fold, (size_t)target);
		fold->reached = false;
		break;
	default:
		fold_branch(fold, insn);
	}
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void step(struct fold *fold, struct bpf_insn *insn)
{
	const uint8_t call_code = BPF_JMP | BPF_CALL;

	/* relocation makes an invalid call of what the kernel's types don't have */
	if (!is_wide(insn) && as_relocated(fold)->code == call_code && insn->code != call_code) {
		call(fold, ~0u);
		return;
	}
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
		fold_load(fold, insn);
		break;
	case BPF_LD:
		if (is_wide(insn)) {
			fold_wide(fold, insn);
		} else {
			if (BPF_MODE(insn->code) == BPF_IND)
				escape(fold, insn->src_reg);
			call(fold, 0);
		}
		break;
	case BPF_ST:
	case BPF_STX:
		fold_store(fold, insn);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		fold_alu(fold, insn);
		break;
	default:
		fold_jump(fold, insn);
	}
}

static void make_pointer(struct fold *fold, size_t index)
{
	const struct fold_pointer *pointer = &fold->input->pointers[index];
	struct bpf_insn *add = &fold->insns[pointer->at + 1];
	uint8_t reg = fold->insns[pointer->at].dst_reg;

	fold->regs[reg] = (struct known){ .kind = POINTER, .number = (uint64_t)pointer->offset,
					  .pointer = index };
	if (!pointer->offset || !is_base(fold, reg))
		return;
	*add = (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
	fold->outcome->addresses++;
}

static void walk(struct fold *fold, int pass)
{
	size_t next = 0;

	memset(fold->regs, 0, sizeof(fold->regs));
	fold->reached = true;
	fold->again = false;
	fold->next_map = 0;
	fold->pass = pass;
	for (size_t i = 0; i < fold->count; i++) {
		bool pointer = next < fold->input->pointer_count &&
			       fold->input->pointers[next].at == i;

		if (fold->point_of[i]) {
			const struct point *point = &fold->points[fold->point_of[i] - 1];

			if (fold->reached)
				flow(fold, i);
			fold->reached = point->reached;
			memcpy(fold->regs, point->regs, sizeof(fold->regs));
		}
		fold->at = i;
		if (fold->reached && pointer)
			make_pointer(fold, next);
		else if (fold->reached)
			step(fold, &fold->insns[i]);
		next += pointer;
		i += pointer || is_wide(&fold->original[i]);
	}
}

/* ---- preparation ---------------------------------------------------------------------------- */

/* Not those that are younger than 6.5: moves that extend a sign, far jumps, ordered accesses. */
static bool is_understood(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if (insn->dst_reg >= MAX_BPF_REG || insn->src_reg >= MAX_BPF_REG)
		return false;
	if ((class == BPF_ALU || class == BPF_ALU64) && insn->off)
		return false;
	if (class == BPF_STX && BPF_MODE(insn->code) != BPF_MEM && (insn->imm & ~0xff))
		return false;
	return class != BPF_JMP32 || op != BPF_JA;
}

static bool are_in_order(const struct fold *fold)
{
	const struct fold_input *input = fold->input;

	for (size_t i = 0; i < input->pointer_count; i++)
		if (input->pointers[i].at + 1 >= fold->count ||
		    (i && input->pointers[i].at < input->pointers[i - 1].at + 2))
			return false;
	return true;
}

/* In the walk's own steps: what a pointer is made by takes two, whatever stands there. */
static bool is_code(const struct fold *fold)
{
	const struct fold_input *input = fold->input;
	size_t next = 0;

	if (!are_in_order(fold))
		return false;
	for (size_t i = 0; i < fold->count; i++) {
		bool pointer = next < input->pointer_count && input->pointers[next].at == i;

		if (!is_understood(&fold->insns[i]) ||
		    (pointer && !is_understood(&fold->insns[i + 1])))
			return false;
		next += pointer;
		if (!pointer && is_wide(&fold->insns[i]) && i + 1 == fold->count)
			return false;
		i += pointer || is_wide(&fold->insns[i]);
	}
	return true;
}

/* The number of places that jumps lead to. */
static size_t find_points(struct fold *fold)
{
	size_t count = 0;

	for (size_t i = 0; i < fold->count; i++) {
		int64_t target = (int64_t)i + 1 + fold->insns[i].off;

		/* a jump to the next one, as an addition of nothing is written, is no merge */
		if (is_jump(&fold->insns[i]) && fold->insns[i].off && target >= 0 &&
		    target < (int64_t)fold->count && !fold->point_of[target])
			fold->point_of[target] = ++count;
		if (is_wide(&fold->insns[i]))
			i++;
	}
	return count;
}

int folding__run(struct bpf_insn *insns, size_t count, const struct fold_input *input,
		 struct fold_outcome *outcome)
{
	_cleanup_free_ struct bpf_insn *original = calloc(count + 1, sizeof(*original));
	_cleanup_free_ size_t *point_of = calloc(count + 1, sizeof(*point_of));
	_cleanup_free_ size_t *group = calloc(input->pointer_count + 1, sizeof(*group));
	_cleanup_free_ bool *escapes = calloc(input->pointer_count + 1, sizeof(*escapes));
	_cleanup_free_ struct point *points = NULL;
	struct fold fold = { .insns = insns, .original = original, .count = count, .input = input,
			     .point_of = point_of, .group = group, .escapes = escapes,
			     .outcome = outcome };
	size_t rounds = 0;

	*outcome = (struct fold_outcome){};
	if (!original || !point_of || !group || !escapes)
		return -ENOMEM;
	if (!is_code(&fold))
		return -EBADMSG;
	memcpy(original, insns, count * sizeof(*insns));
	for (size_t i = 0; i < input->pointer_count; i++)
		group[i] = i;
	fold.points = points = calloc(find_points(&fold) + 1, sizeof(*points));
	if (!points)
		return -ENOMEM;
	do
		walk(&fold, EXPLORE);
	while (fold.again && ++rounds < MAX_ROUNDS);
	if (fold.again)
		return 0; /* what is known is not yet known for sure */
	walk(&fold, CENSUS);
	walk(&fold, REWRITE);
	return fold.out_of_memory ? -ENOMEM : 0;
}
