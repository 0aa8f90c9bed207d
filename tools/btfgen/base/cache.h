/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A directory of files that can be had again: when space is short, those used longest
 * ago go first, and those in use stay. A file in use is held by flock(2) on itself, by
 * any number of readers or one writer, of this process or others; what was used when is
 * its mtime, since many systems don't keep atime. No subdirectories.
 */
#ifndef BTFGEN_CACHE_H
#define BTFGEN_CACHE_H

#include <stdint.h>

/* Hold an existing file and mark it as used. The descriptor (close it to let go), or -errno. */
int cache__hold(const char *path);
/*
 * Hold a file as its only writer, made if it is not there; waits for other holders. The
 * descriptor, or -errno (-ECANCELED).
 */
int cache__claim(const char *path);
/*
 * Rename a claimed file, and hold it as a reader from then on with the same descriptor.
 * -EAGAIN: another process dropped it in between.
 */
int cache__publish(int fd, const char *path, const char *new_path);
/*
 * Drop files, those used longest ago first, until the directory's files take at most
 * `limit` bytes of disk and `at_least` bytes are freed, or all that is left is in use.
 */
int cache__drop(const char *dir, uint64_t limit, uint64_t at_least);
/* Bytes of disk that the directory's files take. */
int cache__usage(const char *dir, uint64_t *bytes);

#endif
