/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libkbtf: what the CO-RE relocations of BPF objects find in a kernel's BTF, as libbpf would
 * find it when it loads them there. See kbtf.h for the conventions.
 */
#ifndef KBTF_CORE_H
#define KBTF_CORE_H

#include <kbtf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A set of objects that BTF is minimized for: all that can be known of them without a kernel. */
struct kbtf_minimizer;

KBTF_API struct kbtf_minimizer *kbtf_minimizer__new(void);
KBTF_API void kbtf_minimizer__free(struct kbtf_minimizer *minimizer);

/*
 * Add an object file, of either byte order; it is copied. `name` is for messages. Errors:
 * EBADMSG (no BPF object, or one without BTF), ENOTSUP (its BTF has kinds of types that are
 * unknown), ENOMEM. Then `why`, which may be NULL, has words of up to why_size bytes.
 */
KBTF_API int kbtf_minimizer__add(struct kbtf_minimizer *minimizer, const char *name,
				 const void *object, size_t size, char *why, size_t why_size);

/*
 * The types of `btf`, of either byte order, that the objects' relocations touch, in the order
 * that they have there. Relocating against them gives the same as against all, type IDs
 * aside, which is proved each time. *min is malloc'ed and the caller's to free. Errors: EINVAL (no BTF, or one that
 * contradicts itself), ENOTSUP (it has kinds of types that are unknown), ESTALE (libbpf
 * would refuse an object: candidates for a relocation disagree), EIO (the proof fails), ENOMEM. `why` as above. Any
 * number of threads may use a minimizer at once, as long as none adds to it.
 */
KBTF_API int kbtf_minimizer__run(const struct kbtf_minimizer *minimizer, const void *btf,
				 size_t size, void **min, size_t *min_size, char *why,
				 size_t why_size);

/* BTF of either byte order, by a name that goes behind "on". */
struct kbtf_named_btf {
	const char *name;
	const void *btf;
	size_t size;
};

/*
 * Whether all objects find the same in `a` and in `b`, type IDs aside. *questions, which may be
 * NULL: how many different ones they ask. Errors: ENOTUNIQ (they don't; `why` names the first
 * difference), EINVAL and ENOTSUP as above, ENOMEM.
 */
KBTF_API int kbtf_minimizer__compare(const struct kbtf_minimizer *minimizer,
				     const struct kbtf_named_btf *a,
				     const struct kbtf_named_btf *b, size_t *questions, char *why,
				     size_t why_size);

/*
 * Of one of many entries: `err` is 0, and `min` is malloc'ed and the callee's; or one of the
 * errors above, ENOENT (it has minimized BTF alone), EBADMSG (it is damaged), with words.
 * What is not 0 ends the run, which returns it.
 */
typedef int (*kbtf_minimized_fn)(void *ctx, size_t number, int err, void *min, size_t min_size,
				 const char *why);

/*
 * The same for entries of one archive, in the order in which they are stored after each other,
 * which is what they share, on so many threads (0 is 1), as far as they are not all told after
 * each other. `fn` gets each once, by its number among `entries`, from any of the threads, one call
 * at a time; what it gets does not depend on them. Minimized BTF
 * is in canonical form, as an archive has it. Where an archive's machine is of big endian, its
 * architecture says so. Functions are not read. Errors: ENOMEM,
 * and what `fn` returns.
 */
KBTF_API int kbtf_minimizer__run_entries(const struct kbtf_minimizer *minimizer,
					 const struct kbtf_entry *const *entries, size_t count,
					 unsigned int threads, kbtf_minimized_fn fn, void *ctx);

/* What objects may ask of types and members of a name, whichever kernel's. */
struct kbtf_wants {
	uint32_t candidates; /* bits 1 << BTF_KIND_...: types of these kinds are candidates */
	bool followed;       /* and what pointers in them lead to is looked at */
	bool whole;          /* a type must match one: all members of structs and unions count */
	bool as_member;      /* a member of this name may be on the way to a field */
};

/*
 * For an encoder that makes no more BTF than the objects need, before it is minimized: all
 * candidates, of each the members that are wanted and those without a name, with their types, and
 * the last member, behind which an array has no end. A type's flavour (___name) does not count.
 */
KBTF_API void kbtf_minimizer__wants(const struct kbtf_minimizer *minimizer, const char *name,
				    struct kbtf_wants *wants);

