/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lists of words: text cut at white space, as NULL-ended arrays of strings. */
#ifndef BTFGEN_WORDS_H
#define BTFGEN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* NULL counts as "". Never NULL except without memory; end with words__free(). */
char **words__split(const char *text);
void words__free(char **words);
/* A NULL list is empty. */
size_t words__count(const char *const *words);
/* Without case; a NULL list has everything: no restriction. */
bool words__allow(const char *const *words, const char *word);
/* Grow *words (may point to NULL) by a copy of `word`. -ENOMEM leaves it as it was. */
int words__add(char ***words, const char *word);
/* All words with ", " between them, malloc'ed. */
char *words__join(const char *const *words);

static inline void words__freep(char ***words)
{
	words__free(*words);
}

#define _cleanup_words_ __attribute__((__cleanup__(words__freep)))

#endif
