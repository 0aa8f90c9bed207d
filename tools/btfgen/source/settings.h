/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An INI file as a list of settings with their line numbers, by libinih. */
#ifndef BTFGEN_SETTINGS_H
#define BTFGEN_SETTINGS_H

#include <stddef.h>

#include "base/error.h"

/* One `key = value`; continuation lines (indented) are joined to it by a space each. */
struct setting {
	char *section;
	char *key;
	char *value;
	unsigned int line;
};

struct settings {
	struct setting *items;
	size_t count;
};

/*
 * Errors: -EINVAL (the text names file and line: no INI, a line too long for libinih, a
 * key twice in one section), those of open(2), -ENOMEM. *settings must be freed in each case.
 */
int settings__read(const char *path, struct settings *settings, struct error *err);
void settings__free(struct settings *settings);

#endif
