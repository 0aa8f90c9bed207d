/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "insn_values.h"

#define INSN_SIZE sizeof(struct bpf_insn)
/* Rounds until nothing new is found: each only ever makes less known. */
#define MAX_ROUNDS 64
#define STACK_SIZE 512
/* BPF_LOAD_ACQ, which older headers do not have. */
#define LOAD_ACQUIRE 0x100

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_DW | BPF_IMM);
}

/* ---- what is known of registers ------------------------------------------------------------------ */

struct value {
	enum {
		UNDECIDED, /* not looked at yet */
		UNKNOWN,
		NUMBER,
		OPEN,      /* one that is known before load, but not here */
		CONSTANTS, /* the address of a section of constant variables, and a number */
		VARIABLES, /* of others */
		MAP,       /* the address of a map itself */
		MAP_VALUE, /* an address in what a map's lookup has returned; INDEXED */
		LOADED,    /* from the context: a number, or an address of packets; INDEXED */
		EXTERN,    /* of what the kernel or its configuration has; IS_VERSION */
		VERSION,   /* the kernel's; SHIFTED, to be extended by its sign */
		CONTEXT,   /* the program's, and a number */
		COMPUTED   /* and something that is not known */
	} kind;
	uint16_t section;
	uint64_t number;
};

/* Something that is not known was added to the address. */
#define INDEXED 1
#define IS_VERSION 1
#define SHIFTED 1

struct point {
	enum reach_level level;
	struct value regs[MAX_BPF_REG];
};

struct walk {
	const struct reach_code *code;
	const struct bpf_insn *insns;
	struct point *points; /* by instruction: on the way in */
	struct value *returns; /* by function */
	size_t *led_to;        /* functions that calls lead to */
	bool *is_led_to;       /* by function */
	struct reach *reach;
	const struct reach_verifier *verifier;
	bool as_given;        /* constant variables have the values of the file */
	bool again;
};

static bool is_address(const struct value *value)
{
	return value->kind == MAP_VALUE || value->kind == LOADED;
}

/* Whether an address stays one, with `by` as a number: what is loaded may be either. */
static bool is_moved(const struct value *value, const struct value *by)
{
	return is_address(value) && by->kind != MAP_VALUE &&
	       (value->kind == MAP_VALUE || by->kind != LOADED);
}

static bool is_variable(const struct value *value)
{
	return value->kind == CONSTANTS || value->kind == VARIABLES;
}

static bool is_open(const struct value *value)
{
	return value->kind == OPEN;
}

/* `open`: one of them is the case if something is that is known before load. */
static bool join_value(struct value *to, const struct value *from, bool open)
{
	struct value joined = *to;

	if (from->kind == UNDECIDED || (to->kind == from->kind && to->number == from->number &&
					to->section == from->section))
		return false;
	if (to->kind == UNDECIDED)
		joined = *from;
	else if (is_address(to) && from->kind == to->kind)
		joined.number |= from->number;
	else
		joined = (struct value){ .kind = open || is_open(to) || is_open(from) ? OPEN :
								       UNKNOWN };
	if (joined.kind == to->kind && joined.number == to->number)
		return false;
	*to = joined;
	return true;
}

static void join(struct walk *walk, uint32_t at, enum reach_level level, const struct value *regs)
{
	struct point *point = &walk->points[at];
	bool changed = level > point->level, open = level != point->level;

	if (level == REACH_NEVER)
		return;
	if (changed)
		point->level = level;
	for (unsigned int i = 0; i < MAX_BPF_REG; i++)
		changed |= join_value(&point->regs[i], &regs[i], open);
	walk->again |= changed;
}

/* ---- instructions ----------------------------------------------------------------------------------- */

/* A number of fewer bits, its sign included, as one of 64 bits. */
static uint64_t extend(uint64_t number, unsigned int bits)
{
	return (uint64_t)((int64_t)(number << (64 - bits)) >> (64 - bits));
}

/* A move that keeps the sign of so many bits, or none of the kind that is known (-mcpu=v4). */
static struct value move_signed(const struct bpf_insn *insn, const struct value *from)
{
	bool known = insn->off == 8 || insn->off == 16 || insn->off == 32;
	struct value to = { .kind = is_open(from) ? OPEN : UNKNOWN };

