/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel_words.h"

#include <stdio.h>

void kernel_words__system(const struct kbtf_entry *entry, char words[KERNEL_WORDS])
{
	const struct kbtf_ident *ident = entry ? kbtf_entry__ident(entry) : NULL;
	const char *parts[] = { ident ? ident->distro : "", ident ? ident->distro_release : "",
				ident ? ident->arch : "" };
	size_t len = 0;

	*words = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (*parts[i] && len < KERNEL_WORDS)
			len += (size_t)snprintf(words + len, KERNEL_WORDS - len, "%s%s",
						len ? " " : "", parts[i]);
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
