/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/counted_name.h"

#include <string.h>

size_t counted_name__stem_len(const char *name, size_t len)
{
	const size_t prefix = COUNTED_NAME_PREFIX_LEN;
	size_t stem_len = len;

	if (len <= prefix || memcmp(name, COUNTED_NAME_PREFIX, prefix) != 0)
		return 0;
	while (stem_len > prefix && name[stem_len - 1] >= '0' && name[stem_len - 1] <= '9')
		stem_len--;
	return stem_len == len || stem_len == prefix ? 0 : stem_len;
}
