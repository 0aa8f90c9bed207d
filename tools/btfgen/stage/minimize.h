/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: full BTF and BPF objects become the BTF of just the types these objects relocate against. */
#ifndef BTFGEN_MINIMIZE_H
#define BTFGEN_MINIMIZE_H

#include "base/objects.h"

/*
 * *out is malloc'ed. Errors: -EINVAL and -ENOTSUP (the BTF), -ESTALE (an object can't be
 * relocated on this kernel: libbpf would refuse it), -ENOMEM.
 */
int minimize__btf(const struct objects *objects, const void *btf, size_t size, void **out,
		  size_t *out_size, struct error *err);

/* What came of one entry of many: bytes, or an error and its text. */
struct minimized {
	void *btf;
	size_t size;
	int res;
	char *why;
};

/*
 * The same for entries of one archive, on `jobs` threads, in canonical form. *out is an array
 * of `count`, for minimized__free(). One kernel's failure is told in its place; -ENOMEM and
 * -ECANCELED are of the whole.
 */
int minimize__entries(const struct objects *objects, const struct kbtf_entry *const *entries,
		      size_t count, unsigned int jobs, struct minimized **out, struct error *err);
void minimized__free(struct minimized *minimized, size_t count);

#endif
