/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which instructions a program gets to: small programs, and what is reached of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "reach.h"

#define INSN(code_, dst, src, off_, imm_) \
	{ .code = (code_), .dst_reg = (dst), .src_reg = (src), .off = (off_), .imm = (imm_) }
#define MOV(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define COPY(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD(dst, imm) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define ADD_REG(dst, src) INSN(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0)
#define LOAD(dst, src, off) INSN(BPF_LDX | BPF_W | BPF_MEM, dst, src, off, 0)
#define LOAD_BYTE(dst, src, off) INSN(BPF_LDX | BPF_B | BPF_MEM, dst, src, off, 0)
#define SHIFT(op, dst, bits) INSN(BPF_ALU64 | (op) | BPF_K, dst, 0, 0, bits)
#define JUMP_REG(op, dst, src, off) INSN(BPF_JMP | (op) | BPF_X, dst, src, off, 0)
#define JUMP(op, dst, imm, off) INSN(BPF_JMP | (op) | BPF_K, dst, 0, off, imm)
#define JUMP_32(op, dst, imm, off) INSN(BPF_JMP32 | (op) | BPF_K, dst, 0, off, imm)
#define MOVE_SIGNED(dst, src, bits) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, bits, 0)
#define SIGNED_LOAD(dst, src, off) INSN(BPF_LDX | BPF_W | LOAD_SIGNED, dst, src, off, 0)
#define LOAD_ACQUIRE(dst, src) INSN(BPF_STX | BPF_DW | BPF_ATOMIC, dst, src, 0, 0x100)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define CALL_OWN INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0)
#define FETCH_ADD(dst, src) INSN(BPF_STX | BPF_DW | BPF_ATOMIC, dst, src, -8, BPF_ADD | BPF_FETCH)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* of constants, variables, and of the kernel's configuration: see make() */
#define ADDRESS(dst, of) INSN(BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0, of), INSN(0, 0, 0, 0, 0)
#define CONSTANT 0
#define OTHER_CONSTANT 4
#define VARIABLE 1000
#define EXTERN 2000
#define VERSION 2500
#define MAP 3000
#define FUNCTION 4000 /* the second one */

#define MAX_INSNS 24

