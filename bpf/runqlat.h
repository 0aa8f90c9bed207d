/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What runqlat.bpf.c keeps in its map "slots": a histogram, slot -> how many waits (__u64). */
#ifndef BPF_RUNQLAT_H
#define BPF_RUNQLAT_H

#include "histogram.h"

#endif
