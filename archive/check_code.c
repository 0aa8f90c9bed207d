/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "check_code.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "helper_memory.h"

/* Of a program, before 5.2. */
#define OLD_MAX_INSNS 4096

static bool is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

/* What is wrong with the instruction at `at`, with its line. */
static void add_at(const struct object_check *check, const struct check_program *program,
		   uint32_t at, enum kbtf_verdict verdict, const char *what, const char *text,
		   struct report_draft *draft)
{
	struct source_line line = check_object__line(check->object, at);

	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = verdict, .subject = KBTF_SUBJECT_PROGRAM, .program = program->name,
		.section = program->section, .what = what, .text = text, .file = line.file,
		.line = line.number, .source = line.text });
}

static void add(struct report_draft *draft, const struct check_program *program, const char *what,
		const char *text)
{
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = KBTF_VERDICT_FAILS, .subject = KBTF_SUBJECT_PROGRAM,
		.program = program->name, .section = program->section, .what = what, .text = text });
}

/* ---- its form -------------------------------------------------------------------------------- */

/* Where an instruction leads: to the next one, and where it jumps. Returns how many. */
static unsigned int lead(const struct bpf_insn *insn, uint32_t at, uint32_t to[2])
{
	bool jump = is_jump(insn), far = insn->code == (BPF_JMP32 | BPF_JA);
	uint8_t op = BPF_OP(insn->code);
	unsigned int count = 0;

	if (jump && op == BPF_EXIT)
		return 0;
	if (jump && op != BPF_CALL)
		to[count++] = at + 1 + (uint32_t)(far ? insn->imm : (int32_t)insn->off);
	if (!jump || op != BPF_JA)
		to[count++] = at + (insn->code == (BPF_LD | BPF_DW | BPF_IMM) ? 2 : 1);
	return count;
}

/* The first instruction found from `from` on that leads back on the way to it, or code->count. */
static uint32_t find_loop(const struct reach_code *code, uint32_t from, uint8_t *seen,
			  uint32_t *stack)
{
	enum { NEW, OPEN, SECOND, DONE };
	uint32_t depth = 0;

	stack[depth++] = from;
	while (depth) {
		uint32_t at = stack[depth - 1], to[2];
		unsigned int count = lead(&code->insns[at], at, to);

		if (seen[at] >= count) {
			seen[at] = DONE;
			depth--;
			continue;
		}
		count = seen[at]++;
		if (to[count] >= code->count || seen[to[count]] == DONE)
			continue;
		if (seen[to[count]] != NEW)
			return at;
		stack[depth++] = to[count];
	}
	return code->count;
}

/* Verifiers without loops refuse them by their form, however often they would run. */
static int check_loops(const struct object_check *check, const struct check_program *program,
		       const struct reach *reach, struct report_draft *draft)
{
	const struct reach_code *code = &check->object->code;
	_cleanup_free_ uint32_t *stack = calloc((size_t)code->count + 1, sizeof(*stack));
	_cleanup_free_ uint8_t *seen = calloc((size_t)code->count + 1, 1);
	const struct code_moves *functions = &check->object->core.functions;

	if (!stack || !seen)
		return -ENOMEM;
	for (size_t i = 0; i < functions->count; i++) {
		uint32_t at = functions->functions[i].size && reach->levels[code->first[i]] ?
			      find_loop(code, code->first[i], seen, stack) : code->count;

		if (at == code->count)
			continue;
		add_at(check, program, at, KBTF_VERDICT_FAILS, "loop",
		       "it jumps backwards, and the kernel allows no loops", draft);
		break;
	}
	return 0;
}

/* Functions that are called are put behind the program, each once. */
static void check_length(const struct object_check *check, const struct check_program *program,
			 const struct reach *reach, struct report_draft *draft)
{
	const struct code_moves *functions = &check->object->core.functions;
	uint64_t size = 0;
	_cleanup_buf_ struct buf text = {};

	for (size_t i = 0; i < functions->count; i++)
		if (i == program->function || reach->levels[check->object->code.first[i]])
			size += functions->functions[i].size / sizeof(struct bpf_insn);
	if (size <= OLD_MAX_INSNS)
		return;
	buf__printf(&text, "it has %llu instructions, and the kernel takes no more than %u",
		    (unsigned long long)size, OLD_MAX_INSNS);
	add(draft, program, "length", buf__cstr(&text));
}

/* ---- its instructions -------------------------------------------------------------------------- */

enum lack { LACKS_NOTHING, LACKS_LESS_THAN, LACKS_JUMPS_32, LACKS_ATOMICS, LACKS_SIGNS, LACK_COUNT };

static const struct {
	const char *what, *text;
} lacks[LACK_COUNT] = {
	[LACKS_LESS_THAN] = { "less than", "the kernel has no jumps for \"less than\": compile with "
			      "-mcpu=v1" },
	[LACKS_JUMPS_32] = { "32 bits", "the kernel has no jumps by 32 bits: compile with -mcpu=v2" },
	[LACKS_ATOMICS] = { "atomics", "the kernel has no atomic operations but additions that return "
			    "nothing" },
	[LACKS_SIGNS] = { "-mcpu=v4", "the kernel does not have this instruction: compile with "
			  "-mcpu=v3" },
};

/* What came with -mcpu=v4: signed moves, loads and divisions, long jumps, swaps of any bytes. */
static bool is_of_v4(const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);

	switch (BPF_CLASS(insn->code)) {
	case BPF_JMP32:
		return op == BPF_JA;
	case BPF_LDX:
		return BPF_MODE(insn->code) == LOAD_SIGNED;
	case BPF_ALU:
	case BPF_ALU64:
		return (op == BPF_MOV && (insn->off == 8 || insn->off == 16 || insn->off == 32)) ||
		       ((op == BPF_DIV || op == BPF_MOD) && insn->off == 1) ||
		       insn->code == (BPF_ALU64 | BPF_END);
	default:
		return false;
	}
}

