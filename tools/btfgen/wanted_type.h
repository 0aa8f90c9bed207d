/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A type as a user names it: "struct task_struct" of that kind, "task_struct" of any. */
#ifndef BTFGEN_WANTED_TYPE_H
#define BTFGEN_WANTED_TYPE_H

#include <bpf/btf.h>
#include <stdbool.h>

struct wanted_type {
	const char *name;    /* lent from the text */
	const char *keyword; /* static; NULL: any */
};

struct wanted_type wanted_type__parse(const char *text);
bool wanted_type__is(const struct wanted_type *wanted, const char *keyword, const char *name);

#endif
