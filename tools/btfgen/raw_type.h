/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A BTF type as a line of text with its raw numbers, its members indented below it. */
#ifndef BTFGEN_RAW_TYPE_H
#define BTFGEN_RAW_TYPE_H

#include <bpf/btf.h>

/* "struct", "typedef", "func", ... as a user names kinds; "void" and "?" otherwise. */
const char *raw_type__keyword(const struct btf_type *type);
/* To stdout, in the form that bpftool(8) prints with "format raw". */
void raw_type__print(const struct btf *btf, __u32 id);

#endif
