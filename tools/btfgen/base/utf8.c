/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins at `at`; 0: none does. Stops at the NUL. */
static size_t character(const unsigned char *at)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t code = len < 2 ? at[0] : at[0] & (0xff >> (len + 1));

	if (at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (!len || code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

void utf8__mend(char *text)
{
	while (*text) {
		size_t len = character((const unsigned char *)text);

		if (!len)
			*text = '?';
		text += len ? len : 1;
	}
}
