/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "execsnoop_print.h"

#include <linux/types.h>

#include "execsnoop.h"
#include "print_json.h"

void execsnoop__print_heading(void)
{
	printf("%7s %7s %6s %4s %-16s %s\n", "PID", "PPID", "UID", "RET", "COMM", "PATH");
}

int execsnoop__print(const void *data, size_t size, bool json)
{
	const struct execsnoop_event *event = data;
	const char *path;
	size_t path_size;

	if (size < sizeof(*event) || event->path.start >= PATH_SIZE)
		return -1;
	path = event->path.text + event->path.start;
	path_size = PATH_SIZE - event->path.start;
	if (json) {
		printf("{\"pid\":%u,\"ppid\":%u,\"uid\":%u,\"ret\":%d,\"comm\":", event->pid,
		       event->ppid, event->uid, event->ret);
		print_json_text(event->comm, sizeof(event->comm));
		printf(",\"path\":");
		print_json_text(path, path_size);
		printf("}\n");
		return 0;
	}
	printf("%7u %7u %6u %4d ", event->pid, event->ppid, event->uid, event->ret);
	print_text(event->comm, sizeof(event->comm), 17);
	print_text(path, path_size, 0);
	putchar('\n');
	return 0;
}
