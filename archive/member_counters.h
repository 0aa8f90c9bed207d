/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Unit counters in the names of members (base/counted_name.h), which keep copies of one struct
 * apart.
 */
#ifndef ARCHIVE_MEMBER_COUNTERS_H
#define ARCHIVE_MEMBER_COUNTERS_H

#include "type_graph.h"

/*
 * Counts such members anew in each struct or union, from 0, in place of the unit's counter,
 * where members carry more than one for their stem: so each copy gets the same names, and no
 * two members of one scope of C the same one. Members that have no name count as what they
 * hold; what is held so in several places, at other counts, counts for itself. Other names stay.
 * *count: how many names went. -EBADMSG: new names are longer than any kernel's; -ENOMEM; the
 * graph has changed in part then.
 */
int member_counters__unify(struct type_graph *graph, uint32_t *count);

#endif
