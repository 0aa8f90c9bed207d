/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * OpenPGP signatures of indexes, checked by gpgv: a program with nothing but that to do,
 * which every Debian has for apt.
 *
 * One good signature is enough, as with apt, and one that is bad is too much, whatever
 * the others are; those of unknown keys do not count, nor those of keys that are not
 * pinned where some are. Signatures over MD5, SHA-1 or
 * RIPEMD-160 never count. The line protocol is gnupg's doc/DETAILS.
 */
#ifndef BTFGEN_OPENPGP_H
#define BTFGEN_OPENPGP_H

#include <stdbool.h>

#include "base/error.h"

struct openpgp_policy {
	/* Files or directories of keys; those that do not exist are passed over. */
	const char *const *keyrings;
	const char *const *keys;     /* fingerprints that count, as in struct trust */
	const char *keyring_package; /* that has them, for the message; or NULL */
	const char *scratch;         /* directory for temporary files */
	bool accept_expired_keys;    /* an ended release, whose keys had to expire some day */
};

/*
 * Errors, for both: -ENOKEY (no keyring on this machine, or no key of any signer in it),
 * -EKEYREJECTED (bad signature, weak digest, revoked key, no signature at all),
 * -EKEYEXPIRED, -ENOENT (no gpgv, or no such file). `name` is the URL or file, for
 * messages. *fingerprint is the signer's primary key in upper-case hex, malloc'ed.
 */

/*
 * A clear-signed file. The text that the signature covers, and nothing else that the
 * file holds, is written to `text_path`; on failure there is none.
 */
int openpgp__verify_clearsigned(const char *path, const char *name, const char *text_path,
				const struct openpgp_policy *policy, char **fingerprint,
				struct error *err);
int openpgp__verify_detached(const char *path, const char *signature_path, const char *name,
			     const struct openpgp_policy *policy, char **fingerprint,
			     struct error *err);
/*
 * Whether all of these (fingerprints of primary keys in hex, NULL-ended) are keys of the keyrings
 * at hand; false also where those can't be read.
 */
bool openpgp__has_keys(const struct openpgp_policy *policy, const char *const *fingerprints);
/* The text inside a clear-signed file, believed by nobody: for --allow-unsigned. */
int openpgp__strip_signature(const char *path, const char *text_path, struct error *err);

#endif
