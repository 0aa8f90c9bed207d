/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keyrings: files of OpenPGP keys, armored or binary, or directories of such files, as
 * distributions install them (/usr/share/keyrings, /etc/pki/rpm-gpg).
 */
#ifndef BTFGEN_KEYRING_H
#define BTFGEN_KEYRING_H

#include "base/error.h"

/* Whose signatures count. */
struct trust {
	/* NULL-ended; those that do not exist are passed over */
	const char *const *keyrings;
	/*
	 * Fingerprints of primary keys in upper-case hex, one of which must have signed,
	 * NULL-ended; NULL or empty: any key of the keyrings will do
	 */
	const char *const *keys;
};

/*
 * The files that are there, directories replaced by the key files in them (not below) in
 * the order of their names; to be freed by words__free(). May be an empty list. Errors:
 * -ENOMEM and those of opendir(3).
 */
int keyring__files(const char *const *keyrings, char ***files, struct error *err);

#endif