/*
 * Whether all relocations of an object come out the same on two kernels, IDs of types aside, so
 * that it is likely that they do on a kernel between. Of each, BTF minimized for this very object
 * counts, or full BTF. `neighbours` are of the archive. 0: they do. Errors: ENOTUNIQ (they don't), ENOENT (a
 * neighbour is missing, or has no such BTF), EBADMSG (no BPF object, or one without BTF; a damaged
 * archive), ENOTSUP (kinds of types that are unknown), ENOMEM. `why` has words then, as above:
 * the relocation that differs, and how.
 */
KBTF_API int kbtf_neighbours__prove(const struct kbtf_archive *archive,
				    const struct kbtf_neighbours *neighbours,
				    const void *object, size_t size, char *why, size_t why_size);

/* ---- what becomes of objects on kernels ------------------------------------------------------ */

/* Objects to be checked: all that can be known of them without a kernel. */
struct kbtf_checker;

/* From good to bad: what is made of several is the worst. */
enum kbtf_verdict {
	KBTF_VERDICT_OK = 0,
	KBTF_VERDICT_GUARDED,  /* ok; what the program asks if it exists does not */
	KBTF_VERDICT_ADAPTED,  /* ok, with what libkbtf changes about it, or by an alternative */
	KBTF_VERDICT_UNKNOWN,  /* the BTF does not tell */
	KBTF_VERDICT_MAY_FAIL, /* it fails, where a variable or the kernel's configuration wants it */
	KBTF_VERDICT_IN_PART,  /* some of its programs load, and others don't */
	KBTF_VERDICT_FAILS
};

/*
 * "ok", "guarded", "adapted", "unknown", "may fail", "in part", "fails"; "?" for what is none.
 * Static.
 */
KBTF_API const char *kbtf_verdict__name(enum kbtf_verdict verdict);

enum kbtf_subject {
	KBTF_SUBJECT_RELOCATION = 0,
	KBTF_SUBJECT_HELPER,
	KBTF_SUBJECT_MAP,
	KBTF_SUBJECT_PROGRAM,     /* its type */
	KBTF_SUBJECT_TARGET,      /* what it is to be attached to */
	KBTF_SUBJECT_GLOBALS,
	KBTF_SUBJECT_ALTERNATIVE, /* which of those declared is taken */
	KBTF_SUBJECT_BTF,         /* what there is none of, so that nothing can be told */
	KBTF_SUBJECT_MACHINE      /* that the object is made for, by the registers that it reads */
};

/* "relocation", "helper" and so on; "?" for what is none. Static. */
KBTF_API const char *kbtf_subject__name(enum kbtf_subject subject);

/* One thing that is not simply as the object wants it. Strings are never NULL; "": none. */
struct kbtf_finding {
	enum kbtf_verdict verdict;
	enum kbtf_subject subject;
	const char *program;   /* "": of the object as a whole */
	const char *section;   /* that the instruction is in */
	uint32_t instruction;  /* in its function */
	const char *kind;      /* of a relocation: "field_offset" */
	const char *what;      /* "struct task_struct.state", "bpf_ringbuf_output" */
	const char *text;      /* what is wrong with it, or done about it */
	const char *nearest;   /* the kernel's that comes closest */
	const char *file;      /* the source, if the object tells */
	uint32_t line;         /* 0: it does not */
	const char *source;    /* the line's text */
};

/*
 * Of one object on one kernel: the worst of its findings, but that a program that fails leaves an
 * object "in part" whose other programs load. A loader has to leave that program out then:
 * `left-out` programs are those that kbtf_object_opts.leave_out does, for the others the load
 * fails, and their names go to .refused, as btfload does it.
 */
struct kbtf_report {
	enum kbtf_verdict verdict;
	const struct kbtf_finding *findings;
	size_t finding_count;
	/* programs that are to be loaded, of alternatives one, and how many of them do, or may */
	size_t program_count, loaded_count;
};

KBTF_API struct kbtf_checker *kbtf_checker__new(void);
KBTF_API void kbtf_checker__free(struct kbtf_checker *checker);

/* As kbtf_minimizer__add(). */
KBTF_API int kbtf_checker__add(struct kbtf_checker *checker, const char *name, const void *object,
			       size_t size, char *why, size_t why_size);

struct kbtf_check_opts {
	size_t sz;
	bool data_types; /* the BTF is without functions, which says nothing of the kernel */
	bool minimized;  /* it has only what these objects' relocations reference */
	/*
	 * All programs are to be loaded: an object fails with any of them. Else it is taken for a
	 * loader that leaves out what does not load, as long as one is left.
	 */
	bool strict;
	/* Whose BTF it is, as far as its types do not tell. NULL: nobody knows. Entries have their own. */
	const struct kbtf_ident *kernel;
};

