/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "programs.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/paths.h"

#include "biolatency_print.h"
#include "capable_print.h"
#include "cgroupbytes_print.h"
#include "cputime_print.h"
#include "execsnoop_print.h"
#include "exitsnoop_print.h"
#include "opensnoop_print.h"
#include "runqlat_print.h"
#include "tcpconnect_print.h"
#include "unlinksnoop_print.h"

const struct bundled bundled_programs[] = {
	{ .name = "biolatency", .summary = "how long disks take",
	  .description = "Count how long disks take for requests, and print a histogram of each disk and\n"
			 "operation at the end.",
	  .end_map = "histograms", .print_end = biolatency__print_end },
	{ .name = "capable", .summary = "capabilities that are asked for",
	  .description = "Print every time the kernel asks whether a process has a capability.",
	  .print_heading = capable__print_heading, .print = capable__print, .takes_pid = true },
	{ .name = "cgroupbytes", .summary = "packets and bytes of a cgroup",
	  .description = "Count the packets and bytes that the processes of a cgroup (v2) receive and\n"
			 "send by each protocol, and print them at the end.",
	  .end_map = "traffic", .print_end = cgroupbytes__print_end },
	{ .name = "cputime", .summary = "user and system time by process",
	  .description = "Count the user and system time of each process, and print it at the "
			 "end. A\nprocess that runs without a pause is counted up to its last one.",
	  .end_map = "processes", .print_end = cputime__print_end, .takes_pid = true },
	{ .name = "execsnoop", .summary = "programs that are started",
	  .description = "Print every program that is started, and every attempt that fails.",
	  .print_heading = execsnoop__print_heading, .print = execsnoop__print },
	{ .name = "exitsnoop", .summary = "processes that end",
	  .description = "Print every process that ends: how, and after how long.",
	  .print_heading = exitsnoop__print_heading, .print = exitsnoop__print, .takes_pid = true },
	{ .name = "opensnoop", .summary = "files that are opened",
	  .description = "Print every file that is opened, or could not be.",
	  .print_heading = opensnoop__print_heading, .print = opensnoop__print },
	{ .name = "runqlat", .summary = "how long threads wait for a processor",
	  .description = "Count how long threads wait until they run, and print a histogram at "
			 "the end.",
	  .end_map = "slots", .print_end = runqlat__print_end },
	{ .name = "tcpconnect", .summary = "TCP connections that are begun",
	  .description = "Print every TCP connection that this machine begins.",
	  .print_heading = tcpconnect__print_heading, .print = tcpconnect__print },
	{ .name = "unlinksnoop", .summary = "files that are removed",
	  .description = "Print every file that is removed by name, or could not be, with its path from\n"
			 "the root of its file system.",
	  .print_heading = unlinksnoop__print_heading, .print = unlinksnoop__print },
	{},
};

char *bundled__path(const char *name)
{
	_cleanup_free_ char *dir = paths__objects();
	char *path;

	return dir && asprintf(&path, "%s/%s.bpf.o", dir, name) >= 0 ? path : NULL;
}
