/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: do_check(), check_func_arg(), check_call() and check_mem_access() of
 * kernel/bpf/verifier.c.
 *
 * All ways through the program are taken, with what is known of registers and stack, for
 * these reasons: what constants make dead is not looked at, so that a helper that the
 * kernel lacks may stand there; and kernels differ in what may be handed to a helper.
 * Where many ways meet, what they know is merged in the end, where the verifier would go
 * on, up to its limit (98,304 instructions in 4.9, 131,072 later): that is not imitated.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helpers.h"
#include "kernels.h"
#include "values.h"
#include "verifier.h"

#define REGISTERS 11
#define STACK_SLOTS 64
#define STACK_SIZE (8 * STACK_SLOTS)
/* Of one place; then states are merged. */
#define MAX_STATES 24

struct state {
	struct value regs[REGISTERS];
	struct value slots[STACK_SLOTS];
};

struct place {
	struct state *seen;
	int count;
	bool is_target; /* of a jump */
};

struct pending {
	struct pending *next;
	int at;
	struct state state;
};

struct walk {
	const struct program *program;
	struct verdict *verdict;
	struct place *places;
	struct pending *pending;
	int err;
};

/* ---- states ---------------------------------------------------------------------------- */

/* Whether all that can be said against `b` was said against `a`. */
static bool value_covers(struct value a, struct value b)
{
	if (a.kind == VALUE_NUMBER && !a.number && is_number(b))
		return b.kind == VALUE_CONSTANT || !b.number;
	return is_same(a, b);
}

static bool state_covers(const struct state *a, const struct state *b)
{
	for (int i = 0; i < REGISTERS; i++)
		if (!value_covers(a->regs[i], b->regs[i]))
			return false;
	for (int i = 0; i < STACK_SLOTS; i++)
		if (!value_covers(a->slots[i], b->slots[i]))
			return false;
	return true;
}

static void value_merge(struct value *into, struct value other)
{
	if (is_same(*into, other))
		return;
	*into = is_number(*into) && is_number(other) ? value_of(VALUE_NUMBER, 0) :
						       value_of(VALUE_OTHER, 0);
}

static void state_merge(struct state *into, const struct state *other)
{
	for (int i = 0; i < REGISTERS; i++)
		value_merge(&into->regs[i], other->regs[i]);
	for (int i = 0; i < STACK_SLOTS; i++)
		value_merge(&into->slots[i], other->slots[i]);
}

/* Whether the walk was here in this state; remembers that it was, and may know less after. */
static bool was_here(struct walk *walk, int at, struct state *state)
{
	struct place *place = &walk->places[at];

	if (!place->is_target)
		return false;
	for (int i = 0; i < place->count; i++)
		if (state_covers(&place->seen[i], state))
			return true;
	if (place->count == MAX_STATES) {
		state_merge(state, &place->seen[MAX_STATES - 1]);
		if (state_covers(&place->seen[MAX_STATES - 1], state))
			return true;
		place->seen[MAX_STATES - 1] = *state;
		return false;
	}
	if (!place->seen)
		place->seen = malloc(MAX_STATES * sizeof(*place->seen));
	if (!place->seen) {
		walk->err = -ENOMEM;
		return true;
	}
	place->seen[place->count++] = *state;
	return false;
}

static void add_pending(struct walk *walk, int at, const struct state *state)
{
	struct pending *pending = malloc(sizeof(*pending));

	if (!pending) {
		walk->err = -ENOMEM;
		return;
	}
	*pending = (struct pending){ .next = walk->pending, .at = at, .state = *state };
	walk->pending = pending;
}

/* ---- memory ------------------------------------------------------------------------------ */

static int size_of(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_DW: return 8;
	case BPF_W: return 4;
	case BPF_H: return 2;
	default: return 1;
	}
}

/* The slot that an access through a pointer to the stack begins in, or NULL. */
static struct value *find_slot(struct state *state, struct value pointer, int off)
{
	int64_t from_begin = STACK_SIZE + pointer.number + off;

	if (pointer.kind != VALUE_STACK || from_begin < 0 || from_begin >= STACK_SIZE)
		return NULL;
	return &state->slots[from_begin / 8];
}

static bool is_whole_slot(const struct bpf_insn *insn, struct value pointer)
{
	return size_of(insn) == 8 && (pointer.number + insn->off) % 8 == 0;
}

