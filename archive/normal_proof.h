/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* That types in normal form say of every member's path what those say that came in. */
#ifndef ARCHIVE_NORMAL_PROOF_H
#define ARCHIVE_NORMAL_PROOF_H

#include "type_graph.h"

/*
 * Proves of each type of `graph` with a name, and of each that nothing refers to, that map[type]
 * in `normal` stands for it: that
 * - it has the same kind and name (a struct or union may stand for its declaration);
 * - it has the same size, members, enumerators and so on, but for unit counters in the names
 *   of members, each at the same offset and of the same bitfield size;
 * - what is part of it, with whatever types without a name in between, is part of it there, or
 *   has a name and is stood for by what is part of it there: so the same holds for each path
 *   of members, however deep;
 * - what it points to has the same kind and name, or without a name is made of the same;
 * and that `normal` has no type with a name that stands for none. It asks nothing of how
 * `normal` was found, and reads both by their own strings.
 *
 * 0; -EIO, with the type of `graph` at fault in *at_fault, or 0 if it is one of `normal`;
 * -ELOOP: types without a name refer to each other too often to be followed; -ENOMEM.
 */
int normal_proof__check(const struct type_graph *graph, const struct type_graph *normal,
			const uint32_t *map, uint32_t *at_fault);

#endif
