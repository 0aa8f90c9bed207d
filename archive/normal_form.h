/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The normal form of types that were never deduplicated, whose copies differ in what CO-RE
 * cannot see.
 *
 * - A type's *layout* is its own content and, where it holds others as a part of itself (as
 *   member, element, or under a typedef or qualifier), their layouts. Of what is behind a
 *   pointer, and of a function's parameters, kind and name count alone, and of types without a
 *   name there what they are made of; a forward declaration counts as what it declares.
 * - Types of one kind, name and layout become one. It refers to what most of them refer to;
 *   where as many refer to something else, the order of layouts decides.
 * - A forward declaration becomes the struct or union that it declares, if all of that name
 *   have one layout. Else nothing says which it means, and it stays.
 * - What is left is in canonical order (canonical.h).
 */
#ifndef ARCHIVE_NORMAL_FORM_H
#define ARCHIVE_NORMAL_FORM_H

#include "type_graph.h"

/*
 * Strings of `normal` are those of `graph`. `map` has room for graph->type_count numbers: of
 * each type the one that stands for it; 0 where a type without a name has none, as it is part of
 * others that have one. Errors: as type_graph__canonicalize().
 */
int normal_form__of(const struct type_graph *graph, struct type_graph *normal, uint32_t *map);

#endif
