/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what unlinksnoop.bpf.c sends: a line a file, or a JSON object a line. */
#ifndef BPF_UNLINKSNOOP_PRINT_H
#define BPF_UNLINKSNOOP_PRINT_H

#include <stdbool.h>
#include <stddef.h>

void unlinksnoop__print_heading(void);
/*
 * Takes one part of a path, and prints the whole with the last; paths of several threads may
 * be under way. -1 for bytes that are too few. Not for several threads at once.
 */
int unlinksnoop__print(const void *data, size_t size, bool json);

#endif
