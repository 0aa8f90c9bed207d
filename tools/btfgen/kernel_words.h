/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How kernels that are checked are named on a terminal: an archive's, or those of files. */
#ifndef BTFGEN_KERNEL_WORDS_H
#define BTFGEN_KERNEL_WORDS_H

#include <kbtf.h>

#define KERNEL_WORDS 400

/* "debian 12 x86_64"; "" for a file's, which is NULL. */
void kernel_words__system(const struct kbtf_entry *entry, char words[KERNEL_WORDS]);
/* "4.9.1-1 .. 4.9.10-1 (3)"; a file's is its path. */
void kernel_words__span(const struct kbtf_entry *first, const char *path,
			const struct kbtf_entry *last, size_t count, char words[KERNEL_WORDS]);

#endif
