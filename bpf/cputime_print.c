/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cputime_print.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "cputime.h"
#include "print_json.h"

#define MILLISECOND 1000000.0

struct process {
	__u32 pid;
	struct cputime_usage usage;
};

static int by_run_time(const void *a, const void *b)
{
	const struct process *left = a, *right = b;

	if (left->usage.run_ns != right->usage.run_ns)
		return left->usage.run_ns < right->usage.run_ns ? 1 : -1;
	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

/* All entries of the map; the caller frees. 0 or -ENOMEM. */
static int read_all(int map_fd, struct process **all, size_t *count)
{
	__u32 *before = NULL, pid;
	size_t room = 0;

	for (__u32 last; bpf_map_get_next_key(map_fd, before, &pid) == 0; before = &last) {
		last = pid;
		if (*count == room) {
			struct process *grown;

			room = 2 * room + 64;
			grown = realloc(*all, room * sizeof(**all));
			if (!grown)
				return -ENOMEM;
			*all = grown;
		}
		(*all)[*count].pid = pid;
		*count += bpf_map_lookup_elem(map_fd, &pid, &(*all)[*count].usage) == 0;
	}
	return 0;
}

static void print_process(const struct process *process, bool json)
{
	const struct cputime_usage *usage = &process->usage;

	if (json) {
		printf("{\"pid\":%u,\"user_ns\":%llu,\"system_ns\":%llu,\"run_ns\":%llu,\"comm\":",
		       process->pid, (unsigned long long)usage->user_ns,
		       (unsigned long long)usage->system_ns, (unsigned long long)usage->run_ns);
		print_json_text(usage->comm, sizeof(usage->comm));
		printf("}\n");
		return;
	}
	printf("%7u %12.3f %12.3f %12.3f ", process->pid, usage->user_ns / MILLISECOND,
	       usage->system_ns / MILLISECOND, usage->run_ns / MILLISECOND);
	print_text(usage->comm, sizeof(usage->comm), 0);
	putchar('\n');
}

int cputime__print_end(int map_fd, bool json)
{
	struct process *all = NULL;
	size_t count = 0;
	int err = read_all(map_fd, &all, &count);

	if (count)
		qsort(all, count, sizeof(*all), by_run_time);
	if (!json)
		printf("%7s %12s %12s %12s %s\n", "PID", "USER ms", "SYSTEM ms", "RUN ms", "COMM");
	for (size_t i = 0; i < count; i++)
		print_process(&all[i], json);
	free(all);
	return err;
}
