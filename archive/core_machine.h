/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Which machine types are of, by the registers that they save: struct pt_regs is another one on
 * each. Types with a flavour (pt_regs___arm64) do not count, since an object has those of several.
 */
#ifndef ARCHIVE_CORE_MACHINE_H
#define ARCHIVE_CORE_MACHINE_H

#include "core_target.h"

/* As `uname -m` has it, static; NULL: the types do not tell. */
const char *core_machine__of_object(const struct core_types *types);
const char *core_machine__of_kernel(const struct core_target *target);

/* Whether a type of the object's is one of those. */
bool core_machine__is_told_by(const struct core_types *types, uint32_t type);

#endif
