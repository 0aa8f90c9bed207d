/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In words, why a program could not be attached. */
#ifndef BTFLOAD_ATTACH_REASON_H
#define BTFLOAD_ATTACH_REASON_H

#include <stdbool.h>

/* Whether the kernel's list of trace events can be read, by either of its usual paths. */
bool attach_reason__has_tracefs(void);
/*
 * What stands behind the error for a program of this section; NULL where the error says it
 * all itself.
 */
const char *attach_reason__of(const char *section, int err, bool has_tracefs);

#endif
