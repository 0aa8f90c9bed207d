/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A compressed tar made in memory: the same bytes each time, for no file has a time or an owner. */
#ifndef BTFGEN_TAR_FILE_H
#define BTFGEN_TAR_FILE_H

#include <stddef.h>

#include "base/buf.h"

struct tar_file;

enum tar_compression { TAR_GZIP, TAR_XZ };

/* Into *out, which must stay where it is until tar_file__free(). NULL: no memory. */
struct tar_file *tar_file__new(enum tar_compression compression, struct buf *out);
/* A plain file of mode 0644. -errno. */
int tar_file__add(struct tar_file *tar, const char *name, const void *data, size_t size);
/* Write what is left. -errno. */
int tar_file__finish(struct tar_file *tar);
void tar_file__free(struct tar_file *tar);

#endif
