/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Why the kernel refuses BPF to this process, found in /proc and /sys. */
#ifndef ARCHIVE_REFUSAL_H
#define ARCHIVE_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

/* What a process was told about itself, see refusal__look(). */
struct refusal {
	bool privileged;     /* CAP_SYS_ADMIN is effective, or CAP_BPF and CAP_PERFMON */
	bool user_namespace; /* they count in a user namespace of its own only */
	bool filtered;       /* a seccomp filter is on */
	bool locked_down;    /* lockdown=confidentiality: kernel memory can't be read */
	unsigned long long memlock; /* RLIMIT_MEMLOCK, bytes; all ones: no limit */
};

/* `root`: prefix of all paths, "" but for tests. */
void refusal__look(const char *root, struct refusal *refusal);

/* In words, what most likely stands behind an EPERM; `subject`: "load BPF". */
void refusal__describe(const struct refusal *refusal, const char *subject, char *out, size_t size);

/* Whether the kernel is locked down so that nobody reads its memory. */
bool refusal__is_locked_down(void);

#endif