	if (from->kind != NUMBER || !known)
		return to;
	to = (struct value){ .kind = NUMBER, .number = extend(from->number, (unsigned int)insn->off) };
	if (BPF_CLASS(insn->code) == BPF_ALU)
		to.number = (uint32_t)to.number;
	return to;
}

/* The version stays what it is as long as it is only extended to 64 bits. */
static struct value change_version(const struct bpf_insn *insn, const struct value *by,
				   const struct value *to)
{
	uint8_t op = BPF_OP(insn->code);
	bool by_32 = BPF_CLASS(insn->code) == BPF_ALU64 && by->kind == NUMBER && by->number == 32;

	if (op == BPF_MOV && by->kind == VERSION && by->number != SHIFTED &&
	    (!insn->off || insn->off == 32))
		return *by;
	if (to->kind == VERSION && op == BPF_LSH && by_32 && to->number != SHIFTED)
		return (struct value){ .kind = VERSION, .number = SHIFTED };
	if (to->kind == VERSION && (op == BPF_RSH || op == BPF_ARSH) && by_32 &&
	    to->number == SHIFTED)
		return (struct value){ .kind = VERSION };
	return (struct value){ .kind = OPEN };
}

static void run_alu(const struct bpf_insn *insn, struct value *regs)
{
	bool wide = BPF_CLASS(insn->code) == BPF_ALU64;
	struct value *to = &regs[insn->dst_reg];
	struct value by = { .kind = NUMBER, .number = (uint64_t)(int64_t)insn->imm }, result;
	uint8_t op = BPF_OP(insn->code);
	bool open;

	if (BPF_SRC(insn->code) == BPF_X && op != BPF_NEG)
		by = regs[insn->src_reg];
	if (by.kind == VERSION || to->kind == VERSION) {
		result = change_version(insn, &by, to);
		if (result.kind == VERSION) {
			*to = result;
			return;
		}
		if (by.kind == VERSION)
			by = result;
		if (to->kind == VERSION)
			*to = result;
	}
	if (op == BPF_MOV && insn->off) {
		*to = move_signed(insn, &by);
		return;
	}
	if (op == BPF_MOV && wide) {
		*to = by;
		return;
	}
	result = *to;
	if (op == BPF_MOV)
		result = (struct value){ .kind = NUMBER };
	/* an address and a number */
	if (op == BPF_ADD && wide && by.kind == NUMBER &&
	    (is_variable(to) || to->kind == CONTEXT)) {
		to->number += by.number;
		return;
	}
	/* variables are values of maps, too */
	if (wide && op == BPF_ADD && (is_variable(to) || is_variable(&by))) {
		*to = (struct value){ .kind = MAP_VALUE, .number = INDEXED };
		return;
	}
	if (wide && (op == BPF_ADD || op == BPF_SUB) && to->kind == CONTEXT) {
		*to = (struct value){ .kind = COMPUTED };
		return;
	}
	if (wide && (op == BPF_ADD || op == BPF_SUB) && is_moved(to, &by)) {
		to->number |= by.kind == NUMBER ? 0 : INDEXED;
		return;
	}
	if (wide && op == BPF_ADD && is_moved(&by, to)) {
		by.number |= to->kind == NUMBER ? 0 : INDEXED;
		*to = by;
		return;
	}
	open = is_open(&result) || is_open(&by);
	if (result.kind != NUMBER || by.kind != NUMBER ||
	    !insn_values__compute(op, wide, result.number, by.number, &result.number))
		result = (struct value){ .kind = open ? OPEN : UNKNOWN };
	*to = result;
}

static unsigned int size_of(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B: return 1;
	case BPF_H: return 2;
	case BPF_W: return 4;
	default: return 8;
	}
}

static void run_load(struct walk *walk, const struct bpf_insn *insn, enum reach_level level,
		     struct value *regs)
{
	const struct value from = regs[insn->src_reg];
	uint64_t place = from.number + (uint64_t)(int64_t)insn->off, number = 0;
	struct value *to = &regs[insn->dst_reg];
	unsigned int size = size_of(insn);

