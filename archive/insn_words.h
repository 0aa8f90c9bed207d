/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Instructions in words, as the kernel's verifier and llvm-objdump print them: "r1 += 8". */
#ifndef ARCHIVE_INSN_WORDS_H
#define ARCHIVE_INSN_WORDS_H

#include <linux/bpf.h>
#include <stdbool.h>

#include "base/buf.h"

/* The second is of use where the first loads 64 bits. Of those that CO-RE does not change: their code. */
void insn_words__add(const struct bpf_insn insns[2], struct buf *out);

#endif
