/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "wanted_type.h"

#include <string.h>

struct wanted_type wanted_type__parse(const char *text)
{
	static const char *const keywords[] = { "struct", "union", "enum", "typedef", "func",
						"var", "datasec", "int", "float" };

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		size_t len = strlen(keywords[i]);

		if (strncmp(text, keywords[i], len) == 0 && text[len] == ' ')
			return (struct wanted_type){ text + len + strspn(text + len, " "),
						     keywords[i] };
	}
	return (struct wanted_type){ text, NULL };
}

bool wanted_type__is(const struct wanted_type *wanted, const char *keyword, const char *name)
{
	return strcmp(name, wanted->name) == 0 &&
	       (!wanted->keyword || strcmp(keyword, wanted->keyword) == 0);
}
