/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: perf_copy_attr(), perf_event_set_bpf_prog() of kernel/events/core.c. Before 4.15
 * a tracepoint has one program at most, whoever gave it: here, whoever of this process.
 */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels.h"

#define MAX_FDS 4096
#define MAX_IDS 65536
#define ATTR_SIZE 112 /* PERF_ATTR_SIZE_VER5, in all of these kernels */

static struct {
	unsigned int id; /* of the tracepoint; 0: none is open by this number */
	bool has_program;
} events[MAX_FDS];

static unsigned char is_syscall[MAX_IDS / 8];
static bool syscalls_known;

/* By the system call itself: open(2) hides some of these files. */
static unsigned int read_number(const char *path)
{
	int fd = (int)syscall(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return (unsigned int)strtoul(text, NULL, 10);
}

/* "Dynamic" types of events that this machine has for probes. */
static bool is_probe(unsigned int type)
{
	return type && (type == read_number("/sys/bus/event_source/devices/kprobe/type") ||
			type == read_number("/sys/bus/event_source/devices/uprobe/type"));
}

int events__check_open(const struct perf_event_attr *attr)
{
	const uint8_t *bytes = (const uint8_t *)attr;

	for (size_t i = ATTR_SIZE; i < attr->size; i++)
		if (bytes[i])
			return -E2BIG;
	if (!kernel__has(HAS_PROBE_PMU) && attr->type >= PERF_TYPE_MAX && is_probe(attr->type))
		return -ENOENT;
	return 0;
}

void events__opened(int fd, const struct perf_event_attr *attr)
{
	if (fd < 0 || fd >= MAX_FDS)
		return;
	events[fd].id = attr->type == PERF_TYPE_TRACEPOINT ? (unsigned int)attr->config : 0;
	events[fd].has_program = false;
}

static void read_syscalls(void)
{
	glob_t found = {};

	syscalls_known = true;
	if (glob("/sys/kernel/tracing/events/syscalls/*/id", 0, NULL, &found) == 0 ||
	    glob("/sys/kernel/debug/tracing/events/syscalls/*/id", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			unsigned int id = read_number(found.gl_pathv[i]);

			if (id < MAX_IDS)
				is_syscall[id / 8] |= 1 << id % 8;
		}
	globfree(&found);
}

/* A number may be another file's by now. */
static bool is_open_event(int fd)
{
	char link[32], target[64] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, target, sizeof(target) - 1) > 0 && strstr(target, "perf_event");
}

int events__check_program(int fd)
{
	unsigned int id = fd >= 0 && fd < MAX_FDS ? events[fd].id : 0;

	if (!id)
		return 0;
	if (!kernel__has(HAS_SYSCALL_TRACEPOINTS)) {
		if (!syscalls_known)
			read_syscalls();
		if (id < MAX_IDS && is_syscall[id / 8] & 1 << id % 8)
			return -EINVAL;
	}
	for (int i = 0; i < MAX_FDS && !kernel__has(HAS_SEVERAL_PROGRAMS_AN_EVENT); i++)
		if (events[i].has_program && events[i].id == id && is_open_event(i))
			return -EEXIST;
	return 0;
}

void events__got_program(int fd)
{
	if (fd >= 0 && fd < MAX_FDS)
		events[fd].has_program = true;
}
