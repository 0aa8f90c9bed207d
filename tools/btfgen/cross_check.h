/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Types straight from DWARF against another encoder's, on the same vmlinux: whether objects find
 * the same in both.
 */
#ifndef BTFGEN_CROSS_CHECK_H
#define BTFGEN_CROSS_CHECK_H

#include "base/error.h"
#include "base/objects.h"
#include "base/workdir.h"
#include "stage/plan.h"

struct cross_check_opts {
	const struct objects *objects;
	struct workdir *work;
	enum encoder against;     /* PAHOLE or EMBEDDED */
	unsigned int timeout_s;   /* of pahole; 0: as ever */
};

struct cross_check {
	char *kernel_release;
	double seconds[2];        /* of the two encoders, dwarf first */
	size_t bytes[2];          /* of BTF */
	size_t questions;         /* relocations that ask for different things */
	bool differs;
	struct error difference;
};

/*
 * Of a vmlinux, or a package with one. *check must be freed. Differing is no error. Errors: those
 * of the encoders, -ENODATA (no .BTF of its own).
 */
int cross_check__run(const struct cross_check_opts *opts, const char *path,
		     struct cross_check *check, struct error *err);
void cross_check__free(struct cross_check *check);

#endif