	*to = (struct value){ .kind = UNKNOWN };
	if (from.kind == EXTERN) {
		/* libbpf keeps them like constant variables */
		to->kind = walk->verifier->no_constants ? UNKNOWN :
			   from.number == IS_VERSION && !insn->off && size >= 4 ? VERSION : OPEN;
	} else if (from.kind == CONTEXT) {
		uint32_t *end = level == REACH_SURELY ? &walk->reach->context_end :
							&walk->reach->context_most;

		to->kind = LOADED;
		if (place + size > *end && place < UINT32_MAX / 2)
			*end = (uint32_t)(place + size);
	} else if (from.kind == CONSTANTS) {
		const struct bpf_elf_section *section =
			&walk->code->object->elf.sections[from.section];

		if (!walk->as_given || place >= section->size || section->size - place < size)
			return;
		memcpy(&number, section->data + place, size);
		if (BPF_MODE(insn->code) == LOAD_SIGNED)
			number = extend(number, 8 * size);
		*to = (struct value){ .kind = NUMBER, .number = number };
	}
}

/*
 * Atomic operations may return what was there, in the register that they take, or in the first;
 * or read it into another one.
 */
static void run_store(const struct bpf_insn *insn, struct value *regs)
{
	if (BPF_CLASS(insn->code) != BPF_STX || BPF_MODE(insn->code) == BPF_MEM)
		return;
	regs[insn->imm == LOAD_ACQUIRE ? insn->dst_reg : insn->src_reg] =
		(struct value){ .kind = UNKNOWN };
	regs[BPF_REG_0] = (struct value){ .kind = UNKNOWN };
}

/* A function that some helper is to call: it gets what the helper gives it. */
static void run_callback(struct walk *walk, uint32_t callee, enum reach_level level)
{
	struct value arguments[MAX_BPF_REG];

	for (unsigned int i = 0; i < MAX_BPF_REG; i++)
		arguments[i] = (struct value){ .kind = UNKNOWN };
	join(walk, walk->code->first[callee - 1], level, arguments);
}

static void run_wide(struct walk *walk, uint32_t at, enum reach_level level, struct value *regs)
{
	const struct bpf_insn *insn = &walk->insns[at];
	const struct reach_address *address = &walk->code->addresses[at];
	struct value *to = &regs[insn->dst_reg];

	if (walk->code->callees[at])
		run_callback(walk, walk->code->callees[at], level);
	*to = (struct value){ .kind = UNKNOWN };
	if (address->is_extern)
		*to = (struct value){ .kind = EXTERN, .number = address->is_version ? IS_VERSION : 0 };
	else if (address->section)
		*to = (struct value){ .kind = address->constant ? CONSTANTS : VARIABLES,
				      .section = address->section, .number = (uint32_t)insn->imm };
	else if (address->is_other)
		to->kind = walk->code->callees[at] ? UNKNOWN : MAP;
	else if (!insn->src_reg)
		*to = (struct value){ .kind = NUMBER, .number = (uint32_t)insn->imm |
					      (uint64_t)(uint32_t)insn[1].imm << 32 };
}

/* Whether a verifier knows how such numbers compare. */
static bool is_known(enum reach_compares compares, const struct bpf_insn *insn, bool equal)
{
	uint8_t op = BPF_OP(insn->code);

	return compares == REACH_COMPARES_ALL ||
	       ((op == BPF_JEQ || op == BPF_JNE) && BPF_SRC(insn->code) == BPF_K &&
		(equal || compares == REACH_COMPARES_EQUALITY));
}

/* 1, 0, or -1: it can't be told. */
static int decide(enum reach_compares compares, const struct bpf_insn *insn,
		  const struct value *a, const struct value *b)
{
	bool wide = BPF_CLASS(insn->code) == BPF_JMP;
	uint64_t x = wide ? a->number : (uint32_t)a->number;
	uint64_t y = wide ? b->number : (uint32_t)b->number;

	if (a->kind != NUMBER || b->kind != NUMBER || !is_known(compares, insn, x == y))
		return -1;
	return insn_values__compare(BPF_OP(insn->code), wide, x, y);
}

/* The same of an address that is compared with 0. */
static int decide_address(const struct reach_verifier *verifier, const struct bpf_insn *insn,
			  const struct value *a, const struct value *b)
{
	bool exists = is_variable(a) ? verifier->variables_exist : a->kind == MAP &&
								   verifier->maps_exist;
	uint8_t op = BPF_OP(insn->code);

	if (!exists || b->kind != NUMBER || b->number || BPF_CLASS(insn->code) != BPF_JMP)
		return -1;
	return op == BPF_JEQ ? 0 : op == BPF_JNE ? 1 : -1;
}

