/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What becomes of one program of an object on a kernel. */
#ifndef ARCHIVE_CHECK_PROGRAM_H
#define ARCHIVE_CHECK_PROGRAM_H

#include "check_object.h"
#include "check_report.h"
#include "core.h"
#include "kernel_offer.h"

/* What becomes of a relocation's instruction. */
struct check_fate {
	enum core_patched patched;
	const char *why;        /* as core_patch() has it; static */
};

/* An object on a kernel. */
struct object_check {
	const struct check_object *object;
	const struct core_target *target;
	const struct kernel_offer *offer;
	const struct core_results *results;
	const char *machine;       /* the kernel's, if the object is for another one; or NULL */
	struct bpf_insn *insns;    /* the object's code, relocated */
	struct check_fate *fates;  /* by relocation */
	bool data_types;           /* nothing is known of the kernel's functions */
	bool strict;               /* all programs are to be loaded */
	bool minimized;            /* nothing but relocations can be judged */
};

/* Of `object`, `target` and `results`: the code as the kernel would get it, and fates. -ENOMEM. */
int object_check__relocate(struct object_check *check);
/* What that made. */
void object_check__free(struct object_check *check);
/* Of `object` and `offer`: what the kernel's verifier can't tell. */
struct reach_verifier object_check__verifier(const struct object_check *check);

/* Of a relocation that libbpf can do or poison, where a program gets to it so far. */
enum kbtf_verdict check_fate__verdict(const struct check_fate *fate,
				      const struct core_result *result, enum reach_level level);
/*
 * `lacks` gets words for what makes a loader leave the program out: the kernel does not know
 * its type, its target, or a type of its maps. Nothing else is told of it then.
 */
int check_program(const struct object_check *check, const struct check_program *program,
		  struct report_draft *draft, struct buf *lacks);
/* The source line of an instruction of the code. */
struct source_line check_object__line(const struct check_object *object, uint32_t at);
/* What fails if it is reached. */
enum kbtf_verdict check_verdict_of(enum reach_level level);
/* Relocation `number`, which fails, or whose answer is no, in what `program` runs. */
void check_relocation(const struct object_check *check, uint32_t number, const char *program,
		      enum kbtf_verdict verdict, struct report_draft *draft);

#endif
