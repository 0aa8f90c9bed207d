/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage: a package, checked, in the working directory's cache. Files there are named
 * by their SHA-256 (or, where the index gives none, by a digest of the URL), so what is
 * there is never another package; unfinished ones end in ".part" and are resumed.
 */
#ifndef BTFGEN_FETCH_H
#define BTFGEN_FETCH_H

#include "base/error.h"
#include "base/kernel.h"
#include "base/meter.h"
#include "base/transfer.h"
#include "base/workdir.h"

struct fetched {
	char *path;                   /* in the cache, or the file of a file: URL itself */
	char sha256[65];              /* of the whole package */
	uint64_t bytes;               /* that came over the network; 0: it was cached */
	int lock_fd;                  /* keeps the cache from dropping it while in use; or -1 */
	bool is_by_url;               /* in the cache, by no digest: it may be anything */
};

/*
 * Where the mirror that the index is of fails, the package's others are tried in turn;
 * what an unfinished download had is gone on from. Size and SHA-256 of the package are checked against the index (also for a cached
 * file that could have been damaged since: its digest is computed again). A mismatch is
 * -EBADMSG; the file is removed and fetched once more before that is believed.
 * Before the fetch there must be room for the package on the disk; after it the cache
 * is held under `cache_limit` bytes by dropping what was used longest ago; 0 keeps only
 * what is in use, UINT64_MAX all. What must go for want of room goes before the fetch.
 * What neither a digest nor a key vouches for is -EKEYREJECTED, unless the user accepts it.
 * Meter stages: "fetch", then "check". Errors: those of transfers__get(), with -EBADMSG
 * for a size or digest that differs. *fetched must be freed in each case.
 */
int fetch__package(struct transfers *transfers, struct workdir *work,
		   const struct package *package, uint64_t cache_limit, struct meter *meter,
		   struct fetched *fetched, struct error *err);
/*
 * What came of it is `res`. Where that may be the file's fault and no digest vouches for it,
 * the cache forgets it: a web page in its place must not stay there for good.
 */
void fetched__doubt(struct fetched *fetched, int res);
void fetched__free(struct fetched *fetched);

/* Whether the package need not be fetched: its file is here, if perhaps damaged. */
bool fetch__is_here(struct workdir *work, const struct package *package);

#endif
