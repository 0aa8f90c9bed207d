/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which of an object's programs get loaded on a kernel, and what that makes of the object. */
#ifndef ARCHIVE_CHECK_CHOICE_H
#define ARCHIVE_CHECK_CHOICE_H

#include "check_program.h"

/*
 * All of them, as btfload goes about it: of alternatives the first that loads, and what does not
 * load is left out, unless the check is strict. -ENOMEM.
 */
int check_programs(const struct object_check *check, struct report_draft *draft);

#endif
