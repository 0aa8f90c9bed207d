/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Scope guards. A guard never changes errno, so that a function may set it, return,
 * and have its guards run. What outlives the scope is taken out with steal_ptr() or
 * steal_fd().
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(func) __attribute__((__cleanup__(func)))

#define steal_ptr(ptr)                    \
	({                                \
		__auto_type _taken = ptr; \
		ptr = NULL;               \
		_taken;                   \
	})

static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void freep(void *ptr)
{
	free(*(void **)ptr);
}

static inline void closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void fclosep(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

/* Define `name` as the guard that calls `func` on a pointer that is not NULL. */
#define DEFINE_CLEANUP(name, type, func)         \
	static inline void name(type **ptr)      \
	{                                        \
		int saved = errno;               \
						 \
		if (*ptr)                        \
			func(*ptr);              \
		errno = saved;                   \
	}

#define _cleanup_free_ cleanup(freep)
#define _cleanup_close_ cleanup(closep)
#define _cleanup_fclose_ cleanup(fclosep)

#endif
