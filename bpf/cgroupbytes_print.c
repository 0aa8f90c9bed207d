/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cgroupbytes_print.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>

#include "cgroupbytes.h"

/* Under the lock, where the map has one: else its two numbers may be of two moments. */
static int read_count(int map_fd, __u32 direction, struct cgroupbytes_count *count)
{
	if (bpf_map_lookup_elem_flags(map_fd, &direction, count, BPF_F_LOCK) == 0)
		return 0;
	return bpf_map_lookup_elem(map_fd, &direction, count) < 0 ? -errno : 0;
}

int cgroupbytes__print_end(int map_fd, bool json)
{
	static const char *const names[] = { "ingress", "egress" };

	if (!json)
		printf("%-10s %12s %16s\n", "DIRECTION", "PACKETS", "BYTES");
	for (__u32 direction = 0; direction < CGROUPBYTES_DIRECTIONS; direction++) {
		struct cgroupbytes_count count;
		int err = read_count(map_fd, direction, &count);

		if (err)
			return err;
		printf(json ? "{\"direction\":\"%s\",\"packets\":%llu,\"bytes\":%llu}\n"
			    : "%-10s %12llu %16llu\n",
		       names[direction], (unsigned long long)count.packets,
		       (unsigned long long)count.bytes);
	}
	return 0;
}
