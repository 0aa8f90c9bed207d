/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "exitsnoop_print.h"

#include <linux/types.h>
#include <sys/wait.h>

#include "exitsnoop.h"
#include "print_json.h"

void exitsnoop__print_heading(void)
{
	printf("%7s %7s %6s %4s %6s %4s %12s %-16s %s\n", "PID", "PPID", "UID", "CODE", "SIGNAL",
	       "CORE", "LIFE ms", "COMM", "FILE");
}

int exitsnoop__print(const void *data, size_t size, bool json)
{
	const struct exitsnoop_event *event = data;
	int status, code, signal;
	const char *core;

	if (size < sizeof(*event))
		return -1;
	status = (int)event->status;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	core = signal && WCOREDUMP(status) ? json ? "true" : "yes" : json ? "false" : "no";
	if (json) {
		printf("{\"pid\":%u,\"ppid\":%u,\"uid\":%u,\"code\":%d,\"signal\":%d,\"core\":%s,"
		       "\"subreaper\":%s,\"lifetime_ns\":%llu,\"comm\":",
		       event->pid, event->ppid, event->uid, code, signal, core,
		       event->is_subreaper ? "true" : "false",
		       (unsigned long long)event->lifetime_ns);
		print_json_text(event->comm, sizeof(event->comm));
		printf(",\"file\":");
		print_json_text(event->exe, sizeof(event->exe));
		printf("}\n");
		return 0;
	}
	printf("%7u %7u %6u %4d %6d %4s %12.3f ", event->pid, event->ppid, event->uid, code, signal,
	       core, event->lifetime_ns / 1000000.0);
	print_text(event->comm, sizeof(event->comm), 17);
	print_text(event->exe, sizeof(event->exe), 0);
	putchar('\n');
	return 0;
}
