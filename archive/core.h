/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The CO-RE engine: what each relocation of an object comes to on a kernel, without a kernel.
 *
 *   core_object__read()     an object, once
 *   core_target__init()     a kernel's types, once
 *   core_results__find()    the two together: a result for each spec of the object
 *   core_patch()            what that makes of an instruction
 *
 * Candidates for a type are all types of its name, flavours aside, and of its kind. All of
 * them that have what is asked for must lead to the same number. As in libbpf, those that
 * do not have it are no candidates any more for what the object asks of the same type later.
 * So results depend on the order of relocations; libbpf passes over those of programs that
 * are not to be loaded, which this engine never does.
 */
#ifndef ARCHIVE_CORE_H
#define ARCHIVE_CORE_H

#include "core_object.h"
#include "core_target.h"
#include "numbers.h"

enum core_outcome {
	CORE_FOUND,
	CORE_ABSENT,    /* no candidate has it */
	CORE_AMBIGUOUS, /* candidates that have it disagree: libbpf refuses the object */
	CORE_REFUSED    /* libbpf refuses the object for another reason */
};

struct core_result {
	enum core_outcome outcome;
	/*
	 * FOUND: the number, and what one load reads. ABSENT: zero is the answer of questions
	 * and of types; what else is absent poisons its instruction.
	 */
	struct core_value value;
	bool poisons;
	bool resizes;        /* a load reads other bytes than it was made for, and may */
	bool cannot_resize;  /* and must not: a load or store is poisoned */
	uint32_t type;       /* FOUND, AMBIGUOUS: the first candidate that has it */
	uint32_t rival;      /* AMBIGUOUS: the first that disagrees; REFUSED: the one at fault */
	uint32_t candidates; /* types that were looked at */
	const char *why;     /* REFUSED: static words */
	uint32_t path, path_count; /* FOUND: where in the results' paths */
};

/* A candidate that agrees with the one found. */
struct core_twin {
	uint32_t spec, type;
	uint32_t path, path_count;
};

struct core_results {
	struct core_result *items; /* by spec */
	uint32_t count;
	struct numbers paths;      /* indexes of members and elements, from the found type on */
	struct core_twin *twins;
	uint32_t twin_count;
};

/* What became of a candidate. */
enum core_trial {
	CORE_TRIAL_FITS,
	CORE_TRIAL_FITS_NOT,
	CORE_TRIAL_DISAGREES, /* it fits, but with another number than the one before it */
	CORE_TRIAL_FAILS      /* it can't be told, and libbpf refuses the object */
};

struct core_try {
	uint32_t spec, type;
	enum core_trial trial;
	uint64_t bit_offset;     /* FITS, DISAGREES: of a field */
	struct core_value value;
	const char *why;         /* FAILS: static words */
};

/* By spec, and then in the order of IDs. What comes behind DISAGREES or FAILS is not tried. */
struct core_tries {
	struct core_try *items;
	uint32_t count, room;
};

/* Pure: depends on its arguments alone; any number of threads may ask at once. -ENOMEM. */
int core_results__find(const struct core_object *object, const struct core_target *target,
		       struct core_results *results);
/* The same, and how it came to that. */
int core_results__find_tried(const struct core_object *object, const struct core_target *target,
			     struct core_results *results, struct core_tries *tries);
void core_tries__free(struct core_tries *tries);
void core_results__free(struct core_results *results);
/*
 * The first spec whose results differ, type IDs aside: an instruction would become another.
 * results->count if there is none.
 */
uint32_t core_results__difference(const struct core_object *object, const struct core_results *a,
				  const struct core_results *b);

/* What becomes of an instruction. */
enum core_patched {
	CORE_PATCHED,
	CORE_POISONED,    /* it is a call that the verifier refuses, unless it is never reached */
	CORE_NOT_PATCHED  /* libbpf refuses the object */
};

/*
 * Of relocation->insns with that result, which is FOUND or ABSENT, into `insns`; the second
 * changes only where the first is a load of 64 bits. *why: of NOT_PATCHED, and of POISONED
 * where something was found. Static words.
 */
enum core_patched core_patch(const struct core_object *object,
			     const struct core_relocation *relocation,
			     const struct core_result *result, struct bpf_insn insns[2],
			     const char **why);

#endif
