/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where instructions come from: the object's own line information, which kernels before
 * 5.0 do not take and so can't name in their log.
 */
#ifndef ARCHIVE_SOURCE_LINES_H
#define ARCHIVE_SOURCE_LINES_H

#include <stdbool.h>

#include "bpf_elf.h"
#include "ext_records.h"

struct source_lines {
	uint8_t *data; /* a copy of .BTF.ext */
	size_t size;
};

struct source_line {
	const char *file, *text; /* lent from the object's BTF */
	uint32_t number;
	uint64_t end; /* offset of the next line's first instruction; UINT64_MAX: it is the last */
};

/* None, where the object has none. -ENOMEM. */
int source_lines__read(const struct bpf_elf *elf, struct source_lines *lines);
void source_lines__free(struct source_lines *lines);
/* The line of the instruction at `offset` bytes of a section; false if it is not known. */
bool source_lines__find(const struct source_lines *lines, const struct btf *btf,
			const char *section, uint64_t offset, struct source_line *line);

#endif
