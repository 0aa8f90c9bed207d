/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Memory by the megabyte, in huge pages where the kernel gives some: most of what reading
 * costs a kernel is pages that are touched for the first time, one by one.
 */
#ifndef BASE_LARGE_H
#define BASE_LARGE_H

#include <stddef.h>

/* As malloc(3) and realloc(3); free(3) is for both. */
void *large__alloc(size_t size);
/* `used`: so many bytes of the old are kept. */
void *large__grow(void *old, size_t used, size_t size);

#endif
