/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the imitated kernel says of a call: 0 or -errno, and the verifier's words. */
#ifndef DOUBLE_VERDICT_H
#define DOUBLE_VERDICT_H

struct verdict {
	char text[256];
};

/* Keeps the words, with a newline; returns `err`. */
int refuse(struct verdict *verdict, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
