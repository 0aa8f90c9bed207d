/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints a histogram of times: a line a slot, or a JSON object a line. */
#ifndef BPF_HISTOGRAM_PRINT_H
#define BPF_HISTOGRAM_PRINT_H

#include <linux/types.h>
#include <stdbool.h>

#include "histogram.h"

/*
 * From the first to the last slot that is not 0. `members` go before the others of each JSON
 * object: "" or text that ends with a comma.
 */
void histogram__print(const __u64 counts[HISTOGRAM_SLOTS], bool json, const char *members);

#endif
