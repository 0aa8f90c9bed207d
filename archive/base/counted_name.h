/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Names that the kernel's __UNIQUE_ID(stem) makes: "__UNIQUE_ID_<stem><N>", where N is the
 * compiler's __COUNTER__, which differs from unit to unit.
 */
#ifndef BASE_COUNTED_NAME_H
#define BASE_COUNTED_NAME_H

#include <stddef.h>

#define COUNTED_NAME_PREFIX "__UNIQUE_ID_"
#define COUNTED_NAME_PREFIX_LEN (sizeof(COUNTED_NAME_PREFIX) - 1)

/* Length of the name without its counter; 0 if it is none of these. */
size_t counted_name__stem_len(const char *name, size_t len);

#endif
