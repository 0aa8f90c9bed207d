/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which registers a BPF function reads before it writes them: its real arguments. */
#ifndef ARCHIVE_LIVENESS_H
#define ARCHIVE_LIVENESS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* The mask of the registers that the function called by code[index] reads. */
typedef unsigned int (*liveness_callee)(void *ctx, size_t index);

/*
 * A mask with bit n for register n. A compiler drops arguments that nobody uses from
 * static functions' calls but not from their prototypes, and the verifier refuses to
 * read a register that was never written; so the prototype is no guide. A call reads as
 * many registers as its helper takes, or what `callee` says where a function of the
 * object is called. -ENOMEM, or -EBADMSG for a jump that leaves the code.
 */
int liveness__at_entry(const struct bpf_insn *code, size_t count, liveness_callee callee,
		       void *ctx);

/* The mask of the registers that a call reads as far as it says itself: all, of a function. */
unsigned int liveness__call_reads(const struct bpf_insn *insn);

#endif