static int check_access(struct walk *walk, int reg, struct value pointer)
{
	if (pointer.kind == VALUE_OF_MAP && !kernel__has(HAS_KNOWN_BITS) &&
	    pointer.number == (VALUE_MOVED | VALUE_UNBOUNDED))
		return refuse(walk->verdict, -EACCES, "R%d min value is negative, either use unsigned "
			      "index or do a if (index >=0) check.", reg);
	if (!is_number(pointer))
		return 0;
	return refuse(walk->verdict, -EACCES, "R%d invalid mem access '%s'", reg,
		      value__name(pointer));
}

static bool is_for_packets(enum bpf_prog_type type)
{
	switch (type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
		return false;
	default:
		return true;
	}
}

static bool is_zero(struct value value)
{
	return value.kind == VALUE_CONSTANT && !value.number;
}

/* In 4.9 each load forgets the bounds of what it loads into, pointer or not. */
static struct value fill(struct value spilled)
{
	if (spilled.kind == VALUE_OF_MAP && !kernel__has(HAS_KNOWN_BITS))
		spilled.number |= VALUE_UNBOUNDED;
	return spilled;
}

/* A number that is spilled loses its bounds, they came back with 5.3; but for zeros. */
static struct value load(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	struct value pointer = state->regs[insn->src_reg];
	struct value *slot = find_slot(state, pointer, insn->off);
	int size = size_of(insn);

	if (slot && (is_zero(*slot) || (is_whole_slot(insn, pointer) && !is_number(*slot))))
		return fill(*slot);
	if ((pointer.kind == VALUE_CONTEXT && is_for_packets(walk->program->type)) ||
	    (pointer.kind == VALUE_OTHER && size == 8))
		return value_of(VALUE_OTHER, 0);
	if (!kernel__has(HAS_KNOWN_BITS)) /* 4.9 does not look at the size */
		return value_of(VALUE_NUMBER, 8);
	return value_of(VALUE_NUMBER, size < 4 ? 0 : size);
}

