/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signatures over the header of an .rpm, and what they are worth together: a package of
 * format 6 may have several, by keys of different kinds, and one that counts will do.
 *
 * Not thread-safe: librpm is not, so rpm_header.c holds its lock around these.
 */
#ifndef BTFGEN_RPM_SIGNATURE_H
#define BTFGEN_RPM_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/keyring.h"

#define RPM_KEY_ID_HEX 17

/* In ascending order: the best of a package's signatures decides, and is told of. */
enum rpm_standing {
	RPM_NOT_SIGNED,
	RPM_UNREADABLE,     /* also: of a kind that this librpm does not know */
	RPM_WEAK_HASH,
	RPM_NO_KEY,         /* by a key that no keyring has */
	RPM_DOES_NOT_FIT,   /* its key is there, and says no */
	RPM_NOT_PINNED,     /* good, by a key that the manifest does not name */
	RPM_GOOD,
};

struct rpm_verdict {
	enum rpm_standing standing;
	char key_id[RPM_KEY_ID_HEX];
	bool over_sha1;     /* which librpm with Sequoia refuses like one that does not fit */
	char *fingerprint;  /* upper-case hex; of a good signature only */
};

/*
 * Judge one OpenPGP packet over `header`, and keep what is better than the verdict has.
 * Errors: only where a keyring can't be read (-EKEYREJECTED) or memory is out.
 */
int rpm_verdict__add(struct rpm_verdict *verdict, const struct trust *trust,
		     const uint8_t *header, size_t header_size, const uint8_t *packet,
		     size_t packet_size, struct error *err);
/* A signature in base64, as packages of format 6 have it. */
int rpm_verdict__add_text(struct rpm_verdict *verdict, const struct trust *trust,
			  const uint8_t *header, size_t header_size, const char *text,
			  struct error *err);
/* 0 where it is good, or -EKEYREJECTED with the reason, for the package `path`. */
int rpm_verdict__say(const struct rpm_verdict *verdict, const struct trust *trust,
		     const char *path, struct error *err);
void rpm_verdict__free(struct rpm_verdict *verdict);

#endif
