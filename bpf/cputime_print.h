/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what cputime.bpf.c has counted: a line a process, or a JSON object a line. */
#ifndef BPF_CPUTIME_PRINT_H
#define BPF_CPUTIME_PRINT_H

#include <stdbool.h>

/* The contents of the map "processes", those first that used most. 0 or -errno. */
int cputime__print_end(int map_fd, bool json);

#endif
