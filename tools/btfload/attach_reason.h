/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In words, why a program could not be attached. */
#ifndef BTFLOAD_ATTACH_REASON_H
#define BTFLOAD_ATTACH_REASON_H

#include <stdbool.h>

/* What this machine attaches programs by. */
struct attach_means {
	bool tracefs; /* can be read, at either of its usual paths */
	bool kprobes; /* unless it is sure that the kernel has none */
};

struct attach_means attach_means__find(void);
/*
 * What stands behind the error for a program of this section; NULL where the error says it
 * all itself.
 */
const char *attach_reason__of(const char *section, int err, const struct attach_means *means);
/* What to do about a reason, which may be that of many programs: to be said once. Or NULL. */
const char *attach_reason__remedy(const char *reason);

#endif
