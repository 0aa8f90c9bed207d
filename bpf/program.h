/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every program begins with: the kernel's types and libbpf's macros. Include it
 * once, before everything else.
 */
#ifndef BPF_PROGRAM_H
#define BPF_PROGRAM_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* These were macros (BPF_ANY and so on) before 5.7, so not every vmlinux.h has them. */
#define MAP_UPDATE_ANY 0
#define MAP_UPDATE_NOEXIST 1

/* Calls that may be under way at once, one a thread. */
#define MAX_CALLS 10240
/* Threads that are kept track of at once. */
#define MAX_THREADS 16384

#endif
