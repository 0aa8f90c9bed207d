/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf(2)'s commands, and the attributes that each kernel knows of them. */
#ifndef DOUBLE_COMMANDS_H
#define DOUBLE_COMMANDS_H

#include <linux/bpf.h>

/*
 * The first that a kernel does with a call: a copy of the attributes it knows, the rest
 * zero. -E2BIG, -EINVAL: bytes are set that it does not know.
 */
int commands__read(int cmd, const void *user, unsigned int size, union bpf_attr *attr);

/* BPF_PROG_ATTACH: its flags and attach type. */
int commands__check_attach(const union bpf_attr *attr);

#endif
