/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Putting instructions in front of functions of a BPF object, and moving along all that
 * names an instruction by its place: symbols, relocations, calls and .BTF.ext.
 */
#ifndef ARCHIVE_CODE_MOVES_H
#define ARCHIVE_CODE_MOVES_H

#include <bpf/btf.h>

#include "bpf_elf.h"

struct code_function {
	size_t section;      /* index of its section */
	uint64_t start;      /* bytes from the section's beginning, before any move */
	uint64_t size;
	const char *name;    /* lent from the object */
	uint8_t *prologue;   /* to be put in front of it */
	size_t prologue_size;
	uint64_t new_start;
};

struct code_moves {
	struct code_function *functions; /* by section, then by start */
	size_t count;
};

/* -EBADMSG: the functions overlap, or leave code out; then there are none. */
int code_moves__find_functions(const struct bpf_elf *elf, struct code_moves *moves);
void code_moves__free(struct code_moves *moves);
/* The function that the byte at `offset` of a section belongs to, or NULL. */
struct code_function *code_moves__function_at(const struct code_moves *moves, size_t section,
					      uint64_t offset);
/*
 * The function of this object that the call at `offset` of a section leads to, before
 * any move; NULL if it is none, or leads nowhere.
 */
struct code_function *code_moves__callee(const struct code_moves *moves, struct bpf_elf *elf,
					 size_t section, uint64_t offset);
int code_function__set_prologue(struct code_function *function, const void *code, size_t size);
/* Do it. -EBADMSG: a call or a record leads outside of the code. */
int code_moves__apply(struct code_moves *moves, struct bpf_elf *elf, const struct btf *btf);

#endif
