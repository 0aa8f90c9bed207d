/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Indexes that could not be had, for people. */
#ifndef BTFGEN_MISSING_INDEXES_H
#define BTFGEN_MISSING_INDEXES_H

#include <jansson.h>

#include "source/catalogue.h"

/*
 * On stderr: a line for each distribution and cause, since who has no network would else
 * read a hundred; with -v a line for each index.
 */
void missing_indexes__print(const struct catalogue *catalogue);
/* "; 3 of 12 indexes could not be had" for the end of a summary, or "". */
const char *missing_indexes__words(const struct catalogue *catalogue, char text[80]);
/* Into an object: "index_failures", and "left_out", what was not asked at all. */
void missing_indexes__add_json(const struct catalogue *catalogue, json_t *object);

#endif
