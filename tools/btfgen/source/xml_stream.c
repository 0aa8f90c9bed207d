/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/xml_stream.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compressed.h"

#define DEPTH_MAX 32
#define TEXT_MAX (1u << 20)
#define FEED_MAX (1u << 20)

struct stream {
	XML_Parser parser;
	const char *name;
	const struct xml_handler *handler;
	struct error *err;
	struct buf text;
	unsigned int depth;
	int status;
};

/* Expat joins namespace and name by this. */
#define NAMESPACE_SEPARATOR '\x01'

static const char *local_name(const char *name)
{
	const char *separator = strrchr(name, NAMESPACE_SEPARATOR);

	return separator ? separator + 1 : name;
}

const char *xml_attribute(const char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (!strcmp(local_name(attributes[0]), name))
			return attributes[1];
	return NULL;
}

static void stop(struct stream *stream, int status)
{
	if (!status || stream->status)
		return;
	stream->status = status;
	XML_StopParser(stream->parser, XML_FALSE);
}

static void XMLCALL start_element(void *context, const char *element, const char **attributes)
{
	struct stream *stream = context;

	if (stream->status)
		return;
	stream->text.len = 0;
	if (++stream->depth > DEPTH_MAX)
		stop(stream, error__set(stream->err, EBADMSG, "%s: elements are nested too deep",
					stream->name));
	else if (stream->handler->start)
		stop(stream, stream->handler->start(stream->handler->context, local_name(element),
						    attributes, stream->err));
}

static void XMLCALL end_element(void *context, const char *element)
{
	struct stream *stream = context;
	const char *text;

	if (stream->status)
		return;
	stream->depth--;
	text = buf__cstr(&stream->text);
	if (!text)
		stop(stream, error__oom(stream->err));
	else if (stream->handler->end)
		stop(stream, stream->handler->end(stream->handler->context, local_name(element),
						  text, stream->err));
	stream->text.len = 0;
}

static void XMLCALL take_text(void *context, const char *text, int len)
{
	struct stream *stream = context;

	if (stream->status)
		return;
	if (stream->text.len + (size_t)len > TEXT_MAX)
		stop(stream, error__set(stream->err, EBADMSG, "%s: an element's text is too long",
					stream->name));
	else
		buf__add(&stream->text, text, (size_t)len);
}

static void XMLCALL refuse_doctype(void *context, const char *doctype, const char *system_id,
				   const char *public_id, int has_subset)
{
	struct stream *stream = context;

	(void)doctype, (void)system_id, (void)public_id, (void)has_subset;
	stop(stream, error__set(stream->err, EBADMSG,
				"%s: a document type declaration, which metadata has no use for",
				stream->name));
}

static unsigned long line_number(XML_Parser parser)
{
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
	return XML_GetCurrentLineNumber64(parser);
#else
	return XML_GetCurrentLineNumber(parser);
#endif
}

static int feed(struct stream *stream, const char *data, size_t len, bool last)
{
	do {
		size_t part = len < FEED_MAX ? len : FEED_MAX;

		if (XML_Parse(stream->parser, data, (int)part, last && part == len) !=
		    XML_STATUS_OK) {
			if (stream->status)
				return stream->status;
			return error__set(stream->err, EBADMSG, "%s:%lu: damaged XML: %s",
					  stream->name, line_number(stream->parser),
					  XML_ErrorString(XML_GetErrorCode(stream->parser)));
		}
		data += part;
		len -= part;
	} while (len);
	return stream->status;
}

static int take_block(void *context, const void *data, size_t len, struct error *err)
{
	struct stream *stream = context;

	(void)err;
	return len ? feed(stream, data, len, false) : 0;
}

int xml_stream__read(const char *path, const char *name, uint64_t limit,
		     const struct xml_handler *handler, struct error *err)
{
	struct stream stream = { .name = name, .handler = handler, .err = err };
	int ret;

	stream.parser = XML_ParserCreateNS(NULL, NAMESPACE_SEPARATOR);
	if (!stream.parser)
		return error__oom(err);
	XML_SetUserData(stream.parser, &stream);
	XML_SetElementHandler(stream.parser, start_element, end_element);
	XML_SetCharacterDataHandler(stream.parser, take_text);
	XML_SetStartDoctypeDeclHandler(stream.parser, refuse_doctype);
	ret = compressed__read(path, limit, take_block, &stream, err);
	if (!ret)
		ret = feed(&stream, "", 0, true);
	XML_ParserFree(stream.parser);
	buf__free(&stream.text);
	return ret;
}
