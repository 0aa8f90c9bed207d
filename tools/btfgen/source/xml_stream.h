/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * XML from somebody else, streamed through expat: elements by local name, text of one
 * element at a time. Refused: document type declarations, so no entities but the five of
 * XML, depth over 32, and an element's text over 1 MiB.
 */
#ifndef BTFGEN_XML_STREAM_H
#define BTFGEN_XML_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct xml_handler {
	/* attributes: name, value, ..., NULL. Not 0 ends the reading, *err being set. */
	int (*start)(void *context, const char *element, const char **attributes,
		     struct error *err);
	/* `text` is what stood in the element since its last child, lent. */
	int (*end)(void *context, const char *element, const char *text, struct error *err);
	void *context;
};

/*
 * `path` is compressed or not; `name` is for messages. Errors: those of
 * compressed__read() and of the handler; -EBADMSG (not well-formed, or refused).
 */
int xml_stream__read(const char *path, const char *name, uint64_t limit,
		     const struct xml_handler *handler, struct error *err);

/* Value of an attribute, by local name, or NULL. */
const char *xml_attribute(const char **attributes, const char *name);

#endif
