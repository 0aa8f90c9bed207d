/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A difference for people, on stdout, and as JSON. */
#ifndef BTFGEN_DIFFERENCE_TEXT_H
#define BTFGEN_DIFFERENCE_TEXT_H

#include <jansson.h>

#include "difference.h"

struct difference_view {
	bool functions; /* list them, too; else they are counted */
	bool spelling;  /* show what is only respelled */
};

/* The changes, a line each with what changed inside below it. Whether memory sufficed. */
bool difference__print(const struct difference *difference, const struct difference_view *view);
/* How many of what changed, in words; one line or two. */
void difference__print_counts(const struct difference *difference,
			      const struct difference_view *view);
/* All of it, functions and respelled ones too; a new reference. */
json_t *difference__json(const struct difference *difference);
/* Whether there is a change that the view shows or counts. */
bool difference__is_any(const struct difference *difference, const struct difference_view *view);

#endif
