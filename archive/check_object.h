/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* An object as a check sees it: its relocations, and what its programs want of a kernel. */
#ifndef ARCHIVE_CHECK_OBJECT_H
#define ARCHIVE_CHECK_OBJECT_H

#include <bpf/libbpf.h>

#include "core_object.h"
#include "needs.h"
#include "reach.h"

struct check_program {
	const char *name, *section; /* lent from `bpf` */
	const char *target;         /* behind the section's first slash; NULL: none */
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	bool loads;                 /* unless somebody asks for it, it does not: SEC("?...") */
	size_t function;            /* which one of the object's */
	struct needs needs;
	size_t group;               /* letters that its alternatives share; 0: it has none */
};

struct check_object {
	char *name;
	struct core_object core;
	struct bpf_object *bpf;     /* NULL: libbpf does not open it */
	struct reach_code code;     /* none, where that can't be read */
	bool has_code;
	const char *machine;        /* that it is for, see core_machine.h; NULL: any */
	uint32_t *places;           /* by relocation: its instruction in the code */
	struct check_program *programs;
	size_t program_count;
};

/* As core_object__read(); what libbpf does not open is read as far as it goes. */
int check_object__read(const char *name, const void *data, size_t size,
		       struct check_object **object, struct core_object_error *error);
void check_object__free(struct check_object *object);

/* Whether two programs are alternatives to each other. */
bool check_programs__are_alternatives(const struct check_program *a,
				      const struct check_program *b);
/* Whether a function of the kernel's matters: a typed target, or a kprobe's. */
bool check_program__wants_function(const struct check_program *program);

#endif
