/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_words.h"

#include <stdio.h>

void kernel_words__system(const struct kbtf_entry *entry, char words[KERNEL_WORDS])
{
	const struct kbtf_ident *ident = entry ? kbtf_entry__ident(entry) : NULL;

	*words = '\0';
	if (ident)
		snprintf(words, KERNEL_WORDS, "%s%s%s %s", ident->distro, *ident->distro ? " " : "",
			 ident->distro_release, ident->arch);
}

void kernel_words__span(const struct kbtf_entry *first, const char *path,
			const struct kbtf_entry *last, size_t count, char words[KERNEL_WORDS])
{
	const char *from = first ? kbtf_entry__ident(first)->kernel_release : path;

	if (count == 1 || !first || !last)
		snprintf(words, KERNEL_WORDS, "%s", from);
	else
		snprintf(words, KERNEL_WORDS, "%s .. %s (%zu)", from,
			 kbtf_entry__ident(last)->kernel_release, count);
}
