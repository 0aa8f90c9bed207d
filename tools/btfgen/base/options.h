/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Command lines: a command is a table of options and a few texts, from which both the
 * parser and the help are made. Long and short options as getopt_long(3) has them.
 */
#ifndef BTFGEN_OPTIONS_H
#define BTFGEN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, in btfgen(1). */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOTHING = 3 };

enum option_kind {
	OPTION_HEADING, /* of a group in the help; `help` is its text */
	OPTION_FLAG,    /* bool *: set to true */
	OPTION_TEXT,    /* const char **: the last one counts */
	OPTION_LIST,    /* struct text_list *: may be given again */
	OPTION_NUMBER,  /* unsigned int * */
	OPTION_SIZE,    /* uint64_t *: bytes, or with a suffix K, M, G, T (powers of 1024) */
};

struct option_def {
	enum option_kind kind;
	const char *name;
	char letter;             /* '\0': none */
	const char *arg;         /* what the help calls its argument */
	void *dest;
	const char *help;
};

/* Strings lent from argv, NULL at the end. */
struct text_list {
	const char **items;
	size_t count;
};

struct command_line {
	const char *program;              /* NULL: "btfgen" */
	const char *name;                 /* "build" */
	const char *arguments;            /* "[OPTION]... PATH..." */
	const char *description;          /* one or more lines of at most 80 columns */
	const struct option_def *options; /* ends with a zero entry */
	const char *epilogue;             /* or NULL: examples */
	int min_arguments;
	int max_arguments;                /* -1: any */
};

/*
 * -h, -q and -v are understood for every command. Returns the index in argv of the
 * first argument, or -1 when the process should end with *exit_code: after --help
 * (EXIT_OK) or a mistake (EXIT_USAGE, explained on stderr).
 */
int options__parse(const struct command_line *line, int argc, char **argv, int *exit_code);

void text_list__free(struct text_list *list);

#endif
