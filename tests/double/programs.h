/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef DOUBLE_PROGRAMS_H
#define DOUBLE_PROGRAMS_H

#include <linux/bpf.h>

#include "verdict.h"

/* BPF_PROG_LOAD, up to what the verifier says. */
int programs__check(const union bpf_attr *attr, struct verdict *verdict);

#endif
