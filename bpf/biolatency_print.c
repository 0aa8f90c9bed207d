/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "biolatency_print.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "biolatency.h"
#include "histogram_print.h"

#define MINOR_BITS 20

struct entry {
	struct biolatency_key key;
	__u64 value;
};

static int compare(const void *a, const void *b)
{
	const struct biolatency_key *one = &((const struct entry *)a)->key;
	const struct biolatency_key *other = &((const struct entry *)b)->key;

	if (one->disk != other->disk)
		return one->disk < other->disk ? -1 : 1;
	return one->operation != other->operation ? one->operation - other->operation :
						    one->slot - other->slot;
}

/* All of the map, sorted; malloc'ed. */
static int read_entries(int map_fd, struct entry **entries, size_t *count)
{
	struct biolatency_key key, *before = NULL;

	while (bpf_map_get_next_key(map_fd, before, &key) == 0) {
		struct entry *grown = realloc(*entries, (*count + 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*entries = grown;
		grown[*count].key = key;
		if (bpf_map_lookup_elem(map_fd, &key, &grown[*count].value) == 0)
			++*count;
		before = &key;
	}
	if (errno != ENOENT)
		return -errno;
	if (*count)
		qsort(*entries, *count, sizeof(**entries), compare);
	return 0;
}

/* "vda" where /sys tells it, or "254:0". */
static void name_disk(__u32 disk, char *name, size_t size)
{
	unsigned int major = disk >> MINOR_BITS, minor = disk & ((1u << MINOR_BITS) - 1);
	char path[64], target[256];
	const char *slash;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0) {
		snprintf(name, size, "%u:%u", major, minor);
		return;
	}
	target[len] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%s", slash ? slash + 1 : target);
}

/* The entries of one disk and operation. */
static void print_group(const struct entry *entries, size_t count, bool json)
{
	static const char *const operations[] = { "read", "write", "flush", "discard", "other" };
	const struct biolatency_key *key = &entries[0].key;
	__u64 counts[HISTOGRAM_SLOTS] = {}, longest_us = 0;
	const char *operation = key->operation < BIOLATENCY_OPERATIONS ?
		operations[key->operation] : "other";
	char disk[256], members[320];

	name_disk(key->disk, disk, sizeof(disk));
	for (size_t i = 0; i < count; i++) {
		if (entries[i].key.slot < HISTOGRAM_SLOTS)
			counts[entries[i].key.slot] = entries[i].value;
		else
			longest_us = entries[i].value / 1000;
	}
	snprintf(members, sizeof(members), "\"disk\":\"%s\",\"operation\":\"%s\",", disk, operation);
	if (json)
		printf("{%s\"longest_us\":%llu}\n", members, (unsigned long long)longest_us);
	else
		printf("%s, %s: longest %llu us\n", disk, operation, (unsigned long long)longest_us);
	histogram__print(counts, json, members);
}

int biolatency__print_end(int map_fd, bool json)
{
	struct entry *entries = NULL;
	size_t count = 0;
	int err = read_entries(map_fd, &entries, &count);

	for (size_t i = 0, first = 0; !err && i < count; i++) {
		const struct biolatency_key *key = &entries[first].key, *next = &entries[i + 1].key;

		if (i + 1 < count && next->disk == key->disk && next->operation == key->operation)
			continue;
		print_group(entries + first, i + 1 - first, json);
		first = i + 1;
	}
	free(entries);
	return err;
}
