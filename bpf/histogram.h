/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Histograms of times: slot n counts those of 2^n to 2^(n+1) - 1 microseconds, slot 0 those
 * below 2, the last one all that were longer (of an hour and more).
 */
#ifndef BPF_HISTOGRAM_H
#define BPF_HISTOGRAM_H

#define HISTOGRAM_SLOTS 32

#endif
