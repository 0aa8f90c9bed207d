/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Member names that carry a compiler's unit counter. The kernel's __UNIQUE_ID(stem)
 * gives "__UNIQUE_ID_<stem><__COUNTER__>", and RHEL's RH_KABI_REPLACE (and its likes in
 * other vendors' kernels) names union members so. The counter differs from unit to
 * unit, hence no two units' copies of task_struct are equal, and BTF deduplication
 * fails. With the counters blanked they are.
 *
 * Not supported, and left alone with a note: names in a compressed .debug_str, and names
 * held inline in .debug_info (compilers do that for strings shorter than a reference).
 */
#ifndef BTFGEN_UNIT_COUNTER_H
#define BTFGEN_UNIT_COUNTER_H

#include "base/error.h"

/*
 * Overwrite, in the file's .debug_str, the counter of each string __UNIQUE_ID_<stem><N>
 * that names a member of a struct or union, where such members carry more than one
 * counter for their stem. A string stays as it is when a symbol has that name, or when
 * another name shares its bytes (linkers merge the tails of strings). Where nothing is
 * to do, the file is not even opened for writing.
 *
 * *notes is what was done, a remark a line without a newline at the end, or "";
 * malloc'ed. Errors: -ENODATA (no DWARF), -EBADMSG (damaged), -ECANCELED, -ENOMEM, and
 * those of open(2) and write(2).
 */
int unit_counter__unify(const char *path, char **notes, struct error *err);

#endif
