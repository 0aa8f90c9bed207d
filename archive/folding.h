/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Constants whose values are known at load: loads of them become the values themselves,
 * and so does what is computed from them, as far as it can be followed in a straight
 * line. A branch that they decide becomes a comparison for equality with a constant,
 * which is what verifiers before 5.3 can decide: they then don't look at the other
 * side, where a helper may stand that the kernel lacks. Nothing moves, nothing becomes
 * unreachable by its form (old verifiers refuse that too).
 */
#ifndef ARCHIVE_FOLDING_H
#define ARCHIVE_FOLDING_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* insns[at] and the next one load the address of data + offset. */
struct fold_pointer {
	size_t at;
	const uint8_t *data;
	size_t size;
	int64_t offset;
};

/* `pointers` by ascending place. The number of changed instructions, or -ENOMEM. */
int folding__run(struct bpf_insn *insns, size_t count, const struct fold_pointer *pointers,
		 size_t pointer_count);

#endif
