/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that are attached to a cgroup. By a link where the kernel has those (5.7), which
 * goes when the last process that holds it does; before, by the cgroup itself, which keeps
 * the program until it is detached, also when the process that attached it was killed.
 */
#ifndef BTFLOAD_CGROUP_H
#define BTFLOAD_CGROUP_H

#include <bpf/libbpf.h>
#include <stdbool.h>

bool cgroup__takes(const struct bpf_program *program);
/*
 * A descriptor of the cgroup, NULL: the root of the mounted hierarchy; or -errno. Says on
 * stderr what is wrong.
 */
int cgroup__open(const char *path);
/* *link is NULL where the kernel has no links: then cgroup__detach() in the end. */
int cgroup__attach(const struct bpf_program *program, int cgroup_fd, struct bpf_link **link);
void cgroup__detach(const struct bpf_program *program, int cgroup_fd);

#endif
