/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers in JSON, of services that list packages. */
#ifndef BTFGEN_JSON_API_H
#define BTFGEN_JSON_API_H

#include <jansson.h>

#include "source/access.h"

/*
 * Fetch and parse, once in a run where access->answers is set; a new reference, or NULL with *err set and *ret: an error of
 * transfers__get(), or -EBADMSG (no JSON, or no object).
 */
json_t *json_api__get(struct access *access, const char *url, int *ret, struct error *err);
/* The text of `key`, lent; NULL: there is none, or it is no text. */
const char *json_api__text(const json_t *object, const char *key);
/* Text with everything but letters, digits and "-._~" as %XX, for a query; malloc'ed. */
char *json_api__escape(const char *text);

#endif
