/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdatomic.h>
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

#define RUN_PREFIX "run-"
#define RUN_LOCK "lock"
#define KEEP_SUFFIX ".keep"
#define LOCK_POLL_MS 20

struct workdir {
	char *index;
	char *packages;
	char *tmp;
	char *run;                  /* tmp/run-<pid>-<random>, or NULL before it is made */
	int run_lock;               /* of run/lock; free again when this process is gone */
	atomic_uint scratch_count;
};

static void closedirp(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

int make_dirs(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return -ENOMEM;
	if (!*copy)
		return -ENOENT;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(copy, 0777) < 0 && errno != EEXIST)
		return -errno;
	if (stat(copy, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* ---- removing ------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	remove(path); /* what is gone already, or can't go, is left to the next run */
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static bool is_keep_mark(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(KEEP_SUFFIX) &&
	       strcmp(name + len - strlen(KEEP_SUFFIX), KEEP_SUFFIX) == 0;
}

/* Whether "<name>.keep" stands beside it: workdir__drop() was told so. */
static bool is_kept(int dir_fd, const char *name)
{
	char mark[NAME_MAX + 1];

	snprintf(mark, sizeof(mark), "%s" KEEP_SUFFIX, name);
	return faccessat(dir_fd, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A run's directory and all in it, but for the scratch that was to be kept. */
static void remove_run(const char *run)
{
	cleanup(closedirp) DIR *dir = opendir(run);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    is_keep_mark(entry->d_name) || is_kept(dirfd(dir), entry->d_name))
			continue;
		if (asprintf(&path, "%s/%s", run, entry->d_name) < 0) {
			path = NULL;
			break;
		}
		remove_tree(path);
	}
	rmdir(run); /* ENOTEMPTY where something was kept */
}

/* ---- locks ---------------------------------------------------------------------- */

/*
 * Take the lock that all starting processes take, of tmp/lock: between the making of a
 * run's directory and the taking of its own lock no other process may look. Anybody may
 * delete the file meanwhile, so it is checked to be still the one of that name.
 */
static int lock_tmp(struct workdir *work, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	struct stat held, named;

	if (asprintf(&path, "%s/" RUN_LOCK, work->tmp) < 0) {
		path = NULL;
		return error__oom(err);
	}
	for (;;) {
		_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return error__set(err, errno, "%s: %s", path, strerror(errno));
		while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };

			if (errno != EWOULDBLOCK && errno != EINTR)
				return error__set(err, errno, "%s: cannot lock it: %s", path,
						  strerror(errno));
			if (cancel__requested())
				return error__set(err, ECANCELED, "%s: interrupted", path);
			nanosleep(&pause, NULL);
		}
		if (fstat(fd, &held) == 0 && stat(path, &named) == 0 &&
		    held.st_ino == named.st_ino && held.st_dev == named.st_dev)
			return steal_fd(&fd);
	}
}

/* Runs whose lock is free, or who have none: killed. Called with tmp's lock held. */
static void sweep_runs(const struct workdir *work)
{
	cleanup(closedirp) DIR *dir = opendir(work->tmp);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *run = NULL;
		_cleanup_free_ char *lock = NULL;
		_cleanup_close_ int fd = -1;

		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0)
			continue;
		if (asprintf(&run, "%s/%s", work->tmp, entry->d_name) < 0) {
			run = NULL;
			break;
		}
		if (asprintf(&lock, "%s/" RUN_LOCK, run) < 0) {
			lock = NULL;
			break;
		}
		fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno != ENOENT)
			continue; /* another user's: not ours to judge */
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_run(run);
	}
}

static int make_run(struct workdir *work, struct error *err)
{
	_cleanup_free_ char *run = NULL;
	_cleanup_free_ char *lock = NULL;

	if (asprintf(&run, "%s/" RUN_PREFIX "%d-XXXXXX", work->tmp, (int)getpid()) < 0) {
		run = NULL;
		return error__oom(err);
	}
	if (!mkdtemp(run))
		return error__set(err, errno, "%s: %s", run, strerror(errno));
	work->run = steal_ptr(run);
	if (asprintf(&lock, "%s/" RUN_LOCK, work->run) < 0) {
		lock = NULL;
		return error__oom(err);
	}
	work->run_lock = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (work->run_lock < 0 || flock(work->run_lock, LOCK_EX | LOCK_NB) < 0)
		return error__set(err, errno, "%s: cannot lock it: %s", lock, strerror(errno));
	return 0;
}

