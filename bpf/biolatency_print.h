/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what biolatency.bpf.c has counted: histograms as text, or a JSON object a slot. */
#ifndef BPF_BIOLATENCY_PRINT_H
#define BPF_BIOLATENCY_PRINT_H

#include <stdbool.h>

/* The contents of the map "histograms", by disk and operation. 0 or -errno. */
int biolatency__print_end(int map_fd, bool json);

#endif