/* The same where one of the two is the kernel's version. */
static int decide_version(struct walk *walk, const struct bpf_insn *insn, const struct value *a,
			  const struct value *b)
{
	const struct value *version = a->kind == VERSION ? a : b, *number = a == version ? b : a;
	struct kernel_versions versions = walk->verifier->versions;
	struct value from = { .kind = NUMBER, .number = versions.from };
	struct value to = { .kind = NUMBER, .number = versions.to };
	enum reach_compares compares = walk->verifier->compares;
	bool wide = BPF_CLASS(insn->code) == BPF_JMP, alike;
	uint8_t op = BPF_OP(insn->code);
	int64_t limit = wide ? (int64_t)number->number : (int32_t)number->number;
	int first, last;

	if (version->kind != VERSION || version->number == SHIFTED || number->kind != NUMBER ||
	    !is_known(compares, insn, true))
		return -1;
	first = a == version ? decide(compares, insn, &from, b) : decide(compares, insn, a, &from);
	last = a == version ? decide(compares, insn, &to, b) : decide(compares, insn, a, &to);
	alike = first >= 0 && first == last;
	/* between the two it may be another way */
	if (versions.from != versions.to &&
	    (op == BPF_JSET || ((op == BPF_JEQ || op == BPF_JNE) && limit >= versions.from &&
				limit <= versions.to)))
		alike = false;
	version_scope__compare(&walk->reach->versions, versions, limit, alike && op != BPF_JSET);
	return alike ? first : -1;
}

static enum reach_level lesser(enum reach_level a, enum reach_level b)
{
	return a < b ? a : b;
}

/* A jump within instructions [first, end). */
static void run_jump(struct walk *walk, uint32_t at, uint32_t first, uint32_t end,
		     enum reach_level level, const struct value *regs)
{
	const struct bpf_insn *insn = &walk->insns[at];
	struct value by = { .kind = NUMBER, .number = (uint64_t)(int64_t)insn->imm };
	const struct value *a = &regs[insn->dst_reg];
	bool far = insn->code == (BPF_JMP32 | BPF_JA), open;
	int64_t target = (int64_t)at + 1 + (far ? insn->imm : insn->off);
	enum reach_level taken = level, passed = level;
	int outcome;

	if (BPF_OP(insn->code) == BPF_JA) {
		passed = REACH_NEVER;
	} else {
		if (BPF_SRC(insn->code) == BPF_X)
			by = regs[insn->src_reg];
		outcome = decide(walk->verifier->compares, insn, a, &by);
		if (outcome < 0)
			outcome = decide_address(walk->verifier, insn, a, &by);
		if (outcome < 0)
			outcome = decide_version(walk, insn, a, &by);
		/* an extern's address is one that is known before load, or 0 */
		open = is_open(a) || is_open(&by) || a->kind == EXTERN || by.kind == EXTERN ||
		       (outcome < 0 && (a->kind == VERSION || by.kind == VERSION) &&
			is_known(walk->verifier->compares, insn, true));
		if (outcome != 1)
			taken = open ? lesser(level, REACH_MAYBE) : outcome ? level : REACH_NEVER;
		if (outcome != 0)
			passed = open ? lesser(level, REACH_MAYBE) :
				 outcome < 0 ? level : REACH_NEVER;
	}
	if (target >= first && target < end)
		join(walk, (uint32_t)target, taken, regs);
	if (at + 1 < end)
		join(walk, at + 1, passed, regs);
}

static bool is_alone(const struct walk *walk, uint32_t callee)
{
	return callee && walk->verifier->globals && walk->code->global[callee - 1];
}

/* What a function that is looked at alone is handed: its type is known, at the most. */
static struct value argument_of(const struct value *value, bool alone)
{
	bool by_type = value->kind == CONTEXT && !value->number;

	return alone && !by_type ? (struct value){ .kind = UNKNOWN } : *value;
}

