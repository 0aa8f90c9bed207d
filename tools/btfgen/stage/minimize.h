/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage: full BTF and BPF objects become the BTF of just the types these objects relocate against. */
#ifndef BTFGEN_MINIMIZE_H
#define BTFGEN_MINIMIZE_H

#include <stddef.h>

#include "base/error.h"

/*
 * *out is malloc'ed. `objects` are paths of CO-RE object files, `count` of them. By
 * `bpftool gen min_core_btf`, in `scratch`. Errors: -ENOENT (an object or bpftool is
 * missing), -EBADMSG (bpftool failed: its own words are in *err), -ECANCELED.
 */
int minimize__btf(const void *btf, size_t size, const char *const *objects, size_t count,
		  const char *scratch, void **out, size_t *out_size, struct error *err);

#endif
