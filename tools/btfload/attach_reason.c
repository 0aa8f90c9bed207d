/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "attach_reason.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

bool attach_reason__has_tracefs(void)
{
	return access("/sys/kernel/tracing/events", R_OK) == 0 ||
	       access("/sys/kernel/debug/tracing/events", R_OK) == 0;
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

const char *attach_reason__of(const char *section, int err, bool has_tracefs)
{
	bool tracepoint = is_tracepoint(section), function = is_kernel_function(section);

	if (err != -ENOENT && err != -EINVAL)
		return NULL;
	/* before 4.17, kprobes need it as well */
	if ((tracepoint || function) && err == -ENOENT && !has_tracefs)
		return "tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing, or "
		       "before 4.1 -t debugfs debugfs /sys/kernel/debug";
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