/*
 * What becomes of each object on the kernel with this BTF, of either byte order: `reports` has
 * room for one an object, in the order in which they were added. They are lent, and live as
 * long as the checker; equal ones of one object are the same. `opts` may be NULL. Errors:
 * EINVAL (no BTF, or one that contradicts itself), ENOTSUP (it has kinds of types that are
 * unknown), ENOMEM; `why` as above. Any number of threads may ask at once, as long as none
 * adds to it.
 */
KBTF_API int kbtf_checker__run(struct kbtf_checker *checker, const void *btf, size_t size,
			       const struct kbtf_check_opts *opts,
			       const struct kbtf_report **reports, char *why, size_t why_size);

/*
 * Of one of many entries: `err` is 0, and `reports` are as above, but the array only for the
 * call; or one of the errors above, ENOENT (it has minimized BTF alone), EBADMSG (it is damaged),
 * with words. What is not 0 ends the run, which returns it.
 */
typedef int (*kbtf_checked_fn)(void *ctx, size_t number, int err,
			       const struct kbtf_report *const *reports, const char *why);

/*
 * The same for entries of one archive, in the order in which they are stored after each other, on
 * threads as kbtf_minimizer__run_entries() has them.
 */
KBTF_API int kbtf_checker__run_entries(struct kbtf_checker *checker,
				       const struct kbtf_entry *const *entries, size_t count,
				       const struct kbtf_check_opts *opts, unsigned int threads,
				       kbtf_checked_fn fn, void *ctx);

/* ---- why relocations come to what they come to ----------------------------------------------- */

/* An object, and all that can be told of its relocations without a kernel. */
struct kbtf_explainer;

/* What relocations ask for: many ask the same. Strings are never NULL; "": none. */
struct kbtf_question {
	const char *kind;     /* "field_offset" */
	const char *what;     /* "struct task_struct.state" */
	const char *access;   /* its access string: "0:1" */
	const char *spec;     /* as libbpf's log has it: "<byte_off> [7] struct x.y (0:1 @ offset 8)" */
	const char *type_name; /* of the type, without its kind and its flavour: "task_struct" */
	uint32_t type;        /* its ID in the object */
	bool is_guard;        /* it asks whether something is there: "no" is an answer */
	bool is_field;        /* it is about a place in a type, which has an offset */
	uint64_t value;       /* what it comes to in the object's own types */
	uint64_t bit_offset;  /* there */
	uint32_t load_size;   /* bytes that a load there reads; 0: it is not for loads */
	const char *refusal;  /* why libbpf refuses it, whatever the kernel */
};

struct kbtf_relocation {
	size_t question;      /* its number */
	const char *program;  /* the function */
	const char *section;
	uint32_t instruction; /* in its function */
	const char *insn;     /* in words: "r1 += 8" */
	const char *file;     /* the source, if the object tells */
	uint32_t line;        /* 0: it does not */
	const char *source;   /* the line's text */
};

/* What becomes of a type of the right name and kind. */
enum kbtf_fit {
	KBTF_FIT_YES = 0,
	KBTF_FIT_NO,
	KBTF_FIT_DISAGREES, /* it has it, but not where the one before it has: libbpf refuses that */
	KBTF_FIT_REFUSED,   /* it can't be told, so libbpf refuses the object */
	KBTF_FIT_DROPPED,   /* it lacked what was asked for earlier, so libbpf asks it no more */
	KBTF_FIT_UNTRIED    /* another one ended the search */
};

/* "has it", "lacks it", "disagrees", "refused", "dropped", "not tried"; "?" for what is none. Static. */
KBTF_API const char *kbtf_fit__name(enum kbtf_fit fit);

struct kbtf_candidate {
	uint32_t type;        /* its ID in the kernel */
	enum kbtf_fit fit;
	const char *name;     /* "struct task_struct___2" */
	uint32_t size;        /* in bytes; 0: none */
	const char *spec;     /* YES, DISAGREES: as libbpf's log has it */
	uint64_t value;       /* of the same */
	uint64_t bit_offset;
	const char *text;     /* why not */
	const char *nearest;  /* NO: what comes closest */
	size_t since;         /* DROPPED: the question that did it */
};

enum kbtf_outcome {
	KBTF_OUTCOME_FOUND = 0,
	KBTF_OUTCOME_ABSENT,    /* "no" to a guard, 0 for a type; else it poisons the instruction */
	KBTF_OUTCOME_AMBIGUOUS, /* candidates disagree */
	KBTF_OUTCOME_REFUSED
};

/* "found", "absent", "ambiguous", "refused"; "?" for what is none. Static. */
KBTF_API const char *kbtf_outcome__name(enum kbtf_outcome outcome);

