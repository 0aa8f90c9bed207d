/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Kernels one after another, each stored as what is new in it. A kernel's types come in two
 * streams: data types, and functions, which nobody needs who relocates an object.
 *
 * A stream says which records of the kernel before stay, which go, and what comes instead.
 * Of what comes, values of one meaning stand together (columns.h). A string or type that a
 * column has had before is a number; the columns of the records that go are what zstd may
 * refer back to, so that a struct with one more member costs that member.
 *
 * Members' offsets and the sizes of structs are told only where they are not what a
 * compiler would make of the members' types.
 */
#ifndef ARCHIVE_LINEAGE_H
#define ARCHIVE_LINEAGE_H

#include "base/buf.h"
#include "columns.h"
#include "record_set.h"
#include "told.h"

struct lineage {
	struct pool pool;
	struct record_set set;      /* the kernel that was told last */
	bool begun;                 /* there is one */
	/* what data streams and function streams have told: strings, and records without a name */
	struct told strings, nested;
	struct numbers by_name;     /* the last kernel's record of each name, or 0 */
	/* room that each kernel uses again */
	struct record_set spare;
	struct numbers places;
	struct columns_reader reader;
};

/* In `by_name`, while a kernel is followed: it comes, and this is its number of those. */
#define LINEAGE_ARRIVING 0x80000000u

int lineage__init(struct lineage *lineage);
void lineage__free(struct lineage *lineage);
/* One that goes on from the same kernel by itself. -ENOMEM. */
int lineage__copy(const struct lineage *lineage, struct lineage *copy);

/*
 * The streams of the kernel that follows, which becomes the last one. `graph` is canonical.
 * -ENOTSUP: a data type refers to a function or a tag of one; -E2BIG: it has more types or
 * names than the streams can number; -ENOMEM, -ECANCELED, -EIO. After an error the lineage is
 * of no use.
 */
int lineage__tell(struct lineage *lineage, const struct type_graph *graph,
		  const struct columns_effort *effort, struct buf *data, struct buf *functions);

/*
 * The kernel that these streams tell becomes the last one. Without its function stream
 * (NULL) it has none, and neither have those that follow. -EBADMSG: they are damaged, or
 * follow another kernel; -ENOMEM. After an error the lineage is of no use.
 */
int lineage__follow(struct lineage *lineage, const void *data, size_t data_size,
		    const void *functions, size_t functions_size);

#endif
