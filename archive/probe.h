/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the running kernel can do, found by trying it: distributions backport, so its
 * version says nothing. 1: it can; 0: it can't; -EPERM: not allowed to ask; -ENOSYS: no BPF.
 */
#ifndef ARCHIVE_PROBE_H
#define ARCHIVE_PROBE_H

#include <linux/bpf.h>
#include <stdint.h>

/* Loads any program at all: without privileges nothing else can be asked. */
int probe__bpf(void);
/* The same for tracing: kernel.unprivileged_bpf_disabled=0 lets everybody load socket filters. */
int probe__tracing(void);
/* Global variables: a direct pointer to a map's value in an instruction. */
int probe__global_data(void);
/* Atomic operations that return what was there. */
int probe__atomics(void);
/* A helper, for programs of this type. */
int probe__helper(enum bpf_prog_type type, uint32_t id);
/* Calls between the functions of one object. */
int probe__calls(void);
/* How a program is to be attached, told when it is loaded (4.17). */
int probe__attach_types(void);
/* A dot in the name of a map, as libbpf gives it to inner maps (5.2). */
int probe__dotted_names(void);
/* A flag of maps, on an array of one entry. */
int probe__map_flag(uint32_t flag);
/* A map's value as the key or the value of a map (4.18). */
int probe__keys_in_maps(void);
/* A map's value as memory that a helper reads or writes (4.11). */
int probe__memory_in_maps(void);

#endif
