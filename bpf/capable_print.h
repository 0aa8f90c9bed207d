/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what capable.bpf.c sends: a line an event, or a JSON object a line. */
#ifndef BPF_CAPABLE_PRINT_H
#define BPF_CAPABLE_PRINT_H

#include <stdbool.h>
#include <stddef.h>

void capable__print_heading(void);
/* -1 for bytes that are too few. */
int capable__print(const void *data, size_t size, bool json);

#endif
