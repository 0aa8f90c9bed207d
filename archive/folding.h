/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What is known of a program's registers when it is loaded, and what becomes of it:
 *
 * - Loads of constants become the values themselves, and so does what is computed from
 *   them. A branch that they decide becomes a comparison for equality with a constant,
 *   which is what verifiers before 5.3 can decide: they then don't look at the other
 *   side, where a helper or a field may stand that the kernel lacks.
 * - A variable's offset moves from the addition that makes its address into the loads and
 *   stores that use it. Verifiers before 4.11 lose the bounds of what they read back from
 *   the stack: a pointer that was kept there can be read and written through, but nothing
 *   can be added to it before.
 * - Where helpers want memory on the stack (keys and values of maps before 4.18, all other
 *   before 4.11), the variables that they are handed are found.
 *
 * Nothing moves, nothing becomes unreachable by its form (old verifiers refuse that too).
 */
#ifndef ARCHIVE_FOLDING_H
#define ARCHIVE_FOLDING_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* insns[at] loads the address of a section, and the next one adds `offset`, or nothing. */
struct fold_pointer {
	size_t at;
	const void *section; /* tells one from another */
	const uint8_t *data; /* its values, where they are constant; else NULL */
	size_t size;
	int64_t offset;
};

/* insns[at] and the next one load a map. */
struct fold_map {
	size_t at;
	uint32_t key_size, value_size;
};

struct fold_input {
	const struct fold_pointer *pointers; /* by ascending place */
	size_t pointer_count;
	/*
	 * The code as CO-RE relocation will have it, or NULL. What differs from the code
	 * itself is known by this, and left as it is, for libbpf to relocate.
	 */
	const struct bpf_insn *relocated;
	const struct fold_map *maps; /* by ascending place */
	size_t map_count;
	/*
	 * Which arguments of helpers the kernel wants on the stack, and so many bytes of it
	 * there are.
	 */
	bool stack_keys;   /* keys and values of maps */
	bool stack_memory; /* other memory */
	size_t stack_room;
};

/* A variable whose address the call at insns[at] is handed in `reg`. */
struct fold_copy {
	size_t at;
	size_t pointer;  /* which one of the input's */
	int64_t offset;  /* from its section's beginning */
	uint32_t size;
	uint8_t reg;
	bool written;    /* the helper writes it */
};

struct fold_outcome {
	size_t constants; /* instructions that became constants */
	size_t branches;  /* and comparisons that were decided */
	size_t addresses; /* additions that moved into loads and stores */
	/* What must be handed to helpers by way of the stack, by ascending place; to be freed. */
	struct fold_copy *copies;
	size_t copy_count;
};

/* 0, -ENOMEM, or -EBADMSG: this is no code that is understood, or the pointers are not in it. */
int folding__run(struct bpf_insn *insns, size_t count, const struct fold_input *input,
		 struct fold_outcome *outcome);

#endif
