/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage: a vmlinux with DWARF becomes BTF, by pahole (dwarves), the reference encoder.
 * Its output is parsed and checked before it counts.
 */
#ifndef BTFGEN_ENCODE_H
#define BTFGEN_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/meter.h"

struct encode_opts {
	const char *scratch;          /* directory for temporary files */
	const char *kernel_release;   /* flags depend on it; "" or NULL: unknown */
	unsigned int timeout_s;       /* 0: 1800 */
	uint64_t memory_limit;        /* bytes of address space; 0: 16 GiB */
	struct meter *meter;
};

struct encoded {
	void *btf;
	size_t size;
	char *encoder_version;        /* "1.24" */
	char *flags;                  /* as given, without file names */
	char *notes;                  /* what was changed in the work copy, a remark a line; "" */
};

/*
 * `vmlinux` is a work copy: member names that carry a compiler's unit counter
 * (__UNIQUE_ID_rh_kabi_hide<N>) are made alike in its .debug_str first, which
 * pahole's deduplication needs. Errors: -ENODATA (no DWARF: stripped), -ENOENT (no
 * pahole: how to install it), -EBADMSG (pahole failed, or its output is no good:
 * empty, without task_struct, or a struct's size differs from DWARF's), -ETIMEDOUT,
 * -ENOMEM, -ECANCELED.
 */
int encode__vmlinux(const char *vmlinux, const struct encode_opts *opts,
		    struct encoded *encoded, struct error *err);
void encoded__free(struct encoded *encoded);

/*
 * Version and flags that encode__vmlinux would use for a kernel release, to know
 * whether work done is work to do. Both malloc'ed. -ENOENT without pahole.
 */
int encode__plan(const char *kernel_release, char **version, char **flags, struct error *err);

#endif
