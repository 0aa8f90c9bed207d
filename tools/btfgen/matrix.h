/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which BPF objects work on which kernels: a row a kernel, a column an object. */
#ifndef BTFGEN_MATRIX_H
#define BTFGEN_MATRIX_H

#include <jansson.h>
#include <kbtf_core.h>

#include "archive_file.h"
#include "base/objects.h"

struct matrix_row {
	const struct kbtf_entry *entry;     /* or a file's: */
	const char *path;                   /* lent */
	const struct kbtf_report **reports; /* by object */
	char *error;                        /* it could not be checked */
};

struct matrix {
	const struct objects *objects;      /* lent */
	struct kbtf_checker *checker;       /* of the same ones */
	bool strict;                        /* no program may be left out */
	const struct kbtf_archive *archive; /* of the rows' entries */
	struct matrix_row *rows;
	size_t count;
};

/* `objects` must outlive it. */
int matrix__init(struct matrix *matrix, const struct objects *objects, struct error *err);
void matrix__free(struct matrix *matrix);
/* One of the two. */
int matrix__add_row(struct matrix *matrix, const struct kbtf_entry *entry, const char *path,
		    struct error *err);
/* Fill in all rows, in so many threads. What fails is in its row. */
int matrix__check(struct matrix *matrix, unsigned int threads, struct error *err);
/* Of all objects on all kernels; a kernel that could not be checked fails. */
enum kbtf_verdict matrix__worst(const struct matrix *matrix);

void matrix__print(const struct matrix *matrix);
/* A new reference; docs/formats.md has its form. */
json_t *matrix__json(const struct matrix *matrix);

#endif
