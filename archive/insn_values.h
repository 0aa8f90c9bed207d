/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What instructions make of numbers that are known. */
#ifndef ARCHIVE_INSN_VALUES_H
#define ARCHIVE_INSN_VALUES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An operation of 64 bits, or of 32, which clears the upper half. False: it is another one, or
 * shifts by more bits than there are.
 */
bool insn_values__compute(uint8_t op, bool wide, uint64_t a, uint64_t b, uint64_t *result);
/* A comparison, of 64 bits or of 32: 1, 0, or -1: it is none. */
int insn_values__compare(uint8_t op, bool wide, uint64_t a, uint64_t b);

#endif
