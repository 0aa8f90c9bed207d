/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "runqlat_print.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "histogram_print.h"
#include "runqlat.h"

int runqlat__print_end(int map_fd, bool json)
{
	__u64 counts[HISTOGRAM_SLOTS];

	for (__u32 slot = 0; slot < HISTOGRAM_SLOTS; slot++)
		if (bpf_map_lookup_elem(map_fd, &slot, &counts[slot]) < 0)
			return -errno;
	histogram__print(counts, json, "");
	return 0;
}
