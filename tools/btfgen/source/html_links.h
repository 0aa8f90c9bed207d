/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The links of a web page, which for us is a server's list of a folder: the values of
 * href in <a>, in order. Nothing else of HTML is understood: no base, no scripts.
 */
#ifndef BTFGEN_HTML_LINKS_H
#define BTFGEN_HTML_LINKS_H

#include <stddef.h>

#include "base/error.h"

/* `link` has its entities decoded, and no NUL in it; lent. Not 0 ends the reading. */
typedef int (*html_link_sink)(void *context, const char *link, struct error *err);

/* `text` has `len` bytes and a NUL behind them. -ENOMEM, or what the sink gave. */
int html_links__read(const char *text, size_t len, html_link_sink sink, void *context,
		     struct error *err);

#endif
