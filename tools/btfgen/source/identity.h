/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files by which a repository's servers know who may fetch: TLS client certificates. */
#ifndef BTFGEN_IDENTITY_H
#define BTFGEN_IDENTITY_H

#include "base/error.h"
#include "base/transfer.h"
#include "source/repository.h"

struct identity {
	char *certificate;      /* all NULL where the repository wants none */
	char *key;
	char *ca_file;
};

/*
 * The first pair of files that match the repository's patterns. -ENOENT: there is none,
 * and the text says where it was looked for; -EACCES; -ENOMEM. To be freed in each case.
 */
int identity__find(const struct repository *repository, struct identity *identity,
		   struct error *err);
void identity__free(struct identity *identity);

/* What transfers take; lent. */
struct transfer_identity identity__files(const struct identity *identity);

#endif
