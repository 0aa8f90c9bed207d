/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a matrix has of one object for people to read: what is found alike on several kernels is
 * there once, and so is what is found alike in several programs on the same kernels.
 */
#ifndef BTFGEN_MATRIX_FINDINGS_H
#define BTFGEN_MATRIX_FINDINGS_H

#include "base/buf.h"
#include "matrix.h"

struct alike_findings {
	const struct kbtf_finding *first; /* lent; the others differ in program and place */
	const char **programs;            /* lent, each once; perhaps none */
	size_t program_count;
	bool *reports;                    /* by report: whether it has them */
};

struct matrix_findings {
	const struct kbtf_report **reports; /* of all kernels, each once */
	size_t report_count;
	struct alike_findings *items;       /* the worst first */
	size_t count;
	size_t first_number;                /* they are numbered from here on */
};

/* Of an object on all kernels. Numbers begin at `first_number`. */
void matrix_findings__collect(const struct matrix *matrix, size_t object, size_t first_number,
			      struct matrix_findings *findings);
void matrix_findings__free(struct matrix_findings *findings);

/* The number of a report. */
size_t matrix_findings__report(const struct matrix_findings *findings,
			       const struct kbtf_report *report);
/* The numbers of those that make a report what it is: "1-3,7"; none: nothing. */
void matrix_findings__name(const struct matrix_findings *findings,
			   const struct kbtf_report *report, struct buf *out);

#endif
