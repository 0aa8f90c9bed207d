/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the running kernel can do, found by trying it: distributions backport, so its
 * version says nothing. 1: it can; 0: it can't; -EPERM: not allowed to ask.
 */
#ifndef ARCHIVE_PROBE_H
#define ARCHIVE_PROBE_H

/* Loads any program at all: without privileges nothing else can be asked. */
int probe__bpf(void);
/* Global variables: a direct pointer to a map's value in an instruction. */
int probe__global_data(void);

#endif