static const struct row {
	const char *name;
	struct bpf_insn insns[MAX_INSNS];
	unsigned int callee; /* where a second function begins; 0: there is none */
	const char *levels;  /* by instruction: y, n, or ? */
	struct reach_verifier verifier;
} rows[] = {
	{ "one after the other", { MOV(0, 0), EXIT }, 0, "yy", {} },
	{ "behind an end", { MOV(0, 0), EXIT, EXIT }, 0, "yyn", {} },
	{ "a constant decides", { MOV(1, 1), JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT }, 0, "yyny", {} },
	{ "not at all", { LOAD(1, 1, 0), JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT }, 0, "yyyy", {} },
	{ "half of it decides", { MOV(1, -1), JUMP_32(BPF_JGT, 1, 5, 1), EXIT, EXIT }, 0, "yyny", {} },
	{ "with its sign it does not", { MOV(1, -1), JUMP_32(BPF_JSGT, 1, 5, 1), EXIT, EXIT }, 0, "yyyn", {} },
	{ "what is computed decides", { MOV(1, 1), ADD(1, 2), JUMP(BPF_JNE, 1, 3, 1), EXIT, EXIT }, 0, "yyyyn", {} },
	{ "two ways that agree", { LOAD(1, 1, 0), MOV(2, 7), JUMP(BPF_JEQ, 1, 0, 1), MOV(2, 7),
	  JUMP(BPF_JEQ, 2, 7, 1), EXIT, EXIT }, 0, "yyyyyny", {} },
	{ "two ways that do not", { LOAD(1, 1, 0), MOV(2, 7), JUMP(BPF_JEQ, 1, 0, 1), MOV(2, 8),
	  JUMP(BPF_JEQ, 2, 7, 1), EXIT, EXIT }, 0, "yyyyyyy", {} },
	{ "a loop forgets its count", { MOV(1, 0), ADD(1, 1), JUMP(BPF_JNE, 1, 9, -2), JUMP(BPF_JEQ, 1, 4, 1),
	  EXIT, EXIT }, 0, "yyyyyy", {} },
	{ "a sign is kept", { MOV(1, 255), MOVE_SIGNED(1, 1, 8), JUMP(BPF_JSLT, 1, 0, 1), EXIT, EXIT }, 0,
	  "yyyny", {} },
	{ "of more bits it is none", { MOV(1, 255), MOVE_SIGNED(1, 1, 16), JUMP(BPF_JSLT, 1, 0, 1), EXIT, EXIT },
	  0, "yyyyn", {} },
	{ "that of a constant variable, too", { ADDRESS(1, CONSTANT), SIGNED_LOAD(2, 1, 8),
	  JUMP(BPF_JSLT, 2, 0, 1), EXIT, EXIT }, 0, "yyyy?y", {} },
	{ "an atomic load is not known", { MOV(1, 1), LOAD_ACQUIRE(1, 10), JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT },
	  0, "yyyyy", {} },
	{ "an atomic addition returns what was there", { MOV(1, 1), FETCH_ADD(10, 1), JUMP(BPF_JEQ, 1, 1, 1),
	  EXIT, EXIT }, 0, "yyyyy", {} },

	{ "a constant variable may be another", { ADDRESS(1, CONSTANT), LOAD(2, 1, 0),
	  JUMP(BPF_JEQ, 2, 5, 1), EXIT, EXIT }, 0, "yyyy?y", {} },
	{ "by a sum, too", { ADDRESS(1, CONSTANT), ADD(1, 4), LOAD(2, 1, 0), JUMP(BPF_JEQ, 2, 6, 1), EXIT, EXIT },
	  0, "yyyyy?y", {} },
	{ "what it chooses may be", { ADDRESS(1, CONSTANT), LOAD(2, 1, 0), MOV(3, 0), JUMP(BPF_JEQ, 2, 5, 1),
	  MOV(3, 1), JUMP(BPF_JEQ, 3, 0, 1), EXIT, EXIT }, 0, "yyyyy?y?y", {} },
	{ "a verifier that does not look into it", { ADDRESS(1, CONSTANT), LOAD(2, 1, 0),
	  JUMP(BPF_JEQ, 2, 5, 1), EXIT, EXIT }, 0, "yyyyyy", { .no_constants = true } },
	{ "a variable is not known", { ADDRESS(1, VARIABLE), LOAD(2, 1, 0), JUMP(BPF_JEQ, 2, 5, 1), EXIT, EXIT },
	  0, "yyyyyy", {} },
	{ "configuration is not known here", { ADDRESS(1, EXTERN), LOAD(2, 1, 0), JUMP(BPF_JEQ, 2, 5, 1), EXIT,
	  EXIT }, 0, "yyyy??", {} },
	{ "nor by verifiers that do not look into it", { ADDRESS(1, EXTERN), LOAD(2, 1, 0),
	  JUMP(BPF_JEQ, 2, 5, 1), EXIT, EXIT }, 0, "yyyyyy", { .no_constants = true } },
	{ "behind it is more that is not", { ADDRESS(1, EXTERN), LOAD(2, 1, 0), MOV(3, 1), JUMP(BPF_JEQ, 2, 5, 1),
	  MOV(3, 2), JUMP(BPF_JEQ, 3, 2, 1), EXIT, EXIT }, 0, "yyyyy????", {} },

	{ "the kernel's version is", { ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JGE, 2, 0x050800, 1), EXIT,
	  EXIT }, 0, "yyyyny", { .versions = { 0x050a03, 0x050a03 } } },
	{ "also if it is older", { ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JGE, 2, 0x050800, 1), EXIT,
	  EXIT }, 0, "yyyyyn", { .versions = { 0x050703, 0x050703 } } },
	{ "with its sign extended, and on the other side", { ADDRESS(1, VERSION), LOAD(2, 1, 0), SHIFT(BPF_LSH, 2, 32),
	  SHIFT(BPF_ARSH, 2, 32), MOV(3, 0x050800), JUMP_REG(BPF_JSGT, 3, 2, 1), EXIT, EXIT }, 0,
	  "yyyyyyyyn", { .versions = { 0x050a03, 0x050a03 } } },
	{ "with half of it only shifted it is not", { ADDRESS(1, VERSION), LOAD(2, 1, 0), SHIFT(BPF_LSH, 2, 32),
	  JUMP(BPF_JGE, 2, 0x050800, 1), EXIT, EXIT }, 0, "yyyyy??", { .versions = { 0x050a03, 0x050a03 } } },
	{ "nor with anything else done", { ADDRESS(1, VERSION), LOAD(2, 1, 0), SHIFT(BPF_RSH, 2, 16),
	  JUMP(BPF_JGE, 2, 5, 1), EXIT, EXIT }, 0, "yyyyy??", { .versions = { 0x050a03, 0x050a03 } } },
	{ "nor half of it", { ADDRESS(1, VERSION), LOAD_BYTE(2, 1, 0), JUMP(BPF_JGE, 2, 5, 1), EXIT, EXIT }, 0,
	  "yyyy??", { .versions = { 0x050a03, 0x050a03 } } },
	{ "one of several that compare alike", { ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JGE, 2, 0x050800, 1),
	  EXIT, EXIT }, 0, "yyyyny", { .versions = { 0x050a00, 0x050aff } } },
	{ "and that do not", { ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JGE, 2, 0x050a08, 1), EXIT, EXIT }, 0,
	  "yyyy??", { .versions = { 0x050a00, 0x050aff } } },
	{ "nor where only those at the ends do", { ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JEQ, 2, 0x050a08, 1),
	  EXIT, EXIT }, 0, "yyyy??", { .versions = { 0x050a00, 0x050aff } } },
	{ "any of all", { ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JGE, 2, 0x050800, 1), EXIT, EXIT }, 0,
	  "yyyy??", { .versions = { 0, KERNEL_VERSIONS_MAX } } },
	{ "or where a verifier does not compare so", { ADDRESS(1, VERSION), LOAD(2, 1, 0),
	  JUMP(BPF_JGE, 2, 0x050800, 1), EXIT, EXIT }, 0, "yyyyyy",
	  { .compares = REACH_COMPARES_EQUALITY, .versions = { 0x050703, 0x050703 } } },
	{ "or what a verifier does not look into", { ADDRESS(1, VERSION), LOAD(2, 1, 0),
	  JUMP(BPF_JGE, 2, 0x050800, 1), EXIT, EXIT }, 0, "yyyyyy",
	  { .no_constants = true, .versions = { 0x050703, 0x050703 } } },

	{ "a map is not nothing", { MOV(1, 0), LOAD(2, 1, 0), JUMP(BPF_JEQ, 2, 0, 2), ADDRESS(1, MAP),
	  JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0, "yyyyyyyy", {} },

	{ "nor is it always", { ADDRESS(1, MAP), JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0, "yyyyn",
	  { .maps_exist = true } },
	{ "also if it is not", { ADDRESS(1, MAP), JUMP(BPF_JNE, 1, 0, 1), EXIT, EXIT }, 0, "yyyny",
	  { .maps_exist = true } },
	{ "which not every verifier knows", { ADDRESS(1, MAP), JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0, "yyyyy",
	  { .variables_exist = true } },
	{ "nor of another number", { ADDRESS(1, MAP), JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT }, 0, "yyyyy",
	  { .maps_exist = true } },
	{ "nor of half of it", { ADDRESS(1, MAP), JUMP_32(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0, "yyyyy",
	  { .maps_exist = true } },
	{ "nor of what was added to", { ADDRESS(1, MAP), ADD(1, 8), JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0,
	  "yyyyyy", { .maps_exist = true } },
	{ "another map is one, too", { LOAD(2, 1, 0), ADDRESS(1, MAP), JUMP(BPF_JEQ, 2, 0, 2), ADDRESS(1, MAP),
	  JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0, "yyyyyyyyn", { .maps_exist = true } },
	{ "a function is none", { ADDRESS(1, FUNCTION), JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT, MOV(0, 0), EXIT }, 5,
	  "yyyyyyy", { .maps_exist = true, .variables_exist = true } },
	{ "a variable has an address", { ADDRESS(1, VARIABLE), ADD(1, 8), JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT }, 0,
	  "yyyyyn", { .variables_exist = true } },
	{ "which not every verifier knows either", { ADDRESS(1, VARIABLE), JUMP(BPF_JEQ, 1, 0, 1), EXIT, EXIT },
	  0, "yyyyy", { .maps_exist = true } },
	{ "what is looked up may be nothing", { CALL(BPF_FUNC_map_lookup_elem), JUMP(BPF_JEQ, 0, 0, 1), EXIT,
	  EXIT }, 0, "yyyy", { .variables_exist = true, .maps_exist = true } },

	{ "a function is called", { MOV(1, 1), CALL_OWN, EXIT, MOV(0, 0), EXIT }, 3, "yyyyy", {} },
	{ "or not", { MOV(1, 1), EXIT, CALL_OWN, MOV(0, 0), EXIT }, 3, "yynnn", {} },
	{ "its argument decides", { MOV(1, 1), CALL_OWN, EXIT, JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT }, 3,
	  "yyyyny", {} },
	{ "what it returns decides", { CALL_OWN, JUMP(BPF_JEQ, 0, 3, 1), EXIT, EXIT, MOV(0, 3), EXIT }, 4,
	  "yynyyy", {} },
	{ "not if it returns several", { LOAD(1, 1, 0), CALL_OWN, JUMP(BPF_JEQ, 0, 3, 1), EXIT, EXIT,
	  MOV(0, 3), JUMP(BPF_JEQ, 1, 0, 1), MOV(0, 4), EXIT }, 5, "yyyyyyyyy", {} },
	{ "a helper calls it", { ADDRESS(2, FUNCTION), CALL(181), EXIT, MOV(0, 0), EXIT }, 4, "yyyyyy", {} },
	{ "with what is not known", { MOV(1, 1), ADDRESS(2, FUNCTION), CALL(181), EXIT,
	  JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT }, 5, "yyyyyyyy", {} },
	{ "where it is handed over", { EXIT, ADDRESS(2, FUNCTION), CALL(181), EXIT, MOV(0, 0), EXIT }, 5,
	  "ynnnnnn", {} },
	{ "where it does not come back", { CALL_OWN, EXIT, JUMP(BPF_JA, 0, 0, -1), EXIT }, 2, "ynyn", {} },

	{ "who is called by all, with anything", { MOV(1, 1), CALL_OWN, EXIT, JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT },
	  3, "yyyyyy", { .globals = REACH_GLOBALS_CALLED } },
	{ "may return anything", { CALL_OWN, JUMP(BPF_JEQ, 0, 3, 1), EXIT, EXIT, MOV(0, 3), EXIT }, 4,
	  "yyyyyy", { .globals = REACH_GLOBALS_CALLED } },
	{ "where the call is not reached, too", { EXIT, CALL_OWN, MOV(0, 0), EXIT }, 2, "ynyy",
	  { .globals = REACH_GLOBALS_ALL } },
	{ "but not by younger verifiers", { EXIT, CALL_OWN, MOV(0, 0), EXIT }, 2, "ynnn",
	  { .globals = REACH_GLOBALS_CALLED } },
	{ "nor without a call", { EXIT, EXIT, MOV(0, 0), EXIT }, 2, "ynnn", { .globals = REACH_GLOBALS_ALL } },

	{ "4.14 decides what is equal", { MOV(1, 1), JUMP(BPF_JEQ, 1, 1, 1), EXIT, EXIT }, 0, "yyny",
	  { .compares = REACH_COMPARES_EQUAL } },
	{ "and not what is unequal", { MOV(1, 1), JUMP(BPF_JEQ, 1, 2, 1), EXIT, EXIT }, 0, "yyyy",
	  { .compares = REACH_COMPARES_EQUAL } },
	{ "4.18 does", { MOV(1, 1), JUMP(BPF_JEQ, 1, 2, 1), EXIT, EXIT }, 0, "yyyn",
	  { .compares = REACH_COMPARES_EQUALITY } },
	{ "and not what is greater", { MOV(1, 1), JUMP(BPF_JGT, 1, 2, 1), EXIT, EXIT }, 0, "yyyy",
	  { .compares = REACH_COMPARES_EQUALITY } },
};

/* An object of one or two functions, with constants and variables, as far as reach.c looks. */
static struct {
	struct core_object object;
	struct code_function functions[2];
	struct bpf_elf_section sections[3];
	Elf64_Sym symbols[2];
	struct reach_address addresses[MAX_INSNS];
	struct bpf_insn insns[MAX_INSNS];
	uint32_t callees[MAX_INSNS], first[2];
	bool global[2];
	struct reach_code code;
} it;

static void make(const struct bpf_insn *insns, uint32_t count, unsigned int callee)
{
	static uint32_t constants[] = { 5, 6, (uint32_t)-7 };

	memset(&it, 0, sizeof(it));
	memcpy(it.insns, insns, count * sizeof(*insns));
	it.sections[1] = (struct bpf_elf_section){ .name = ".rodata", .data = (uint8_t *)constants,
						   .size = sizeof(constants) };
	it.sections[2] = (struct bpf_elf_section){ .name = ".bss" };
	it.symbols[0] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_shndx = 2,
				     .st_value = 0, .st_size = 2000 };
	it.functions[0] = (struct code_function){ .size = (callee ?: count) * 8 };
	it.functions[1] = (struct code_function){ .start = callee * 8, .size = (count - callee) * 8 };
	it.first[1] = callee;
	it.global[1] = true;
	it.object.functions = (struct code_moves){ it.functions, callee ? 2 : 1 };
	it.object.elf.sections = it.sections;
	it.object.elf.section_count = 3;
	it.object.elf.symbols = it.symbols;
	it.object.elf.symbol_count = 1;
	for (uint32_t i = 0; i < count; i++) {
		if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM) &&
		    (insns[i].imm == EXTERN || insns[i].imm == VERSION))
			it.addresses[i] = (struct reach_address){ .is_extern = true,
								  .is_version = insns[i].imm == VERSION };
		else if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM) && insns[i].imm >= MAP)
			it.addresses[i].is_other = true;
		else if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM) && insns[i].imm < VARIABLE)
			it.addresses[i] = (struct reach_address){ .section = 1, .constant = true };
		else if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM))
			it.addresses[i] = (struct reach_address){ .section = 2 };
		if ((insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg) ||
		    (it.addresses[i].is_other && insns[i].imm == FUNCTION))
			it.callees[i] = 2;
		if (it.addresses[i].section == 2)
			it.insns[i].imm -= VARIABLE;
		if (it.addresses[i].is_other)
			it.insns[i].imm = 0;
	}
	it.code = (struct reach_code){ .object = &it.object, .insns = it.insns, .count = count,
				       .first = it.first, .addresses = it.addresses,
				       .callees = it.callees, .global = it.global };
}

