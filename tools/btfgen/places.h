/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Layouts of the field that name a kernel by distribution, release, architecture and `uname -r`,
 * and have one place for all builds of it.
 */
#ifndef BTFGEN_PLACES_H
#define BTFGEN_PLACES_H

#include "entry_source.h"

/* 0, 1 if it has no place for the entry (which was said), -errno with *err. */
typedef int visit_place(void *ctx, const struct kbtf_entry *entry, struct error *err);

/*
 * Visit the first entry that matches of each place; others of the same place are named as errors.
 * -ESRCH: none matches; -ENOTUNIQ: some were left out, and *visited were not.
 */
int places__visit(const struct kbtf_archive *archive, const struct entry_filter *filter,
		  visit_place *visit, void *ctx, size_t *visited, struct error *err);

/*
 * Write BTF of those that match below the directory `out`, as DISTRO/RELEASE/ARCH/KERNEL.btf or
 * packed, as BTFHub has it, KERNEL.btf.tar.xz.
 */
int places__write_tree(const struct entry_source *source, const struct entry_filter *filter,
		       bool packed, const char *out, size_t *written, struct error *err);

/*
 * The tar that bcc's libbpf-tools have in them, min_core_btfs.tar.gz: ./DISTRO/RELEASE/ARCH/
 * KERNEL.btf, and the other paths by which they look for the same kernel.
 */
int places__write_bcc(const struct entry_source *source, const struct entry_filter *filter,
		      const char *out, size_t *written, struct error *err);

#endif
