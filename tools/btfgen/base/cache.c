/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/cleanup.h"

#define LOCK_POLL_MS 50

/* ---- holding -------------------------------------------------------------------- */

static bool is_still_named(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

/*
 * Wait for a lock as long as the file has its name. One that was renamed or dropped is
 * not the wanted one any more, and its new holders may keep it for long: -EAGAIN.
 */
static int lock_named(int fd, const char *path, int how)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };

	while (flock(fd, how | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (!is_still_named(fd, path))
			return -EAGAIN;
		if (cancel__requested())
			return -ECANCELED;
		nanosleep(&pause, NULL);
	}
	return is_still_named(fd, path) ? 0 : -EAGAIN;
}

static int hold(const char *path, int flags, int how)
{
	for (;;) {
		_cleanup_close_ int fd = open(path, flags | O_CLOEXEC, 0666);
		int status;

		if (fd < 0)
			return -errno;
		status = lock_named(fd, path, how);
		if (!status)
			return steal_fd(&fd);
		if (status != -EAGAIN)
			return status;
	}
}

int cache__hold(const char *path)
{
	int fd = hold(path, O_RDONLY, LOCK_SH);

	if (fd >= 0 && futimens(fd, NULL) < 0) {
		/* a read-only cache drops nothing either */
	}
	return fd;
}

int cache__claim(const char *path)
{
	return hold(path, O_RDWR | O_CREAT, LOCK_EX);
}

int cache__publish(int fd, const char *path, const char *new_path)
{
	if (rename(path, new_path) < 0)
		return -errno;
	/* flock(2) changes a lock in two steps, and somebody may drop the file in between */
	return lock_named(fd, new_path, LOCK_SH);
}

/* ---- dropping ------------------------------------------------------------------- */

struct cached {
	char *name;
	uint64_t bytes;
	struct timespec used;
};

struct listing {
	struct cached *items;
	size_t count;
	uint64_t bytes;
};

static void listing__free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].name);
	free(listing->items);
}

static int add_cached(struct listing *listing, const char *name, const struct stat *st)
{
	struct cached *more = reallocarray(listing->items, listing->count + 1, sizeof(*more));
	/* blocks, not length: an unfinished file may have more reserved than it holds */
	uint64_t bytes = (uint64_t)st->st_blocks * 512;

	if (!more)
		return -ENOMEM;
	listing->items = more;
	more[listing->count].name = strdup(name);
	if (!more[listing->count].name)
		return -ENOMEM;
	more[listing->count].bytes = bytes;
	more[listing->count].used = st->st_mtim;
	listing->count++;
	listing->bytes += bytes;
	return 0;
}

static int by_use(const void *left, const void *right)
{
	const struct cached *a = left, *b = right;

	if (a->used.tv_sec != b->used.tv_sec)
		return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
	if (a->used.tv_nsec != b->used.tv_nsec)
		return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int list(const char *path, struct listing *listing)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	int status = 0;

	if (!dir)
		return -errno;
	while (!status && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			status = add_cached(listing, entry->d_name, &st);
	closedir(dir);
	if (listing->count)
		qsort(listing->items, listing->count, sizeof(*listing->items), by_use);
	return status;
}

static bool drop_one(const char *dir, const struct cached *cached)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	if (asprintf(&path, "%s/%s", dir, cached->name) < 0) {
		path = NULL;
		return false;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_named(fd, path) &&
	       unlink(path) == 0;
}

int cache__drop(const char *dir, uint64_t limit, uint64_t at_least)
{
	cleanup(listing__free) struct listing listing = {};
	uint64_t freed = 0;
	int status = list(dir, &listing);

	if (status)
		return status;
	for (size_t i = 0; i < listing.count; i++) {
		if (listing.bytes - freed <= limit && freed >= at_least)
			break;
		if (drop_one(dir, &listing.items[i]))
			freed += listing.items[i].bytes;
	}
	return 0;
}

int cache__usage(const char *dir, uint64_t *bytes)
{
	cleanup(listing__free) struct listing listing = {};
	int status = list(dir, &listing);

	*bytes = listing.bytes;
	return status;
}
