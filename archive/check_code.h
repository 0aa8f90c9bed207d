/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Whether a kernel's verifier takes a program's code: what tells of it without the verifier
 * itself. That the code is too complex for it, or that it loses track of what a number can be,
 * nobody knows before.
 */
#ifndef ARCHIVE_CHECK_CODE_H
#define ARCHIVE_CHECK_CODE_H

#include "check_program.h"

/* -ENOMEM */
int check_code(const struct object_check *check, const struct check_program *program,
	       const struct reach *reach, struct report_draft *draft);

#endif
