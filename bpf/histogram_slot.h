/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a time belongs in a histogram. */
#ifndef BPF_HISTOGRAM_SLOT_H
#define BPF_HISTOGRAM_SLOT_H

#include "histogram.h"

/* Without a loop; of numbers below 2^32. */
static __always_inline __u32 log2_of(__u64 value)
{
	__u32 result = 0;

	if (value >> 16) {
		value >>= 16;
		result += 16;
	}
	if (value >> 8) {
		value >>= 8;
		result += 8;
	}
	if (value >> 4) {
		value >>= 4;
		result += 4;
	}
	if (value >> 2) {
		value >>= 2;
		result += 2;
	}
	return result + (value >> 1);
}

static __always_inline __u32 histogram_slot(__u64 ns)
{
	__u64 us = ns / 1000;

	return us >> HISTOGRAM_SLOTS ? HISTOGRAM_SLOTS - 1 : log2_of(us);
}

#endif
