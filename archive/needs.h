/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What a program of an object asks of the kernel, read from its code and from that of all
 * functions it calls, or has helpers call, whether an instruction is ever reached or not.
 */
#ifndef ARCHIVE_NEEDS_H
#define ARCHIVE_NEEDS_H

#include <stdbool.h>

#include "bpf_elf.h"
#include "code_moves.h"

/* Helpers are numbered from 1 on; what calls a larger number calls no helper known here. */
#define NEEDS_MAX_HELPER 512

struct needs {
	bool helpers[NEEDS_MAX_HELPER];
	bool *maps;          /* by symbol: of those in .maps */
	bool atomics;        /* other than an addition that returns nothing (5.12) */
	bool calls;          /* functions of the object's own (4.16) */
};

/*
 * `functions` are those of `elf`; the program is the function of this name that is in no
 * .text. -ENOENT: there is none; -ENOMEM.
 */
int needs__read(const struct code_moves *functions, struct bpf_elf *elf, const char *program,
		struct needs *needs);
void needs__free(struct needs *needs);
bool needs__has_map(const struct needs *needs, const struct bpf_elf *elf, const char *map);

#endif
