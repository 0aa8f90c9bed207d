/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What came of kernels, for people. */
#ifndef BTFGEN_REPORT_H
#define BTFGEN_REPORT_H

#include "factory.h"

/* The finished ones, on stdout: few in full, many as a table. */
void report__results(const struct task_outcome *outcomes, size_t count);

#endif
