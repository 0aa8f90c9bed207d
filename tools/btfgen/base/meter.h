/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Progress of one piece of work, shown as a bar on a terminal and as one line a stage
 * elsewhere. Every call is thread-safe, cheap, and takes NULL for "no progress wanted".
 */
#ifndef BTFGEN_METER_H
#define BTFGEN_METER_H

#include <stdint.h>

struct meter;

/* Choose bars or lines by what stderr is; nothing is shown when quiet. */
void meter__setup(void);
struct meter *meter__new(const char *label);
/* Begin a stage ("fetch", "extract", ...) of `total` units, mostly bytes; 0: unknown. */
void meter__stage(struct meter *meter, const char *verb, uint64_t total);
/* `done` of the stage's units so far; `total` may have become known. */
void meter__advance(struct meter *meter, uint64_t done, uint64_t total);
void meter__free(struct meter *meter);
/* Called by log: wipe the bars before a line, and draw them again after it. */
void meter__pause(void);
void meter__resume(void);

#endif
