/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "histogram_print.h"

#include <stdio.h>

#define BAR_WIDTH 40

static void print_slot(unsigned int slot, __u64 count, __u64 most)
{
	unsigned long long from = slot ? 1ULL << slot : 0, to = (2ULL << slot) - 1;

	printf("%10llu - %-10llu %10llu |", from, to, (unsigned long long)count);
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		putchar(count && i * most < count * BAR_WIDTH ? '*' : ' ');
	printf("|\n");
}

static void print_json_slot(unsigned int slot, __u64 count, const char *members)
{
	printf("{%s\"from_us\":%llu,\"to_us\":%llu,\"count\":%llu}\n", members,
	       slot ? 1ULL << slot : 0, (2ULL << slot) - 1, (unsigned long long)count);
}

void histogram__print(const __u64 counts[HISTOGRAM_SLOTS], bool json, const char *members)
{
	unsigned int first = HISTOGRAM_SLOTS, last = 0;
	__u64 most = 1;

	for (unsigned int slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
		if (!counts[slot])
			continue;
		first = slot < first ? slot : first;
		last = slot;
		most = counts[slot] > most ? counts[slot] : most;
	}
	if (!json)
		printf("%10s   %-10s %10s\n", "us from", "to", "count");
	for (unsigned int slot = first; slot <= last && slot < HISTOGRAM_SLOTS; slot++) {
		if (json)
			print_json_slot(slot, counts[slot], members);
		else
			print_slot(slot, counts[slot], most);
	}
}
