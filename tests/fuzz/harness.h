/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What harnesses have in common. */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

/* The fuzzer keeps the input for which it is not so. */
static inline void expect(bool right)
{
	if (!right)
		abort();
}

/* For libbpf_set_print(): it has a line for every damaged object. */
static inline int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

#endif
