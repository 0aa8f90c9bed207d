/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/json_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

json_t *json_text(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);

	if (!copy)
		return NULL;
	utf8__mend(copy);
	return json_string(copy);
}
