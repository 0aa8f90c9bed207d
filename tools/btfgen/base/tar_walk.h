/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The members of a tar archive by their headers, one after the other; of their contents not a
 * byte is read. ustar and GNU's variant, with long names of GNU's and of pax, sizes in octal,
 * in base 256 or of pax.
 *
 * Not supported: sparse files of any kind and archives of several volumes (-ENOTSUP); headers
 * without magic, as tar wrote them before 1988.
 */
#ifndef BTFGEN_TAR_WALK_H
#define BTFGEN_TAR_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TAR_BLOCK 512
#define TAR_NAME_MAX 4096

struct tar_walk {
	/* `len` bytes from `offset`: 0, or a negative errno with *err set. */
	int (*read)(void *context, uint64_t offset, void *buf, size_t len, struct error *err);
	void *context;
	const char *name;    /* of the archive, for messages */
	uint64_t size;       /* all bytes of the archive, with what is behind its end */
	uint64_t at;         /* the next header; set it to begin elsewhere */
};

struct tar_member {
	char name[TAR_NAME_MAX + 1];
	uint64_t header;     /* where it begins, with all headers that belong to it */
	uint64_t body;       /* where its contents do */
	uint64_t size;       /* of its contents here: 0 for links and folders */
	bool is_file;        /* a regular one, and no link */
};

/*
 * 1: *member is the next one; 0: the archive's end; or -EBADMSG (damaged: a header that is none,
 * contents beyond the end), -ENOTSUP, and what read() gives.
 */
int tar_walk__next(struct tar_walk *walk, struct tar_member *member, struct error *err);

/* Whether these 512 bytes are a header: a magic and a checksum that is right. */
bool tar_header__is_one(const void *block);
/* That it is one, and how long its contents are. */
bool tar_header__body_size(const void *block, uint64_t *size);
/* Of what belongs to the header behind it: a long name, pax records. */
bool tar_header__is_prefix(const void *block);

#endif
