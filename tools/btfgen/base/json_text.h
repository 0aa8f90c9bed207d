/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* JSON strings of text that may be in any encoding. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <jansson.h>

/*
 * A new reference. json_string() gives NULL for what is not UTF-8, and the object that
 * wants it then lacks the key, or is not made at all.
 */
json_t *json_text(const char *text);

#endif
