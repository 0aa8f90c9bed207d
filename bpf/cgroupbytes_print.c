/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cgroupbytes_print.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cgroupbytes.h"

static const char *protocol_name(const struct cgroupbytes_key *key, char *number, size_t size)
{
	switch (key->version ? key->protocol : -1) {
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		snprintf(number, size, "%u", key->protocol);
		return number;
	}
}

static void print_count(const struct cgroupbytes_key *key, const struct cgroupbytes_count *count,
			bool json)
{
	char number[8];

	printf(json ? "{\"direction\":\"%s\",\"version\":%u,\"protocol\":\"%s\",\"packets\":%llu,"
		      "\"bytes\":%llu}\n" : "%-10s %2u %-8s %12llu %16llu\n",
	       key->direction == CGROUPBYTES_INGRESS ? "ingress" : "egress", key->version,
	       protocol_name(key, number, sizeof(number)), (unsigned long long)count->packets,
	       (unsigned long long)count->bytes);
}

/* Under the lock, where the map has one: else its two numbers may be of two moments. */
static int read_count(int map_fd, const struct cgroupbytes_key *key, struct cgroupbytes_count *count)
{
	if (bpf_map_lookup_elem_flags(map_fd, key, count, BPF_F_LOCK) == 0)
		return 0;
	return bpf_map_lookup_elem(map_fd, key, count) < 0 ? -errno : 0;
}

int cgroupbytes__print_end(int map_fd, bool json)
{
	struct cgroupbytes_key key, *before = NULL;

	if (!json)
		printf("%-10s %2s %-8s %12s %16s\n", "DIRECTION", "IP", "PROTOCOL", "PACKETS", "BYTES");
	while (bpf_map_get_next_key(map_fd, before, &key) == 0) {
		struct cgroupbytes_count count;
		int err = read_count(map_fd, &key, &count);

		if (err)
			return err;
		print_count(&key, &count, json);
		before = &key;
	}
	return errno == ENOENT ? 0 : -errno;
}
