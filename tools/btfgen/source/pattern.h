/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which kernel releases a user means, `--kernel PATTERN`:
 *   4.18            every release whose leading numbers are 4.18 (not 4.180)
 *   4.18.0-147.el8.x86_64   that release
 *   5.10.*-cloud-*  a shell glob over the whole release
 *   4.14..4.19      from 4.14 to the last 4.19, both included; either end may be empty
 *   A,B             any of them
 */
#ifndef BTFGEN_PATTERN_H
#define BTFGEN_PATTERN_H

#include <stdbool.h>

#include "base/error.h"

struct pattern;

/* -EINVAL with *err set: an empty part, a range whose end is no number or below its start. */
int pattern__parse(const char *text, struct pattern **pattern, struct error *err);
void pattern__free(struct pattern *pattern);
/* NULL matches everything. */
bool pattern__matches(const struct pattern *pattern, const char *kernel_release);
/* Whether any release of a series ("4.18"), or of some ("4.9..4.19", "6.1.."), could match. */
bool pattern__may_match_series(const struct pattern *pattern, const char *series);

#endif
