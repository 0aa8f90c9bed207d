/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "attach_reason.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char no_tracefs[] = "tracefs is not mounted";

/* True also where the list of functions can't be read. */
static bool may_have_function(const char *name)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	_cleanup_free_ char *line = NULL;
	bool found = !symbols;
	size_t size = 0, lines = 0;
	char ending[64];

	/* "ADDRESS TYPE NAME", of modules with more behind it */
	snprintf(ending, sizeof(ending), " %s\n", name);
	for (; symbols && !found && getline(&line, &size, symbols) > 0; lines++)
		found = strstr(line, ending);
	if (symbols)
		fclose(symbols);
	return found || !lines;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

struct attach_means attach_means__find(void)
{
	struct attach_means means = {
		.tracefs = access("/sys/kernel/tracing/events", R_OK) == 0 ||
			   access("/sys/kernel/debug/tracing/events", R_OK) == 0,
	};

	/* the first is from 4.17 on */
	means.kprobes = is_there("/sys/bus/event_source/devices/kprobe/type") ||
			is_there("/sys/kernel/tracing/kprobe_events") ||
			is_there("/sys/kernel/debug/tracing/kprobe_events") ||
			may_have_function("register_kprobe");
	return means;
}

static bool begins(const char *section, const char *with)
{
	return strncmp(section, with, strlen(with)) == 0;
}

static bool is_tracepoint(const char *section)
{
	return begins(section, "tracepoint/") || begins(section, "tp/");
}

static bool is_kernel_function(const char *section)
{
	return begins(section, "kprobe") || begins(section, "kretprobe") ||
	       begins(section, "ksyscall") || begins(section, "kretsyscall");
}

const char *attach_reason__of(const char *section, int err, const struct attach_means *means)
{
	bool tracepoint = is_tracepoint(section), function = is_kernel_function(section);

	if (err != -ENOENT && err != -EINVAL)
		return NULL;
	if (function && !means->kprobes)
		return "this kernel has no kprobes";
	/* before 4.17, kprobes need it as well */
	if ((tracepoint || function) && err == -ENOENT && !means->tracefs)
		return no_tracefs;
	if (tracepoint && err == -EINVAL && strstr(section, "/syscalls/"))
		return "the kernel runs no BPF programs at the tracepoints of system calls (before "
		       "4.14)";
	if (tracepoint && err == -ENOENT)
		return "the kernel has no such tracepoint";
	/* before 4.17, a return probe on a function that is not there is an invalid one */
	if (function)
		return "the kernel has no such function, or allows no probe in it";
	return NULL;
}

const char *attach_reason__remedy(const char *reason)
{
	if (reason != no_tracefs)
		return NULL;
	return "mount -t tracefs tracefs /sys/kernel/tracing, or before 4.1 -t debugfs debugfs "
	       "/sys/kernel/debug";
}
