/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what tcpconnect.bpf.c sends: a line an event, or a JSON object a line. */
#ifndef BPF_TCPCONNECT_PRINT_H
#define BPF_TCPCONNECT_PRINT_H

#include <stdbool.h>
#include <stddef.h>

void tcpconnect__print_heading(void);
/* -1 for bytes that are too few. */
int tcpconnect__print(const void *data, size_t size, bool json);

#endif
