/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading a path in user space without the helper for strings, which is younger (4.11)
 * than the oldest kernel that the programs load on (4.9).
 *
 * The helper that is there reads a fixed size or fails, and it fails where a short string
 * is the last thing in front of an unmapped page. Then the string must end on its own
 * page, whose last PATH_SIZE bytes hold it whole, and a second read takes those.
 */
#ifndef BPF_READ_PATH_H
#define BPF_READ_PATH_H

#include "path.h"

/* The smallest page of any kernel: a boundary between larger ones is one of these too. */
#define PATH_PAGE_SIZE 4096UL

static __always_inline void read_path(struct path_text *path, __u64 user_address)
{
	unsigned long on_page = PATH_PAGE_SIZE - (user_address & (PATH_PAGE_SIZE - 1));
	const void *whole = (const void *)user_address;
	const void *last = (const void *)(user_address + on_page - PATH_SIZE);

	path->start = 0;
	if (bpf_probe_read_user(path->text, PATH_SIZE, whole) && on_page < PATH_SIZE &&
	    !bpf_probe_read_user(path->text, PATH_SIZE, last))
		path->start = PATH_SIZE - on_page;
	path->text[PATH_SIZE - 1] = '\0';
}

#endif