/* Of a question on a kernel. */
struct kbtf_answer {
	enum kbtf_outcome outcome;
	uint64_t value;       /* FOUND; of ABSENT 0 */
	uint32_t load_size;   /* FOUND: bytes that a load there reads */
	const char *text;     /* what is wrong, where no candidate tells: there is none, or several */
	const char *nearest;  /* where there is none */
	const struct kbtf_candidate *candidates; /* by ascending IDs */
	size_t candidate_count;
};

enum kbtf_patch {
	KBTF_PATCH_DONE = 0,
	KBTF_PATCH_POISONED, /* a call to no function, which the verifier refuses if it gets there */
	KBTF_PATCH_REFUSED   /* libbpf does not load the object */
};

/* "patched", "poisoned", "refused"; "?" for what is none. Static. */
KBTF_API const char *kbtf_patch__name(enum kbtf_patch patch);

enum kbtf_reach {
	KBTF_REACH_UNKNOWN = 0, /* the object's code can't be followed */
	KBTF_REACH_NEVER,
	KBTF_REACH_REQUEST,     /* by programs that are not loaded unless asked for, SEC("?...") */
	KBTF_REACH_MAYBE,       /* if a variable or the kernel's configuration wants it */
	KBTF_REACH_SURELY       /* as far as can be seen */
};

/* "unknown", "never", "on request", "maybe", "surely"; "?" for what is none. Static. */
KBTF_API const char *kbtf_reach__name(enum kbtf_reach reach);

/* Of a relocation on a kernel. */
struct kbtf_fate {
	enum kbtf_patch patch;
	enum kbtf_verdict verdict; /* OK, GUARDED, MAY_FAIL, FAILS */
	enum kbtf_reach reach;     /* of its instruction, with all relocations of the object done */
	const char *reached_by;    /* a program that does */
	const char *insn;          /* what becomes of the instruction; "": it stays as it is */
	const char *text;          /* why it is poisoned or refused, where its answer is FOUND */
};

/* Of an object on a kernel. */
struct kbtf_explanation {
	enum kbtf_verdict verdict;         /* the worst */
	const struct kbtf_answer *answers; /* by question */
	const struct kbtf_fate *fates;     /* by relocation */
};

/*
 * Read an object file, of either byte order; it is copied. Errors, words and `name` as
 * kbtf_minimizer__add(). An object may well have no relocations.
 */
KBTF_API int kbtf_explainer__new(const char *name, const void *object, size_t size,
				 struct kbtf_explainer **explainer, char *why, size_t why_size);
KBTF_API void kbtf_explainer__free(struct kbtf_explainer *explainer);

/* In the order in which they are first asked, and in the object's. Lent. */
KBTF_API const struct kbtf_question *kbtf_explainer__questions(const struct kbtf_explainer *explainer,
							       size_t *count);
KBTF_API const struct kbtf_relocation *
kbtf_explainer__relocations(const struct kbtf_explainer *explainer, size_t *count);
/* Whether the object has a .BTF.ext, without which it has no relocations. */
KBTF_API bool kbtf_explainer__has_ext(const struct kbtf_explainer *explainer);

/*
 * What the object's relocations come to on the kernel with this BTF, of either byte order. The
 * explanation is the caller's to free, before the explainer. Errors and words as
 * kbtf_checker__run(). Any number of threads may ask at once.
 */
KBTF_API int kbtf_explainer__run(const struct kbtf_explainer *explainer, const void *btf, size_t size,
				 struct kbtf_explanation **explanation, char *why,
				 size_t why_size);
KBTF_API void kbtf_explanation__free(struct kbtf_explanation *explanation);

/*
 * Of one of many entries: `err` is 0, and the explanation is the callee's, which frees it as often as
 * it gets it: kernels may share one. Else as for kbtf_checked_fn. What is not 0 ends the run,
 * which returns it.
 */
typedef int (*kbtf_explained_fn)(void *ctx, size_t number, int err,
				 struct kbtf_explanation *explanation, const char *why);

/*
 * The same for entries of one archive, on threads as kbtf_minimizer__run_entries() has them. IDs are
 * those of a kernel's types in the archive's form without functions; where kernels share an
 * explanation, of one of these kernels.
 */
KBTF_API int kbtf_explainer__run_entries(const struct kbtf_explainer *explainer,
					 const struct kbtf_entry *const *entries, size_t count,
					 unsigned int threads, kbtf_explained_fn fn, void *ctx);

#ifdef __cplusplus
}
#endif
#endif
