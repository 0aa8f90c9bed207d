/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/variables.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"

/* What `text`, at its '$', names; NULL: nothing that is known. */
static const char *find(const char *text, const struct variables *variables, size_t *len)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{ "$basearch", variables->basearch },
		{ "$releasever", variables->releasever },
		{ "$path", variables->path },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		*len = strlen(known[i].name);
		if (known[i].value && !strncmp(text, known[i].name, *len))
			return known[i].value;
	}
	return NULL;
}

char *variables__fill(const char *text, const struct variables *variables)
{
	_cleanup_buf_ struct buf filled = { 0 };

	while (*text) {
		const char *value = NULL;
		size_t len = strcspn(text, "$");

		buf__add(&filled, text, len);
		text += len;
		if (!*text)
			break;
		value = find(text, variables, &len);
		if (!value) {
			value = "$";
			len = 1;
		}
		buf__add(&filled, value, strlen(value));
		text += len;
	}
	if (!buf__cstr(&filled))
		return NULL;
	return (char *)buf__steal(&filled, NULL);
}
