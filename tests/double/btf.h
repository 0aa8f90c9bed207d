/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef DOUBLE_BTF_H
#define DOUBLE_BTF_H

#include <stddef.h>

#include "verdict.h"

/* BPF_BTF_LOAD: kinds of types, and bits in them, that the kernel does not know. */
int btf__check(const void *data, size_t size, struct verdict *verdict);

#endif
