/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what runqlat.bpf.c has counted: a line a slot, or a JSON object a line. */
#ifndef BPF_RUNQLAT_PRINT_H
#define BPF_RUNQLAT_PRINT_H

#include <stdbool.h>

/* The contents of the map "slots", from the first to the last that are not 0. 0 or -errno. */
int runqlat__print_end(int map_fd, bool json);

#endif
