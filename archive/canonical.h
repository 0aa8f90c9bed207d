/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The canonical form of a kernel's types: the same bytes whichever order an encoder wrote
 * them in.
 *
 * - Types that nothing can tell apart are one: those of one kind, name and content, whose
 *   references lead to types that nothing can tell apart (bisimulation, by refinement of
 *   partitions).
 * - Types without a name come first, then those with one by name, as newest kernels and
 *   libbpf sort theirs for binary search; of one name by kind; of one name and kind the
 *   most referenced first.
 * - What is left to decide is decided by content: kind, flag, size, names, offsets, and then
 *   by the order of what is referred to.
 * - Types without a name are numbered as they are first met when all others are walked in
 *   their order, a type before what it refers to; those that nobody refers to come last.
 * - Strings are in the order of their first use.
 */
#ifndef ARCHIVE_CANONICAL_H
#define ARCHIVE_CANONICAL_H

#include "type_graph.h"

/*
 * `graph` in canonical order; strings are the same ones. -ELOOP: types without a name
 * refer to each other in a circle or nest deeper than CANONICAL_MAX_DEPTH, or types that
 * differ do so only behind very many references; -ENOMEM. `map`, if not NULL, has room for
 * graph->type_count numbers: each type's in the canonical form.
 */
int type_graph__canonicalize(const struct type_graph *graph, struct type_graph *canonical,
			     uint32_t *map);

/*
 * Proves that `canonical`, which has the same strings, tells what `graph` does: that each of
 * its types has one there with the same content, whose references lead to those of what it
 * refers to itself, and that the canonical form has no other. `map` says which, by type, as
 * the former fills it in. It asks nothing of how it was found.
 */
bool type_graph__is_image(const struct type_graph *graph, const struct type_graph *canonical,
			  const uint32_t *map);

/*
 * The canonical form of BTF, proved to be it. -EINVAL: it is none, or has no canonical form;
 * -ENOTSUP: a kind that is unknown; -EIO: the proof fails; -ENOMEM.
 */
int canonical__of(const void *btf, size_t size, struct type_graph *canonical);

#define CANONICAL_MAX_DEPTH 64

#endif
