/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A folder looked through for kernels: packages, vmlinux, vmlinuz, BTFHub's files. */
#ifndef BTFGEN_KERNEL_FILES_H
#define BTFGEN_KERNEL_FILES_H

#include "base/error.h"

/*
 * The files below `directory` that by their name may hold a kernel, in the order of their
 * names; links are passed over. To be freed by words__free(); may be empty. Errors: -ENOMEM,
 * and -EIO for a folder that cannot be read.
 */
int kernel_files__find(const char *directory, char ***paths, struct error *err);

#endif
