/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The working directory (--work, default $XDG_CACHE_HOME/btfgen): what can be had
 * again, so all of it may be deleted at any time.
 *
 *   index/      what the distributions' signed indexes said, already checked
 *   packages/   downloaded packages, a cache with a size limit; *.part are unfinished
 *   tmp/run-*   scratch of one process each, removed at its end. A killed process
 *               leaves its own behind, unlocked, and the next one removes it.
 */
#ifndef BTFGEN_WORKDIR_H
#define BTFGEN_WORKDIR_H

#include "base/error.h"

struct workdir;

/* `path` NULL: the default. Makes what is missing. */
struct workdir *workdir__open(const char *path, struct error *err);
void workdir__close(struct workdir *work);
const char *workdir__index(const struct workdir *work);
const char *workdir__packages(const struct workdir *work);
/* A new empty directory under this process's scratch. malloc'ed; see workdir__drop(). */
char *workdir__scratch(struct workdir *work, struct error *err);
/* Remove a scratch directory and all files in it; `keep` leaves it (--keep). Frees it. */
void workdir__drop(char *scratch, int keep);

/* mkdir -p with mode 0777 less the umask. */
int make_dirs(const char *path);

#endif
