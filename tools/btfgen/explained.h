/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an object's relocations come to on kernels, and how that is shown. */
#ifndef BTFGEN_EXPLAINED_H
#define BTFGEN_EXPLAINED_H

#include <jansson.h>
#include <kbtf_core.h>

#include "archive_file.h"
#include "base/objects.h"

struct explained_kernel {
	const struct kbtf_entry *entry; /* or a file's: */
	const char *path;               /* lent */
	size_t result;                  /* which one of the results */
	char *error;                    /* it can't be told */
};

/* Which relocations are of interest; NULL: any. */
struct relocation_filter {
	const char *program, *type;
	bool failing;
};

struct explained {
	const char *path;                   /* the object's, lent */
	struct kbtf_explainer *explainer;
	const struct kbtf_question *questions;
	const struct kbtf_relocation *relocations;
	size_t question_count, relocation_count;
	struct explained_kernel *kernels;
	size_t kernel_count;
	/*
	 * Each different one once, in the order of the first kernel that has it, with which it
	 * came: so IDs of types do not depend on threads.
	 */
	struct kbtf_explanation **results;
	size_t result_count;
	bool *shown;                        /* by relocation */
	size_t shown_count;
};

/* Read object number `object`, which objects lend, without any kernel. */
int explained__read(const struct objects *objects, size_t object, struct explained *it,
		    struct error *err);
void explained__free(struct explained *it);
/* One of the two. */
int explained__add_kernel(struct explained *it, const struct kbtf_entry *entry, const char *path,
			  struct error *err);
/* On all of them, in so many threads. `archive` is that of the entries. What fails is in its kernel. */
int explained__run(struct explained *it, const struct kbtf_archive *archive,
		   const struct kbtf_object_ref *object, unsigned int threads, struct error *err);
/* Choose what is shown. */
void explained__filter(struct explained *it, const struct relocation_filter *filter);
/* Whether a relocation that is shown fails on a kernel, or a kernel can't be used. */
bool explained__fails(const struct explained *it);

/* The same on two kernels, IDs and sizes of types aside. */
bool explained__same_answer(const struct kbtf_question *question, const struct kbtf_answer *a,
			    const struct kbtf_answer *b);
bool explained__same_fate(const struct kbtf_question *question, const struct kbtf_fate *a,
			  const struct kbtf_fate *b);

/* Of one kernel or two; `ids`: IDs are what is asked for, and what differs. */
bool explained__same_candidate(const struct kbtf_candidate *a, const struct kbtf_candidate *b,
			       bool ids);

void explained__print(const struct explained *it);
/* A new reference; docs/formats.md has its form. */
json_t *explained__json(const struct explained *it);

#endif
