/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "told.h"

int told__find(struct told *told, uint32_t item, uint32_t count, uint32_t *value)
{
	int err = numbers__extend(&told->values, count);
	uint32_t *values = told->values.items;

	if (err)
		return err;
	for (uint32_t *i = &told->entered[0]; *i < told->items[0].count; ++*i)
		values[told->items[0].items[*i]] = 2 * *i + 1;
	for (uint32_t *i = &told->entered[1]; *i < told->items[1].count; ++*i)
		if (!values[told->items[1].items[*i]])
			values[told->items[1].items[*i]] = 2 * *i + 2;
	*value = values[item];
	return 0;
}
