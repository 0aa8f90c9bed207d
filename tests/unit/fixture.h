/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For tests that make their input with other programs: a directory of their own, shell
 * commands in it, and small vmlinux files by tests/lib/make-vmlinux. Tests are run from
 * the top of the source tree.
 */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* mkdtemp's directory; $T in commands */
static char test_dir[4096];

static inline int fixture__setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(test_dir, sizeof(test_dir), "%s/btfgen-test.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(test_dir) && setenv("T", test_dir, 1) == 0 ? 0 : -1;
}

/* Exit code of a shell command. */
static inline __attribute__((format(printf, 1, 2))) int shell(const char *fmt, ...)
{
	char *command = NULL;
	va_list args;
	int status;

	va_start(args, fmt);
	if (vasprintf(&command, fmt, args) < 0)
		abort();
	va_end(args);
	status = system(command);
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static inline int fixture__teardown(void **state)
{
	(void)state;
	return shell("rm -rf \"$T\"");
}

/* Skip the test unless all of these programs are there. */
static inline void need(const char *programs)
{
	if (shell("PATH=$PATH:/usr/sbin:/sbin; for p in %s; do command -v $p >/dev/null || "
		  "{ echo \"skipped: $p is not installed\" >&2; exit 1; }; done", programs))
		skip();
}

/* "$T/name"; the buffer is the caller's next call's too, of four calls. */
static inline const char *in_dir(const char *name)
{
	static char paths[4][sizeof(test_dir) + 64];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", test_dir, name);
	return path;
}

/* Make $T/name; skip where a tool for it is missing. */
static inline void make_vmlinux(const char *name, const char *options)
{
	int code = shell("tests/lib/make-vmlinux %s \"$T/%s\"", options, name);

	if (code == 77)
		skip();
	assert_int_equal(code, 0);
}

/* What a shell command prints, without the last newline; malloc'ed. */
static inline char *output_of(const char *command)
{
	size_t size;
	void *text;

	assert_int_equal(shell("{ %s\n} > \"$T/output\"", command), 0);
	assert_int_equal(file__read(in_dir("output"), 1 << 24, &text, &size), 0);
	if (size && ((char *)text)[size - 1] == '\n')
		((char *)text)[size - 1] = '\0';
	return text;
}

static inline void assert_output(const char *command, const char *expected)
{
	char *text = output_of(command);

	assert_string_equal(text, expected);
	free(text);
}

#endif
