/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what opensnoop.bpf.c sends: a line an event, or a JSON object a line. */
#ifndef BPF_OPENSNOOP_PRINT_H
#define BPF_OPENSNOOP_PRINT_H

#include <stdbool.h>
#include <stddef.h>

void opensnoop__print_heading(void);
/* -1 for bytes that are too few. */
int opensnoop__print(const void *data, size_t size, bool json);

#endif