/* Whether it comes back, as far as it is known by now. */
static bool run_call(struct walk *walk, uint32_t at, enum reach_level level, struct value *regs)
{
	const struct bpf_insn *insn = &walk->insns[at];
	uint32_t callee = walk->code->callees[at];
	bool alone = is_alone(walk, callee);

	if (callee) {
		struct value arguments[MAX_BPF_REG];

		for (unsigned int i = 0; i < MAX_BPF_REG; i++)
			arguments[i] = i >= BPF_REG_1 && i <= BPF_REG_5 ?
				       argument_of(&regs[i], alone) :
				       (struct value){ .kind = UNKNOWN };
		join(walk, walk->code->first[callee - 1], level, arguments);
	}
	for (unsigned int i = BPF_REG_0; i <= BPF_REG_5; i++)
		regs[i] = (struct value){ .kind = UNKNOWN };
	if (callee && !alone)
		regs[BPF_REG_0] = walk->returns[callee - 1];
	else if (!callee && !insn->src_reg && insn->imm == BPF_FUNC_map_lookup_elem)
		regs[BPF_REG_0].kind = MAP_VALUE;
	return regs[BPF_REG_0].kind != UNDECIDED;
}

/* What a function returns: of addresses nothing is known outside of it. */
static void run_exit(struct walk *walk, size_t function, const struct point *point)
{
	struct value value = point->regs[BPF_REG_0];

	if (value.kind == CONTEXT || value.kind == COMPUTED)
		value = (struct value){ .kind = UNKNOWN };
	walk->again |= join_value(&walk->returns[function], &value, point->level == REACH_MAYBE);
}

/* Whether it reads or writes at an address with an index. */
static bool is_indexed(const struct bpf_insn *insn, const struct value *regs)
{
	uint8_t class = BPF_CLASS(insn->code);
	const struct value *at = class == BPF_LDX ? &regs[insn->src_reg] : &regs[insn->dst_reg];

	return (class == BPF_LDX || class == BPF_ST || class == BPF_STX) && is_address(at) &&
	       at->number & INDEXED;
}