static enum lack find_lack(const struct kernel_offer *offer, const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if (offer->signs == OFFER_NO && is_of_v4(insn))
		return LACKS_SIGNS;
	switch (BPF_CLASS(insn->code)) {
	case BPF_JMP32:
		return offer->jumps_32 == OFFER_NO ? LACKS_JUMPS_32 : LACKS_NOTHING;
	case BPF_JMP:
		return (op == BPF_JLT || op == BPF_JLE || op == BPF_JSLT || op == BPF_JSLE) &&
		       offer->less_than == OFFER_NO ? LACKS_LESS_THAN : LACKS_NOTHING;
	case BPF_STX:
		return BPF_MODE(insn->code) == BPF_ATOMIC && insn->imm != BPF_ADD &&
		       offer->atomics == OFFER_NO ? LACKS_ATOMICS : LACKS_NOTHING;
	default:
		return LACKS_NOTHING;
	}
}

/* Each that is lacking is told of once, where it is reached most surely. */
static void check_instructions(const struct object_check *check,
			       const struct check_program *program, const struct reach *reach,
			       struct report_draft *draft)
{
	const struct reach_code *code = &check->object->code;
	uint32_t where[LACK_COUNT] = {}; /* and 1 */

	for (uint32_t i = 0; i < code->count; i++) {
		uint32_t *first = &where[reach->levels[i] ? find_lack(check->offer, &code->insns[i])
							  : LACKS_NOTHING];

		if (!*first || reach->levels[*first - 1] < reach->levels[i])
			*first = i + 1;
	}
	for (unsigned int i = LACKS_NOTHING + 1; i < LACK_COUNT; i++)
		if (where[i])
			add_at(check, program, where[i] - 1,
			       check_verdict_of(reach->levels[where[i] - 1]), lacks[i].what,
			       lacks[i].text, draft);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Whether a helper is handed memory that it takes from the stack alone here. */
static bool is_refused(const struct kernel_offer *offer, const struct bpf_insn *insn, uint8_t regs)
{
	for (uint8_t reg = BPF_REG_1; reg <= BPF_REG_5; reg++) {
		const struct helper_memory *memory = regs & 1u << reg ?
						     helper_memory__in(insn->imm, reg) : NULL;

		if (memory && (memory->kind == MEMORY_SIZED ? offer->memory_in_maps :
							      offer->keys_in_maps) == OFFER_NO)
			return true;
	}
	return false;
}

static void check_memory(const struct object_check *check, const struct check_program *program,
			 const struct reach *reach, struct report_draft *draft)
{
	const struct reach_code *code = &check->object->code;
	uint32_t first = code->count;

	for (uint32_t i = 0; i < code->count; i++)
		if (reach->levels[i] && code->insns[i].code == (BPF_JMP | BPF_CALL) &&
		    !code->insns[i].src_reg &&
		    (first == code->count || reach->levels[i] > reach->levels[first]) &&
		    is_refused(check->offer, &code->insns[i], reach->off_stack[i]))
			first = i;
	if (first < code->count)
		add_at(check, program, first, check_verdict_of(reach->levels[first]), "memory",
		       "it hands a helper memory in a map's value, or more than a stack has, and the "
		       "kernel's takes it from the stack alone: copy it there", draft);
}

/* What verifiers before 4.14 know of an index, they forget easily. */
static void check_index(const struct object_check *check, const struct check_program *program,
			const struct reach *reach, struct report_draft *draft)
{
	if (reach->indexed < check->object->code.count)
		add_at(check, program, reach->indexed, KBTF_VERDICT_MAY_FAIL, "index",
		       "it reads or writes at an index, of which this kernel's verifier may not see the "
		       "bounds", draft);
}

static void check_context(const struct object_check *check, const struct check_program *program,
			  const struct reach *reach, struct report_draft *draft)
{
	_cleanup_buf_ struct buf text = {};
	const char *name;
	uint32_t size = kernel_offer__context(check->offer, program->type, &name);

	if (reach->computed < check->object->code.count)
		add_at(check, program, reach->computed, KBTF_VERDICT_MAY_FAIL, "context",
		       "it reads its context at a place that was computed, which verifiers refuse but "
		       "for the beginning", draft);
	if (!size || reach->context_most <= size)
		return;
	buf__printf(&text, "the program reads %u bytes of it, and this kernel's has %u",
		    reach->context_end > size ? reach->context_end : reach->context_most, size);
	report_draft__add(draft, &(struct kbtf_finding){
		.verdict = check_verdict_of(reach->context_end > size ? REACH_SURELY : REACH_MAYBE),
		.subject = KBTF_SUBJECT_PROGRAM,
		.program = program->name, .section = program->section, .what = name,
		.text = buf__cstr(&text) });
}

int check_code(const struct object_check *check, const struct check_program *program,
	       const struct reach *reach, struct report_draft *draft)
{
	const struct kernel_offer *offer = check->offer;

	if (program->needs.calls && offer->calls == OFFER_NO)
		add(draft, program, "calls", "it calls functions of its own, and the kernel has no such "
		    "calls");
	if (offer->globals == OFFER_NO)
		check_length(check, program, reach, draft);
	check_instructions(check, program, reach, draft);
	check_memory(check, program, reach, draft);
	check_context(check, program, reach, draft);
	if (offer->less_than == OFFER_NO)
		check_index(check, program, reach, draft);
	return offer->loops == OFFER_NO ? check_loops(check, program, reach, draft) : 0;
}
