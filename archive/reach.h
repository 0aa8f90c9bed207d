/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which of an object's instructions a program gets to, with relocations done as for one
 * kernel: the verifier looks at no others. What is known are constants, what is computed
 * from them, and constant variables (.rodata), which may be set to something else before
 * load: the code is walked with their values, and without; and the version of the kernel. Nothing is known of the stack and
 * of memory. The answer is never "no" where it should be "yes".
 */
#ifndef ARCHIVE_REACH_H
#define ARCHIVE_REACH_H

#include "code_moves.h"
#include "core_object.h"

/* BPF_MEMSX, which older headers do not have. */
#define LOAD_SIGNED 0x80

enum reach_level {
	REACH_NEVER,
	REACH_MAYBE, /* if a constant variable has another value than in the file, or as the
			kernel's configuration wants it */
	REACH_SURELY /* as far as the verifier can know */
};

/* An object's code: all of its functions, one behind the other. */
struct reach_code {
	const struct core_object *object; /* lent */
	struct bpf_insn *insns;
	uint32_t count;
	uint32_t *first;    /* by function: its first instruction */
	bool *global;       /* by function: others than the object may call it */
	/* by instruction: what a load of 64 bits is the address of */
	struct reach_address {
		uint16_t section;  /* of variables; 0: none */
		bool constant;     /* they are */
		bool is_extern;    /* a symbol of the kernel's or of its configuration */
		bool is_version;   /* LINUX_KERNEL_VERSION */
		bool is_other;     /* a map, or a function of the object */
	} *addresses;
	/* by instruction that calls, or has the address of a callback: a function and 1, or 0 */
	uint32_t *callees;
};

/* -ENOTSUP: of objects of the other byte order, or where functions are not known; -ENOMEM. */
int reach_code__read(const struct core_object *object, struct reach_code *code);
void reach_code__free(struct reach_code *code);
/* The instruction at `offset` bytes of a section; code->count: none. */
uint32_t reach_code__at(const struct reach_code *code, size_t section, uint64_t offset);

/* What a verifier makes of what is known: what it can't decide, both sides of are looked at. */
struct reach_verifier {
	enum reach_compares {
		REACH_COMPARES_ALL = 0,  /* (4.20) */
		REACH_COMPARES_EQUALITY, /* whether numbers are equal to the instruction's own (4.16) */
		REACH_COMPARES_EQUAL     /* the same, but only if they are */
	} compares;
	bool no_constants; /* it does not look into constant variables (before 5.5) */
	/* global functions it looks at by themselves, whoever calls them and with what */
	enum reach_globals {
		REACH_GLOBALS_NONE = 0,
		REACH_GLOBALS_ALL,    /* that there are in a program's code (5.6) */
		REACH_GLOBALS_CALLED  /* where a program gets to the call (6.8) */
	} globals;
	/* that an address is not 0, it knows of variables (5.8) and of maps (6.17) */
	bool variables_exist, maps_exist;
	struct kernel_versions versions; /* of the kernel */
};

struct reach {
	uint8_t *levels;      /* by instruction: reach_level */
	/*
	 * By instruction that calls: bits for registers that hold an address in a map's value, or
	 * in a variable that has no room on the stack.
	 */
	uint8_t *off_stack;
	uint32_t indexed; /* an instruction at an address with an index in it; code->count: none */
	uint32_t computed; /* one that reads the context at a place that was computed; the same */
	/* bytes of its context that it reads, as far as can be seen, surely and at most */
	uint32_t context_end, context_most;
	struct version_scope versions; /* kernels for which all of that is the same */
};

/* Of the program that is this function; `insns` are the code's, relocated. -ENOMEM. */
int reach__run(const struct reach_code *code, const struct bpf_insn *insns, size_t function,
	       const struct reach_verifier *verifier, struct reach *reach);
void reach__free(struct reach *reach);

#endif
