/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text of unknown encoding, such as names of files and what other programs say, made UTF-8. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/* In place: each byte that is no part of well-formed UTF-8 (RFC 3629) becomes '?'. */
void utf8__mend(char *text);

#endif
