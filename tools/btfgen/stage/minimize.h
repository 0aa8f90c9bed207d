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

#endif
