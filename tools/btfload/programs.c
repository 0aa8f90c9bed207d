/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "programs.h"

#include "execsnoop_print.h"
#include "opensnoop_print.h"
#include "tcpconnect_print.h"

const struct bundled bundled_programs[] = {
	{ "execsnoop", "programs that are started",
	  "Print every program that is started, and every attempt that fails.",
	  execsnoop__print_heading, execsnoop__print },
	{ "opensnoop", "files that are opened",
	  "Print every file that is opened, or could not be.",
	  opensnoop__print_heading, opensnoop__print },
	{ "tcpconnect", "TCP connections that are begun",
	  "Print every TCP connection that this machine begins.",
	  tcpconnect__print_heading, tcpconnect__print },
	{},
};
