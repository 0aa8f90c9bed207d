/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A path in an event: its room, and where in that room it begins. */
#ifndef BPF_PATH_H
#define BPF_PATH_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* With its NUL. Longer paths are cut off: an event must fit on the 512 bytes of BPF stack. */
#define PATH_SIZE 256

/*
 * text + start is the path, always ended by a NUL; "" if it could not be read. What lies
 * before start, which is 0 nearly always, does not belong to it.
 */
struct path_text {
	__u32 start;
	char text[PATH_SIZE];
};

#endif
