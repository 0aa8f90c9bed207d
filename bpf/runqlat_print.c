/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "runqlat_print.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>

#include "runqlat.h"

#define BAR_WIDTH 40

static void print_slot(unsigned int slot, __u64 count, __u64 most, bool json)
{
	unsigned long long from = slot ? 1ULL << slot : 0, to = (2ULL << slot) - 1;

	if (json) {
		printf("{\"from_us\":%llu,\"to_us\":%llu,\"count\":%llu}\n", from, to,
		       (unsigned long long)count);
		return;
	}
	printf("%10llu - %-10llu %10llu |", from, to, (unsigned long long)count);
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		putchar(count && i * most < count * BAR_WIDTH ? '*' : ' ');
	printf("|\n");
}

int runqlat__print_end(int map_fd, bool json)
{
	unsigned int first = RUNQLAT_SLOTS, last = 0;
	__u64 counts[RUNQLAT_SLOTS], most = 1;

	for (__u32 slot = 0; slot < RUNQLAT_SLOTS; slot++) {
		if (bpf_map_lookup_elem(map_fd, &slot, &counts[slot]) < 0)
			return -errno;
		if (!counts[slot])
			continue;
		first = slot < first ? slot : first;
		last = slot;
		most = counts[slot] > most ? counts[slot] : most;
	}
	if (!json)
		printf("%10s   %-10s %10s\n", "us from", "to", "count");
	for (unsigned int slot = first; slot <= last && slot < RUNQLAT_SLOTS; slot++)
		print_slot(slot, counts[slot], most, json);
	return 0;
}
