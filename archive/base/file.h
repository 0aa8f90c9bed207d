/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Whole files: read at once, replaced at once. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * All bytes of a file and a NUL behind them that is not counted; *data is malloc'ed.
 * Files in /proc and /sys, whose size stat does not know, work too. EFBIG if there
 * are more than `limit` bytes.
 */
int file__read(const char *path, size_t limit, void **data, size_t *size);

/*
 * A file that takes the place of `path` in one step: written under a temporary name
 * in the same directory, and gone again unless file__commit() succeeded.
 */
struct new_file {
	char *path;
	char *tmp_path;
	int fd;
};

/* mode as for open(2). *file must be zeroed or fresh; end with file__discard() always. */
int file__begin(struct new_file *file, const char *path, unsigned int mode);
/* All of it, also where write(2) writes less. */
int file__write(int fd, const void *data, size_t size);
/* fsync, rename, fsync of the directory. */
int file__commit(struct new_file *file);
/* Remove what was not committed; harmless after a commit. Keeps errno. */
void file__discard(struct new_file *file);

/*
 * Remove temporary files that killed processes left behind while they replaced `path`.
 * Only for a caller that knows no other process is at it now: one that holds a lock.
 */
void file__sweep(const char *path);

/* Begin, write and commit in one. */
int file__replace(const char *path, const void *data, size_t size, unsigned int mode);

#define _cleanup_new_file_ __attribute__((__cleanup__(file__discard)))

#endif
