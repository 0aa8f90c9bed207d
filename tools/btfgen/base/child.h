/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Running another program: no shell, stdin from /dev/null, in a process group of its
 * own that is killed as a whole on timeout and on cancel, never outliving this process
 * (PR_SET_PDEATHSIG).
 */
#ifndef BTFGEN_CHILD_H
#define BTFGEN_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct child_opts {
	const char *const *argv;   /* argv[0] is searched in PATH, then /usr/sbin and /sbin */
	const char *const *env;    /* "NAME=VALUE" to add to the environment, NULL-ended; or NULL */
	const char *cwd;           /* or NULL */
	unsigned int timeout_s;    /* 0: none */
	uint64_t memory_limit;     /* RLIMIT_AS in bytes; 0: none */
	int extra_fd;              /* one descriptor to pass on as 3; 0 or -1: none */
};

struct child_result {
	int exit_code;             /* 0-255, or 128 + signal */
	char *out;                 /* stdout, at most 1 MiB of it, NUL-ended */
	char *err;                 /* stderr, the same; of more it is the last 1 MiB */
};

/*
 * Run to the end. Returns 0 when the program ran and ended by itself, whatever its
 * exit code; else -ENOENT (no such program; the text names it), -ETIMEDOUT,
 * -ECANCELED or another errno, with *err set. *result must be freed in each case.
 */
int child__run(const struct child_opts *opts, struct child_result *result, struct error *err);
void child_result__free(struct child_result *result);
/*
 * The end of what it said on stderr (stdout where that is empty), which is where programs
 * tell why they fail, cut to `size` bytes and on one line, for an error's text. Returns tail.
 */
const char *child_result__tail(const struct child_result *result, char *tail, size_t size);

#endif
