/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The records of a BPF object's .BTF.ext (Documentation/bpf/btf.rst), each of which is
 * about one instruction.
 */
#ifndef ARCHIVE_EXT_RECORDS_H
#define ARCHIVE_EXT_RECORDS_H

#include <bpf/btf.h>
#include <stddef.h>
#include <stdint.h>

enum ext_part { EXT_FUNCTIONS, EXT_LINES, EXT_RELOCATIONS, EXT_PART_COUNT };

/*
 * One record of `section`. Its first u32 is the instruction's offset there, in bytes. What
 * is not 0 ends the walk, which returns it.
 */
typedef int (*ext_record_fn)(void *ctx, const char *section, uint8_t *record, size_t size);

/* All of a .BTF.ext of the other byte order, in place. */
void ext_records__swap(uint8_t *data, size_t size);

/* Each record of a part, in the file's order. -EBADMSG: it is cut off, or contradicts itself. */
int ext_records__each(uint8_t *data, size_t size, const struct btf *btf, enum ext_part part,
		      ext_record_fn fn, void *ctx);

#endif