static void store(struct state *state, const struct bpf_insn *insn, struct value value)
{
	struct value pointer = state->regs[insn->dst_reg];
	struct value *slot = find_slot(state, pointer, insn->off);
	bool zero = is_zero(value) && kernel__has(HAS_ZEROS_ON_STACK);

	/* 4.9 spills no map_value_adj */
	if (value.kind == VALUE_OF_MAP && value.number & VALUE_MOVED && !kernel__has(HAS_KNOWN_BITS))
		value = value_of(VALUE_NUMBER, 8);
	if (!slot || (zero && is_zero(*slot)))
		return;
	*slot = is_whole_slot(insn, pointer) && (zero || !is_number(value)) ?
			value : value_of(VALUE_NUMBER, 8);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static int check_argument(struct walk *walk, const struct state *state, int id, int reg)
{
	enum argument argument = helpers__argument(id, reg);
	struct value value = state->regs[reg];
	bool is_map_value = value.kind == VALUE_OF_MAP || value.kind == VALUE_OF_MAP_OR_NULL;

	if (argument == ARGUMENT_SIZE && !kernel__has(HAS_VARIABLE_SIZES)) {
		if (value.kind != VALUE_CONSTANT && value.kind != VALUE_OTHER)
			return refuse(walk->verdict, -EACCES, "R%d type=%s expected=imm", reg,
				      value__name(value));
	} else if (argument == ARGUMENT_SIZE && value.kind == VALUE_NUMBER && value.number) {
		return refuse(walk->verdict, -EACCES, value.number == 8 ?
			      "R%d min value is negative, either use unsigned or 'var &= const'" :
			      "R%d unbounded memory access, use 'var &= const' or 'if (var < const)'",
			      reg);
	} else if (is_map_value &&
		   (argument == ARGUMENT_MEMORY ? !kernel__has(HAS_MAP_VALUE_AS_MEMORY) :
		    (argument == ARGUMENT_KEY || argument == ARGUMENT_VALUE) &&
		    !kernel__has(HAS_MAP_VALUE_AS_KEY))) {
		return refuse(walk->verdict, -EACCES, "R%d type=%s expected=fp", reg,
			      value__name(value));
	}
	return 0;
}

static struct value result_of(int id, int at)
{
	switch (id) {
	case BPF_FUNC_map_lookup_elem:
		return value_of(VALUE_OF_MAP_OR_NULL, at);
	case BPF_FUNC_get_local_storage:
		return value_of(VALUE_OF_MAP, 0);
	case BPF_FUNC_sk_lookup_tcp:
	case BPF_FUNC_sk_lookup_udp:
		return value_of(VALUE_OTHER, 0);
	case BPF_FUNC_get_stack: /* its bounds are those of its argument, 4.18 */
		return value_of(VALUE_NUMBER, 0);
	default:
		return value_of(VALUE_NUMBER, 8);
	}
}

static void forget_arguments(struct state *state)
{
	for (int i = BPF_REG_1; i <= BPF_REG_5; i++)
		state->regs[i] = value_of(VALUE_OTHER, 0);
}

static int call_helper(struct walk *walk, struct state *state, int at)
{
	int id = walk->program->code[at].imm;
	int err = helpers__check(walk->program->type, id, at, walk->verdict);

	for (int reg = BPF_REG_1; !err && reg <= BPF_REG_5; reg++)
		err = check_argument(walk, state, id, reg);
	forget_arguments(state);
	state->regs[BPF_REG_0] = result_of(id, at);
	return err;
}

/* A function is walked by itself, with what its arguments are: pointers to a stack not its own. */
static void call_function(struct walk *walk, struct state *state, int at)
{
	struct state inside = { .regs[BPF_REG_10] = { VALUE_STACK, 0 } };

	for (int i = BPF_REG_1; i <= BPF_REG_5; i++)
		if (state->regs[i].kind != VALUE_STACK)
			inside.regs[i] = state->regs[i];
	add_pending(walk, at + 1 + walk->program->code[at].imm, &inside);
	forget_arguments(state);
	state->regs[BPF_REG_0] = value_of(VALUE_OTHER, 0);
}

/* ---- jumps ------------------------------------------------------------------------------------ */

static void settle_null(struct state *state, int64_t lookup, bool is_null)
{
	struct value value = is_null ? value_of(VALUE_OTHER, 0) : value_of(VALUE_OF_MAP, 0);
	struct value from = value_of(VALUE_OF_MAP_OR_NULL, lookup);

	for (int i = 0; i < REGISTERS; i++)
		if (is_same(state->regs[i], from))
			state->regs[i] = value;
	for (int i = 0; i < STACK_SLOTS; i++)
		if (is_same(state->slots[i], from))
			state->slots[i] = value;
}

/* What the comparison tells of its operands, once it is known how it came out. */
static void learn(struct state *state, const struct bpf_insn *insn, bool jumps)
{
	struct value *dst = &state->regs[insn->dst_reg], *src = &state->regs[insn->src_reg];
	bool by_number = BPF_SRC(insn->code) == BPF_K;
	unsigned int op = BPF_OP(insn->code);
	bool equal = (op == BPF_JEQ && jumps) || (op == BPF_JNE && !jumps);

	if (by_number && !insn->imm && dst->kind == VALUE_OF_MAP_OR_NULL &&
	    (op == BPF_JEQ || op == BPF_JNE)) {
		settle_null(state, dst->number, equal);
		return;
	}
	if (dst->kind == VALUE_NUMBER)
		*dst = by_number && equal && kernel__has(HAS_KNOWN_BITS) ?
			       value_of(VALUE_CONSTANT, insn->imm) : value_of(VALUE_NUMBER, 0);
	if (!by_number && src->kind == VALUE_NUMBER)
		*src = value_of(VALUE_NUMBER, 0);
}

/* Where it goes on; the other side is kept for later. */
static int jump(struct walk *walk, struct state *state, int at)
{
	const struct bpf_insn *insn = &walk->program->code[at];
	int decided, target = at + 1 + insn->off;

	if (BPF_OP(insn->code) == BPF_JA)
		return target;
	decided = value__compare(insn, state->regs[insn->dst_reg]);
	if (decided < 0) {
		struct state other = *state;

		learn(&other, insn, true);
		learn(state, insn, false);
		add_pending(walk, target, &other);
	}
	return decided == 1 ? target : at + 1;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static struct value operand(const struct state *state, const struct bpf_insn *insn)
{
	return BPF_SRC(insn->code) == BPF_X ? state->regs[insn->src_reg] :
					      value_of(VALUE_CONSTANT, insn->imm);
}

static int compute(struct walk *walk, const struct bpf_insn *insn, struct value *dst,
		   struct value src)
{
	if (kernel__has(HAS_KNOWN_BITS) && value__moves_unbounded(insn, *dst, src))
		return refuse(walk->verdict, -EINVAL, "math between %s pointer and register with "
			      "unbounded min value is not allowed",
			      value__name(is_number(*dst) ? src : *dst));
	*dst = value__compute(insn, *dst, src);
	return 0;
}

static struct value load_wide(const struct bpf_insn *insn)
{
	if (insn->src_reg)
		return value_of(VALUE_OTHER, 0);
	if (!kernel__has(HAS_KNOWN_BITS)) /* 4.9 does not look at it */
		return value_of(VALUE_NUMBER, 8);
	return value_of(VALUE_CONSTANT,
			(int64_t)((uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm));
}

/* One instruction that is no jump. */
static int step(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	struct value *dst = &state->regs[insn->dst_reg];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return compute(walk, insn, dst, operand(state, insn));
	case BPF_LDX:
		if (check_access(walk, insn->src_reg, state->regs[insn->src_reg]))
			return -EACCES;
		*dst = load(walk, state, insn);
		return 0;
	case BPF_ST:
	case BPF_STX:
		if (check_access(walk, insn->dst_reg, *dst))
			return -EACCES;
		store(state, insn, BPF_CLASS(insn->code) == BPF_STX &&
		      BPF_MODE(insn->code) == BPF_MEM ? state->regs[insn->src_reg] :
							value_of(VALUE_NUMBER, 8));
		return 0;
	case BPF_LD:
		if (is_wide(insn)) {
			*dst = load_wide(insn);
		} else {
			forget_arguments(state);
			state->regs[BPF_REG_0] = value_of(VALUE_NUMBER, 0);
		}
		return 0;
	default:
		return 0;
	}
}

/* From one place to the end of the program, or to where the walk was before. */
static int follow(struct walk *walk, int at, struct state *state)
{
	const struct program *program = walk->program;

	for (int err; at < program->length && !walk->err && !was_here(walk, at, state);) {
		const struct bpf_insn *insn = &program->code[at];

		err = insn->dst_reg < REGISTERS && insn->src_reg < REGISTERS ?
			      instructions__check(insn, walk->verdict) : -EINVAL;
		if (err)
			return err;
		if (BPF_CLASS(insn->code) != BPF_JMP) {
			err = step(walk, state, insn);
			at += is_wide(insn) ? 2 : 1;
		} else if (BPF_OP(insn->code) == BPF_EXIT) {
			return 0;
		} else if (is_function_call(insn)) {
			call_function(walk, state, at++);
		} else if (is_call(insn)) {
			err = call_helper(walk, state, at++);
		} else {
			at = jump(walk, state, at);
		}
		if (err)
			return err;
	}
	return walk->err;
}

static void mark_targets(const struct program *program, struct place *places)
{
	for (int i = 0; i < program->length; i++) {
		const struct bpf_insn *insn = &program->code[i];
		int target = i + 1 + (is_function_call(insn) ? insn->imm : insn->off);

		if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_EXIT &&
		    (!is_call(insn) || is_function_call(insn)) && target >= 0 &&
		    target < program->length)
			places[target].is_target = true;
	}
}

int walk__check(const struct program *program, struct verdict *verdict)
{
	struct walk walk = {
		.program = program,
		.verdict = verdict,
		.places = calloc(program->length, sizeof(*walk.places)),
	};
	struct state begin = {
		.regs[BPF_REG_1] = { VALUE_CONTEXT, 0 },
		.regs[BPF_REG_10] = { VALUE_STACK, 0 },
	};
	int err = 0;

	if (!walk.places)
		return -ENOMEM;
	mark_targets(program, walk.places);
	add_pending(&walk, 0, &begin);
	while (walk.pending) {
		struct pending *pending = walk.pending;

		walk.pending = pending->next;
		if (!err)
			err = follow(&walk, pending->at, &pending->state);
		free(pending);
	}
	for (int i = 0; i < program->length; i++)
		free(walk.places[i].seen);
	free(walk.places);
	return err ? err : walk.err;
}
