/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what cgroupbytes.bpf.c has counted: a line a direction and protocol, or JSON. */
#ifndef BPF_CGROUPBYTES_PRINT_H
#define BPF_CGROUPBYTES_PRINT_H

#include <stdbool.h>

/* The contents of the map "traffic". 0 or -errno. */
int cgroupbytes__print_end(int map_fd, bool json);

#endif
