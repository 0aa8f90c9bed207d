/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef DOUBLE_MAPS_H
#define DOUBLE_MAPS_H

#include <linux/bpf.h>
#include <stdbool.h>

/* BPF_MAP_CREATE: type, flags, sizes, name. */
int maps__check(const union bpf_attr *attr);

/* The rule for names of maps and programs, which end within their 16 bytes. */
bool name_is_valid(const char *name);

#endif