static void run_function(struct walk *walk, size_t function)
{
	const struct code_function *it = &walk->code->object->functions.functions[function];
	uint32_t first = walk->code->first[function];
	uint32_t end = first + (uint32_t)(it->size / INSN_SIZE);

	for (uint32_t at = first; at < end; at++) {
		const struct bpf_insn *insn = &walk->insns[at];
		struct point point = walk->points[at];
		uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
		uint32_t next = at + 1 + is_wide(insn);

		if (point.level == REACH_NEVER)
			continue;
		if ((class == BPF_JMP || class == BPF_JMP32) && op == BPF_EXIT) {
			run_exit(walk, function, &point);
			continue;
		}
		if ((class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL) {
			run_jump(walk, at, first, end, point.level, point.regs);
			continue;
		}
		if (class == BPF_ALU || class == BPF_ALU64)
			run_alu(insn, point.regs);
		else if (class == BPF_LDX)
			run_load(walk, insn, point.level, point.regs);
		else if (is_wide(insn) && next <= end)
			run_wide(walk, at, point.level, point.regs);
		else if (class == BPF_ST || class == BPF_STX)
			run_store(insn, point.regs);
		else if (class != BPF_JMP)
			point.regs[BPF_REG_0] = (struct value){ .kind = UNKNOWN };
		else if (!run_call(walk, at, point.level, point.regs))
			continue;
		if (next < end)
			join(walk, next, point.level, point.regs);
	}
}

void reach__free(struct reach *reach)
{
	free(reach->levels);
	free(reach->off_stack);
	*reach = (struct reach){};
}

/* Whether the rest of a variable, from an address in it on, is larger than a stack. */
static bool is_large(const struct bpf_elf *elf, const struct value *value)
{
	for (size_t i = 0; i < elf->symbol_count; i++) {
		const Elf64_Sym *symbol = &elf->symbols[i];

		if (symbol->st_shndx == value->section &&
		    ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT &&
		    value->number >= symbol->st_value &&
		    value->number - symbol->st_value < symbol->st_size)
			return symbol->st_size - (value->number - symbol->st_value) > STACK_SIZE;
	}
	return false;
}

/* The registers that helpers are handed. */
static uint8_t find_off_stack(const struct walk *walk, const struct point *point)
{
	const struct bpf_elf *elf = &walk->code->object->elf;
	uint8_t found = 0;

	for (unsigned int i = BPF_REG_1; i <= BPF_REG_5; i++) {
		const struct value *value = &point->regs[i];

		found |= (uint8_t)((value->kind == MAP_VALUE ||
				    (is_variable(value) && is_large(elf, value))) << i);
	}
	return found;
}

/*
 * Verifiers up to 6.7 look at global functions that are in a program's code, whether it gets to
 * the call or not; libbpf puts all those there that a call leads to.
 */
static void look_at_globals(struct walk *walk, size_t function)
{
	size_t count = 1;

	walk->led_to[0] = function;
	walk->is_led_to[function] = true;
	for (size_t i = 0; i < count; i++) {
		const struct code_function *it =
			&walk->code->object->functions.functions[walk->led_to[i]];
		uint32_t first = walk->code->first[walk->led_to[i]];
		uint32_t end = first + (uint32_t)(it->size / INSN_SIZE);

		for (uint32_t at = first; at < end; at++) {
			uint32_t callee = walk->code->callees[at];

			if (!callee || walk->is_led_to[callee - 1])
				continue;
			walk->is_led_to[callee - 1] = true;
			walk->led_to[count++] = callee - 1;
			if (is_alone(walk, callee))
				run_callback(walk, callee, REACH_SURELY);
		}
	}
}

/* From the beginning of `function`, until nothing new is found. */
static void walk_all(struct walk *walk, size_t function)
{
	struct value regs[MAX_BPF_REG];
	size_t count = walk->code->object->functions.count;

	for (unsigned int i = 0; i < MAX_BPF_REG; i++)
		regs[i] = (struct value){ .kind = i == BPF_REG_1 ? CONTEXT : UNKNOWN };
	memset(walk->points, 0, ((size_t)walk->code->count + 1) * sizeof(*walk->points));
	memset(walk->returns, 0, (count + 1) * sizeof(*walk->returns));
	join(walk, walk->code->first[function], REACH_SURELY, regs);
	memset(walk->is_led_to, 0, count * sizeof(*walk->is_led_to));
	if (walk->verifier->globals == REACH_GLOBALS_ALL)
		look_at_globals(walk, function);
	for (unsigned int round = 0; walk->again && round < MAX_ROUNDS; round++) {
		walk->again = false;
		for (size_t i = 0; i < count; i++)
			run_function(walk, i);
	}
}

int reach__run(const struct reach_code *code, const struct bpf_insn *insns, size_t function,
	       const struct reach_verifier *verifier, struct reach *reach)
{
	_cleanup_free_ struct point *points = calloc((size_t)code->count + 1, sizeof(*points));
	_cleanup_free_ struct value *returns = calloc(code->object->functions.count + 1,
						      sizeof(*returns));
	_cleanup_free_ size_t *led_to = calloc(code->object->functions.count + 1, sizeof(*led_to));
	_cleanup_free_ bool *is_led_to = calloc(code->object->functions.count + 1, 1);
	struct walk walk = { .code = code, .insns = insns, .points = points, .returns = returns,
			     .led_to = led_to, .is_led_to = is_led_to, .reach = reach, .verifier = verifier };

	*reach = (struct reach){ .levels = calloc((size_t)code->count + 1, 1),
				 .off_stack = calloc((size_t)code->count + 1, 1),
				 .indexed = code->count, .computed = code->count,
				 .versions = { KERNEL_VERSIONS_ANY } };
	if (!points || !returns || !led_to || !is_led_to || !reach->levels || !reach->off_stack)
		return -ENOMEM;
	/* whatever the variables are */
	walk_all(&walk, function);
	for (uint32_t i = 0; i < code->count; i++) {
		reach->levels[i] = walk.again || points[i].level ? REACH_MAYBE : REACH_NEVER;
		if (insns[i].code == (BPF_JMP | BPF_CALL) && points[i].level)
			reach->off_stack[i] = find_off_stack(&walk, &points[i]);
	}
	for (uint32_t i = code->count; i-- > 0;) {
		if (points[i].level && is_indexed(&insns[i], points[i].regs))
			reach->indexed = i;
		if (points[i].level && BPF_CLASS(insns[i].code) == BPF_LDX &&
		    points[i].regs[insns[i].src_reg].kind == COMPUTED)
			reach->computed = i;
	}
	if (reach->context_end > reach->context_most)
		reach->context_most = reach->context_end;
	walk.as_given = true;
	if (!verifier->no_constants) {
		reach->context_end = 0;
		walk_all(&walk, function);
	}
	for (uint32_t i = 0; i < code->count; i++)
		if (points[i].level == REACH_SURELY && !walk.again)
			reach->levels[i] = REACH_SURELY;
	return 0;
}
