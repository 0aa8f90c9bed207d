/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage: a vmlinux with DWARF becomes BTF: all of it by pahole (dwarves), the reference encoder,
 * whose output is parsed and checked before it counts; or what certain objects may ask for, by
 * base/dwarf_types.h.
 */
#ifndef BTFGEN_ENCODE_H
#define BTFGEN_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/meter.h"
#include "base/objects.h"

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
 * pahole's deduplication needs. Errors: -ENODATA (no DWARF: stripped), -ENOTSUP (packed by dwz, before
 * pahole 1.32, or split), -ENOENT (no pahole: how to install it), -EBADMSG (pahole failed, or its output is no good:
 * empty, without task_struct, or a struct's size differs from DWARF's), -ETIMEDOUT,
 * -ENOMEM, -ECANCELED.
 */
int encode__vmlinux(const char *vmlinux, const struct encode_opts *opts,
		    struct encoded *encoded, struct error *err);
void encoded__free(struct encoded *encoded);

/* Of the rules by which encode__wanted() makes BTF: with another, work done is to be done again. */
#define ENCODE_WANTED_VERSION "2"

struct encode_wanted_opts {
	const char *kernel_release;    /* enumerations depend on it; "" or NULL: unknown */
	const struct objects *objects; /* at least one */
	unsigned int threads;          /* 0: 1 */
	/* as the pahole that it is to be compared with; else false */
	bool nested_arrays;
	struct meter *meter;
};

/*
 * BTF to be minimized for the objects, and good for nothing else; the file is not changed. No
 * notes. Errors: those of dwarf_types__read(), -EBADMSG too without struct task_struct.
 */
int encode__wanted(const char *vmlinux, const struct encode_wanted_opts *opts,
		   struct encoded *encoded, struct error *err);

/*
 * Whether the pahole in PATH makes arrays of several dimensions arrays of arrays, as it does
 * from 1.32 on. -ENOENT without pahole.
 */
int encode__nests_arrays(bool *nests, struct error *err);

/*
 * Version and flags that encode__vmlinux would use for a kernel release, to know
 * whether work done is work to do. Both malloc'ed. -ENOENT without pahole.
 */
int encode__plan(const char *kernel_release, char **version, char **flags, struct error *err);

#endif
