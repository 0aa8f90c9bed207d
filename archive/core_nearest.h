/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What a kernel has in place of what a relocation asks for and does not find, in words. */
#ifndef ARCHIVE_CORE_NEAREST_H
#define ARCHIVE_CORE_NEAREST_H

#include "base/buf.h"
#include "core.h"

/*
 * `wrong` gets what is lacking ("no such type", "struct x has no such member"); `nearest` a
 * type, member or enumerator of a similar name, or the member that lies where the object
 * thinks that its own does; nothing, where none comes close.
 */
void core_nearest__find(const struct core_object *object, const struct core_spec *spec,
			const struct core_target *target, struct buf *wrong, struct buf *nearest);

/* The same for one candidate that does not have it. */
void core_nearest__of(const struct core_object *object, const struct core_spec *spec,
		      const struct core_target *target, uint32_t candidate, struct buf *wrong,
		      struct buf *nearest);

#endif
