/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A BPF object as CO-RE sees it: its types, and the instructions that ask for those of a
 * kernel. Read once, for any number of kernels, and immutable after that.
 *
 * The object may be of either byte order. Relocations that ask the same share a spec.
 */
#ifndef ARCHIVE_CORE_OBJECT_H
#define ARCHIVE_CORE_OBJECT_H

#include <linux/bpf.h>

#include "bpf_elf.h"
#include "code_moves.h"
#include "core_spec.h"
#include "source_lines.h"

/* No object comes near; one that does takes too much memory. */
#define CORE_RELOCATIONS_MAX (1u << 16)

struct core_relocation {
	const char *section;      /* lent from the object, as all text */
	const char *program;      /* the function; "" if the symbols don't tell */
	uint32_t offset;          /* of the instruction in the section, in bytes */
	uint32_t in_program;      /* and in the function, in instructions */
	uint32_t spec;            /* which one */
	struct bpf_insn insns[2]; /* the instruction, and the one behind it */
};

struct core_object {
	struct type_graph graph;
	struct core_types types;
	struct core_relocation *relocations; /* in the order of .BTF.ext */
	uint32_t relocation_count;
	struct core_spec *specs;             /* in the order of their first use */
	uint32_t spec_count;
	uint32_t *roots;                     /* by spec: number of its root type among those */
	uint32_t root_count;
	struct btf *btf;                     /* for its strings */
	struct bpf_elf elf;
	struct code_moves functions;
	struct source_lines lines;
};

/* What is wrong with an object. */
struct core_object_error {
	const char *what;  /* static */
	char section[64];  /* of the relocation at fault, or "" */
	uint32_t offset;   /* and its instruction's, in bytes */
};

/*
 * *object points into itself: it stays where it is until core_object__free(). -EBADMSG with *error: it is no BPF object, has no
 * BTF, or contradicts itself; -ENOTSUP: a kind of type that is unknown; -ENOMEM.
 */
int core_object__read(const void *data, size_t size, struct core_object *object,
		      struct core_object_error *error);
void core_object__free(struct core_object *object);

/* The first relocation that asks for a spec; each has one. */
const struct core_relocation *core_object__first(const struct core_object *object, uint32_t spec);

/* The instruction of a section's data in the machine's byte order. */
struct bpf_insn core_object__insn(const struct bpf_elf *elf, const uint8_t *data);

/*
 * The source line of a relocation's instruction; false if the object does not tell. Of a constant
 * that has no line of its own it is that of the instruction that makes use of it.
 */
bool core_object__line(const struct core_object *object, const struct core_relocation *relocation,
		       struct source_line *line);

#endif