/* ---- the directory -------------------------------------------------------------- */

static char *default_path(struct error *err)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *path = NULL;
	int len = -1;

	/* the XDG specification tells to ignore a path that is not absolute */
	if (cache && cache[0] == '/') {
		len = asprintf(&path, "%s/btfgen", cache);
	} else if (home && home[0]) {
		len = asprintf(&path, "%s/.cache/btfgen", home);
	} else {
		error__set(err, ENOENT,
			   "no working directory: neither XDG_CACHE_HOME nor HOME is set; "
			   "give one with --work DIR");
		errno = ENOENT;
		return NULL;
	}
	if (len < 0) {
		error__oom(err);
		errno = ENOMEM;
		return NULL;
	}
	return path;
}

static int make_part(const char *top, const char *name, char **part, struct error *err)
{
	int status;

	if (asprintf(part, "%s/%s", top, name) < 0) {
		*part = NULL;
		return error__oom(err);
	}
	status = make_dirs(*part);
	if (status)
		return error__set(err, status,
				  "%s: %s; choose another working directory with --work DIR",
				  *part, strerror(-status));
	return 0;
}

static int open_parts(struct workdir *work, const char *path, struct error *err)
{
	_cleanup_close_ int tmp_lock = -1;
	_cleanup_free_ char *top = NULL;
	int status = make_dirs(path);

	/* absolute, since children run in directories of their own */
	if (!status) {
		top = realpath(path, NULL);
		if (!top)
			status = -errno;
	}
	if (status)
		return error__set(err, status,
				  "%s: %s; choose another working directory with --work DIR", path,
				  strerror(-status));
	status = make_part(top, "index", &work->index, err);
	if (!status)
		status = make_part(top, "packages", &work->packages, err);
	if (!status)
		status = make_part(top, "tmp", &work->tmp, err);
	if (status)
		return status;
	tmp_lock = lock_tmp(work, err);
	if (tmp_lock < 0)
		return tmp_lock;
	sweep_runs(work);
	return make_run(work, err);
}

struct workdir *workdir__open(const char *path, struct error *err)
{
	_cleanup_free_ char *chosen = path ? strdup(path) : default_path(err);
	struct workdir *work;
	int status;

	if (!chosen) {
		if (path)
			error__oom(err);
		return NULL;
	}
	work = calloc(1, sizeof(*work));
	if (!work) {
		error__oom(err);
		return NULL;
	}
	work->run_lock = -1;
	status = open_parts(work, chosen, err);
	if (status) {
		workdir__close(work);
		errno = -status;
		return NULL;
	}
	return work;
}

void workdir__close(struct workdir *work)
{
	if (!work)
		return;
	if (work->run)
		remove_run(work->run);
	if (work->run_lock >= 0)
		close(work->run_lock);
	free(work->run);
	free(work->tmp);
	free(work->packages);
	free(work->index);
	free(work);
}

const char *workdir__index(const struct workdir *work)
{
	return work->index;
}

const char *workdir__packages(const struct workdir *work)
{
	return work->packages;
}

char *workdir__scratch(struct workdir *work, struct error *err)
{
	_cleanup_free_ char *scratch = NULL;
	unsigned int number = atomic_fetch_add(&work->scratch_count, 1);

	if (asprintf(&scratch, "%s/%u", work->run, number) < 0) {
		scratch = NULL;
		error__oom(err);
		return NULL;
	}
	if (mkdir(scratch, 0700) < 0) {
		error__set(err, errno, "%s: %s", scratch, strerror(errno));
		return NULL;
	}
	return steal_ptr(scratch);
}

void workdir__drop(char *scratch, int keep)
{
	_cleanup_free_ char *mark = NULL;
	int saved = errno;

	if (scratch && keep) {
		/* beside it, so that neither the end of this run nor a later sweep takes it */
		if (asprintf(&mark, "%s" KEEP_SUFFIX, scratch) < 0)
			mark = NULL;
		else
			close(open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	} else if (scratch) {
		remove_tree(scratch);
	}
	free(scratch);
	errno = saved;
}
