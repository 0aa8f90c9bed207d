/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Global variables on kernels that have none (before Linux 5.2). The object is rewritten
 * before libbpf sees it:
 *
 * - Each section of variables becomes an array map with one entry, made beforehand; its
 *   descriptor stands in the code.
 * - Each function that uses a section looks its value up once, in a prologue, and keeps
 *   the pointer in a stack slot of its own. Old verifiers keep the type of a spilled
 *   pointer to a map's value; a spilled scalar loses its bounds, so nothing else is
 *   spilled but a function's fifth argument.
 * - Each 16-byte load of a variable's address becomes, in place, a load of that slot and
 *   the addition of the variable's offset.
 *
 * Everything that names an instruction by its offset moves along: symbols, relocations,
 * calls, and the function, line and CO-RE records of .BTF.ext. Jumps are relative and
 * stay within a function, behind its prologue.
 */
#ifndef ARCHIVE_GLOBALS_H
#define ARCHIVE_GLOBALS_H

#include <bpf/btf.h>

#include "bpf_elf.h"
#include "remarks.h"

/* So many pointers fill a function's stack, and a program may use no more maps. */
#define GLOBALS_MAX_SECTIONS 64
/* The largest section that is taken: an array map's value is limited to less. */
#define GLOBALS_MAX_SIZE (64u << 20)

struct global_section {
	char *name;         /* ".bss", ".kconfig" */
	size_t index;       /* in the ELF file; 0 for .kconfig, which has none */
	uint8_t *data;      /* initial contents */
	size_t size;
	bool used;          /* some function refers to it */
	int fd;             /* of its map, once made; -1 */
	bool taken_up;      /* that is another run's, whose values count */
};

/* A place in the rewritten code where a variable's address is made. */
struct global_pointer {
	char *function;
	size_t at;          /* instructions from the function's beginning, its prologue included */
	struct global_section *section;
	int64_t offset;
};

/* A place in the rewritten code that names a map. */
struct global_map_use {
	char *function;
	size_t at;
	char *map;
};

struct globals {
	bool forced;        /* the kernel was not asked whether it has any itself */
	struct global_section sections[GLOBALS_MAX_SECTIONS];
	size_t count;
	struct global_pointer *pointers; /* of each function by ascending place */
	size_t pointer_count;
	struct global_map_use *map_uses; /* of each function by ascending place */
	size_t map_use_count;
	/* where each extern of .kconfig lies in its section's data */
	struct kconfig_slot {
		char *name;
		uint32_t offset;
	} *kconfigs;
	size_t kconfig_count;
};

/* Find the sections. `btf` is the object's own, NULL if it has none. */
int globals__collect(const struct bpf_elf *elf, const struct btf *btf, struct globals *globals);
/* Whether any instruction refers to one; marks those that are used. */
int globals__find_uses(struct globals *globals, struct bpf_elf *elf);
/* Make the map of each section that is used. The kernel's errno. */
int globals__make_maps(struct globals *globals, struct remarks *remarks);
/*
 * Rewrite the code. -E2BIG: a stack has no room; -ENOTSUP: a reference that can't be
 * rewritten; -EBADMSG: the file contradicts itself. A remark says where.
 */
int globals__rewrite(struct globals *globals, struct bpf_elf *elf, const struct btf *btf,
		     struct remarks *remarks);
/* Whether programs can't change the section, so that its values may stand in the code. */
bool global_section__is_constant(const struct global_section *section);
/* The bytes of stack that code names, rounded up to 8. */
unsigned int globals__stack_depth(const struct bpf_insn *code, size_t count);
struct global_section *globals__find(struct globals *globals, const char *name);
void globals__free(struct globals *globals);

#endif
