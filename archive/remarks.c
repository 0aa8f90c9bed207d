/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "remarks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void remarks__add(struct remarks *remarks, enum kbtf_remark_kind kind, const char *fmt, ...)
{
	struct kbtf_remark *items;
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	items = text ? realloc(remarks->items, (remarks->count + 1) * sizeof(*items)) : NULL;
	if (!items) {
		free(text);
		return;
	}
	remarks->items = items;
	items[remarks->count++] = (struct kbtf_remark){ .kind = kind, .text = text };
}

void remarks__free(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->count; i++)
		free((char *)remarks->items[i].text);
	free(remarks->items);
	*remarks = (struct remarks){};
}
