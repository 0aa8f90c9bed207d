/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The header of an .rpm: which files it holds, with their digests, and who signed that.
 * librpm parses and verifies, against keyring files alone: no RPM database and no
 * configuration is read. The bytes that are hashed are those that are parsed, whole,
 * so nothing outside of the signature is believed. Formats 4 and 6, each with librpm 4 and
 * 6. (format: rpm's docs/manual/format_v4.md and format_v6.md)
 *
 * Not supported: signatures that cover header and payload at once and nothing else
 * (before RPM 4.1). librpm 4.18 asks for neither the expiry of a key nor its revocation: a
 * keyring holds the keys that are trusted.
 */
#ifndef BTFGEN_RPM_HEADER_H
#define BTFGEN_RPM_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/keyring.h"

#define RPM_DIGEST_MAX 64

struct rpm_file {
	char *path;                   /* without leading "/" */
	mode_t mode;
	uint64_t size;
	uint64_t stored;              /* what of it the payload has: 0 for a further name, a folder */
	uint32_t names;               /* hard links to it in this package, itself among them */
	char *link_target;            /* of a symbolic link; else NULL */
	int digest_algorithm;         /* OpenPGP number: 8 is SHA-256; 1, MD5 */
	uint8_t digest[RPM_DIGEST_MAX];
	size_t digest_len;            /* 0: no digest is listed (links, directories) */
};

struct rpm_header {
	struct rpm_file *files;       /* of all types, in the header's order: payloads count so */
	size_t file_count;
	char *signed_by;              /* fingerprint of the key, upper-case hex, or NULL */
};

/*
 * Read and check: the header's digests always; with keyrings (`trust` may be NULL) its
 * signature, too. Errors: -EBADMSG (no .rpm, cut off, damaged, or a digest is wrong),
 * -EKEYREJECTED (no signature, a bad one, or one by none of the keys), -ENOENT and others
 * of open(2).
 */
int rpm_header__read(const char *path, const struct trust *trust, struct rpm_header *header,
		     struct error *err);
void rpm_header__free(struct rpm_header *header);
/* Lent; NULL: the header lists no regular file of this path. */
const struct rpm_file *rpm_header__find(const struct rpm_header *header, const char *path);

/* Whether a file's digest is of a kind that nobody can forge today (SHA-2, SHA-3). */
bool rpm_file__is_strong(const struct rpm_file *file);

/* The digest of a file's content as it streams by. NULL: an unknown algorithm. */
struct rpm_digest;
struct rpm_digest *rpm_digest__new(const struct rpm_file *file);
void rpm_digest__update(struct rpm_digest *digest, const void *data, size_t size);
/* End and compare with what the header lists. To be freed all the same. */
bool rpm_digest__matches(struct rpm_digest *digest);
void rpm_digest__free(struct rpm_digest *digest);

#endif