static void levels_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		uint32_t count = (uint32_t)strlen(row->levels);
		char found[MAX_INSNS + 1] = "";
		struct reach reach;

		make(row->insns, count, row->callee);
		assert_int_equal(reach__run(&it.code, it.insns, 0, &row->verifier, &reach), 0);
		for (uint32_t k = 0; k < count; k++)
			found[k] = reach.levels[k] == REACH_SURELY ? 'y' :
				   reach.levels[k] == REACH_MAYBE ? '?' : 'n';
		/* the second half of a load is no instruction */
		for (uint32_t k = 0; k + 1 < count; k++)
			if (row->insns[k].code == (BPF_LD | BPF_DW | BPF_IMM) && found[k] != 'n')
				found[k + 1] = 'y';
		if (strcmp(found, row->levels) != 0)
			fail_msg("%s: %s, and not %s", row->name, found, row->levels);
		reach__free(&reach);
	}
}

/* Of an answer: for which other versions of the kernel it is the same. */
static void versions_that_do_not_matter_are_known(void **state)
{
	static const struct bpf_insn insns[] = {
		ADDRESS(1, VERSION), LOAD(2, 1, 0), JUMP(BPF_JGE, 2, 0x050800, 0),
		JUMP(BPF_JEQ, 2, 0x060100, 0), EXIT,
	};
	static const struct {
		struct kernel_versions versions, scope;
		bool same;
	} cases[] = {
		{ { 0x050703, 0x050703 }, { 0, 0x0507ff }, false },
		{ { 0x050a03, 0x050a03 }, { 0x050801, 0x0600ff }, false },
		{ { 0x050a00, 0x050aff }, { 0x050801, 0x0600ff }, false },
		{ { 0x060100, 0x060100 }, { 0x060100, 0x060100 }, false },
		{ { 0x060600, 0x060600 }, { 0x060101, KERNEL_VERSIONS_MAX }, false },
		{ { 0x050700, 0x0508ff }, {}, true },
		{ { 0, KERNEL_VERSIONS_MAX }, {}, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct reach_verifier verifier = { .versions = cases[i].versions };
		struct reach reach;

		make(insns, 6, 0);
		assert_int_equal(reach__run(&it.code, it.insns, 0, &verifier, &reach), 0);
		assert_int_equal(reach.versions.same, cases[i].same);
		if (!cases[i].same) {
			assert_int_equal(reach.versions.versions.from, cases[i].scope.from);
			assert_int_equal(reach.versions.versions.to, cases[i].scope.to);
		}
		reach__free(&reach);
	}
}

static struct reach run(const struct bpf_insn *insns, uint32_t count)
{
	const struct reach_verifier verifier = {};
	struct reach reach;

	make(insns, count, 0);
	assert_int_equal(reach__run(&it.code, it.insns, 0, &verifier, &reach), 0);
	return reach;
}

static void addresses_off_the_stack_are_found(void **state)
{
	const struct bpf_insn looked_up[] = {
		CALL(BPF_FUNC_map_lookup_elem), COPY(2, 0), ADD(2, 8), COPY(1, 10), MOV(0, 0), CALL(16), EXIT,
	};
	const struct bpf_insn large[] = {
		ADDRESS(1, VARIABLE), COPY(2, 1), ADD(2, 1900), CALL(16), EXIT,
	};
	struct reach reach = run(looked_up, 7);

	(void)state;
	assert_int_equal(reach.off_stack[5], 1 << BPF_REG_2);
	assert_int_equal(reach.indexed, 7);
	reach__free(&reach);
	/* the whole of a variable has no room on a stack, and its last bytes do */
	reach = run(large, 6);
	assert_int_equal(reach.off_stack[4], 1 << BPF_REG_1);
	reach__free(&reach);
}

static void indexes_are_found(void **state)
{
	const struct bpf_insn by_number[] = {
		CALL(BPF_FUNC_map_lookup_elem), MOV(2, 8), ADD_REG(0, 2), LOAD(0, 0, 0), EXIT,
	};
	const struct bpf_insn by_index[] = {
		LOAD(6, 1, 0), CALL(BPF_FUNC_map_lookup_elem), ADD_REG(0, 6), LOAD(0, 0, 0), EXIT,
	};
	const struct bpf_insn of_variable[] = {
		LOAD(6, 1, 0), ADDRESS(1, VARIABLE), ADD_REG(6, 1), LOAD(0, 6, 0), EXIT,
	};
	struct reach reach = run(by_number, 5);

	(void)state;
	assert_int_equal(reach.indexed, 5);
	reach__free(&reach);
	reach = run(by_index, 5);
	assert_int_equal(reach.indexed, 3);
	reach__free(&reach);
	reach = run(of_variable, 6);
	assert_int_equal(reach.indexed, 4);
	reach__free(&reach);
}

static void context_is_measured(void **state)
{
	const struct bpf_insn guarded[] = {
		LOAD(0, 1, 4), ADDRESS(2, CONSTANT), LOAD(2, 2, 0), JUMP(BPF_JEQ, 2, 5, 1), LOAD(0, 1, 40), EXIT,
	};
	const struct bpf_insn computed[] = {
		LOAD(2, 1, 0), MOV(3, 8), ADD(1, 0), ADD_REG(1, 2), LOAD(0, 1, 0), EXIT,
	};
	struct reach reach = run(guarded, 7);

	(void)state;
	assert_int_equal(reach.context_end, 8);
	assert_int_equal(reach.context_most, 44);
	assert_int_equal(reach.computed, 7);
	reach__free(&reach);
	reach = run(computed, 6);
	assert_int_equal(reach.computed, 4);
	reach__free(&reach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_found),
		cmocka_unit_test(versions_that_do_not_matter_are_known),
		cmocka_unit_test(addresses_off_the_stack_are_found),
		cmocka_unit_test(indexes_are_found),
		cmocka_unit_test(context_is_measured),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
