/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the members of an ar archive lie, which is what a .deb is. Names of up to 15 bytes, as a
 * .deb's have. Not supported: tables of long names.
 */
#ifndef BTFGEN_AR_MEMBER_H
#define BTFGEN_AR_MEMBER_H

#include <stdint.h>

#include "base/byte_source.h"
#include "base/error.h"

struct ar_member {
	char name[17];
	uint64_t offset;      /* of its bytes in the source */
	uint64_t size;
};

/*
 * The first member whose name begins so. Errors: -ENOEXEC (no ar archive), -ENOENT (no such
 * member), -EBADMSG (damaged; a member goes beyond the end), the source's.
 */
int ar_member__find(struct byte_source *source, const char *prefix, struct ar_member *member,
		    struct error *err);

#endif
