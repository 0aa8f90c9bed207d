/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What runqlat.bpf.c keeps in its map "slots": slot -> how many waits (__u64). */
#ifndef BPF_RUNQLAT_H
#define BPF_RUNQLAT_H

/*
 * Slot n counts the waits of 2^n to 2^(n+1) - 1 microseconds, slot 0 those below 2, the
 * last one all that were longer (of an hour and more).
 */
#define RUNQLAT_SLOTS 32

#endif
