/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What URLs answered in this run, each asked once, by whichever thread comes first: suites
 * and architectures ask a service for the same. A failure is an answer, too: it was tried as
 * often as the user wants.
 */
#ifndef BTFGEN_URL_CACHE_H
#define BTFGEN_URL_CACHE_H

#include "base/error.h"

struct access;
struct url_cache;

/* NULL without memory. */
struct url_cache *url_cache__new(void);
/* With the files; nobody may be asking any more. */
void url_cache__free(struct url_cache *cache);

/* The file of the answer in *path, lent. Errors: those of access__fetch(). */
int url_cache__get(struct url_cache *cache, struct access *access, const char *url,
		   const char **path, struct error *err);

#endif
