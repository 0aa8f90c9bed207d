/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tcpconnect_print.h"

#include <arpa/inet.h>
#include <linux/types.h>

#include "print_json.h"
#include "tcpconnect.h"

void tcpconnect__print_heading(void)
{
	printf("%7s %6s %4s %-16s %-30s %s\n", "PID", "UID", "RET", "COMM", "FROM", "TO");
}

/* "1.2.3.4:80", "[::1]:80" */
static void format_end(char *text, size_t size, int family, const void *address, unsigned int port)
{
	char name[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family, address, name, sizeof(name));
	snprintf(text, size, family == AF_INET6 ? "[%s]:%u" : "%s:%u", name, port);
}

int tcpconnect__print(const void *data, size_t size, bool json)
{
	const struct tcpconnect_event *event = data;
	char from[INET6_ADDRSTRLEN + 10], to[INET6_ADDRSTRLEN + 10];

	if (size < sizeof(*event))
		return -1;
	format_end(from, sizeof(from), event->family, event->saddr, event->sport);
	format_end(to, sizeof(to), event->family, event->daddr, ntohs(event->dport));
	if (json) {
		printf("{\"pid\":%u,\"uid\":%u,\"ret\":%d,\"from\":\"%s\",\"to\":\"%s\",\"comm\":",
		       event->pid, event->uid, event->ret, from, to);
		print_json_text(event->comm, sizeof(event->comm));
		printf("}\n");
		return 0;
	}
	printf("%7u %6u %4d ", event->pid, event->uid, event->ret);
	print_text(event->comm, sizeof(event->comm), 17);
	printf("%-30s %s\n", from, to);
	return 0;
}
