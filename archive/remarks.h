/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the library decided, changed or could not do, for whoever asks: kind and text. */
#ifndef ARCHIVE_REMARKS_H
#define ARCHIVE_REMARKS_H

#include <kbtf_load.h>

struct remarks {
	struct kbtf_remark *items;
	size_t count;
};

/* A remark lost for want of memory is not an error of what it is about. */
void remarks__add(struct remarks *remarks, enum kbtf_remark_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void remarks__free(struct remarks *remarks);

#endif
