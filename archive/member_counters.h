/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Unit counters in the names of members (base/counted_name.h), which keep copies of one struct
 * apart.
 */
#ifndef ARCHIVE_MEMBER_COUNTERS_H
#define ARCHIVE_MEMBER_COUNTERS_H

#include "type_graph.h"

/*
 * Names members of structs and unions without their counter, where members carry more than one
 * counter for their stem. Other names stay. *count: how many names went. -ENOMEM; the graph
 * has changed in part then.
 */
int member_counters__unify(struct type_graph *graph, uint32_t *count);

#endif
