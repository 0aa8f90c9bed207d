/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "base/assignments.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* The value that begins at `at`, up to the end of its line. */
static char *unquote(const char *at)
{
	size_t len = strcspn(at, "\n"), out = 0;
	char *value = malloc(len + 1), quote = '\0';

	if (!value)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = at[i];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		/* inside single quotes a backslash is itself */
		if (c == '\\' && quote != '\'' && i + 1 < len)
			c = at[++i];
		else if (!quote && (c == ' ' || c == '\t' || c == '\r'))
			break;
		value[out++] = c;
	}
	value[out] = '\0';
	return value;
}

char *assignments__get(const char *text, const char *name)
{
	size_t name_len = strlen(name);
	char *value = NULL;

	while (*text) {
		const char *line = text + strspn(text, " \t");

		if (strncmp(line, name, name_len) == 0 && line[name_len] == '=') {
			free(value);
			value = unquote(line + name_len + 1);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return value;
}
