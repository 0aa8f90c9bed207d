/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes to link into a program, as C or as an object file; either goes with one header:
 *   extern const unsigned char NAME[];   aligned for any use
 *   extern const size_t NAME_size;
 * An object has NAME_end as well, as the linker's own `-b binary` has.
 */
#ifndef BTFGEN_LINKABLE_H
#define BTFGEN_LINKABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Whether it can be the name of a variable in C. */
bool linkable__is_name(const char *text);
/* A name made of the last part of a path, without its suffix. malloc'ed; NULL without memory. */
char *linkable__name_of(const char *path);

void linkable__header(const char *name, struct buf *out);
void linkable__c(const char *name, const void *data, size_t size, struct buf *out);
/*
 * A relocatable ELF file for `arch`, as `uname -m` has it. -ENOTSUP: one whose objects are
 * not known, with those that are in *err.
 */
int linkable__object(const char *name, const char *arch, const void *data, size_t size,
		     struct buf *out, struct error *err);
/* Whether a header that is there was written by linkable__header(). */
bool linkable__is_header(const void *data, size_t size);

#endif
