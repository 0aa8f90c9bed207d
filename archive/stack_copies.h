/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Variables handed to helpers that want memory on the stack: each such call makes a detour
 * behind the program's end, where the variables are copied to the stack before it, and
 * those that the helper writes are copied back. So nothing within the program moves. (A
 * jump back is no loop to old verifiers, as long as it does not lead to where it was.)
 */
#ifndef ARCHIVE_STACK_COPIES_H
#define ARCHIVE_STACK_COPIES_H

#include "folding.h"

/*
 * Makes *out of insns: `depth` bytes of their stack are in use. A pointer's slot on the stack
 * is read off its place. -ENOMEM, or -E2BIG: the detours are too far for a jump.
 */
int stack_copies__make(const struct bpf_insn *insns, size_t count, unsigned int depth,
		       const struct fold_pointer *pointers, const struct fold_copy *copies,
		       size_t copy_count, struct bpf_insn **out, size_t *out_count);

#endif
