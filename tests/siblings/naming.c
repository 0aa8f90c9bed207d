/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "naming.h"

enum { WORDS_MAX = 16, WORD_MAX = 64, NAME_MAX = WORDS_MAX * (WORD_MAX + 1) };

/* splitmix64 */
uint64_t dice__roll(struct dice *dice)
{
	uint64_t x = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint32_t dice__below(struct dice *dice, uint32_t below)
{
	return below ? (uint32_t)(dice__roll(dice) % below) : 0;
}

bool dice__chance(struct dice *dice, double chance)
{
	return (double)(dice__roll(dice) >> 11) / 9007199254740992.0 < chance;
}

/* Words with the underscores before them: "__dev", "_get", "_by", "_name". */
static int split(const char *name, char words[WORDS_MAX][WORD_MAX])
{
	int count = 0;

	while (*name && count < WORDS_MAX) {
		size_t len = strspn(name, "_");

		len += strcspn(name + len, "_");
		if (len >= WORD_MAX)
			len = WORD_MAX - 1;
		memcpy(words[count], name, len);
		words[count++][len] = '\0';
		name += len;
	}
	return count;
}

/* What no name has: consonants and vowels in turn. */
static void invent(struct dice *dice, char word[WORD_MAX])
{
	static const char consonants[] = "bcdfghklmnprstvx", vowels[] = "aeiou";
	uint32_t len = 3 + dice__below(dice, 5);

	word[0] = '_';
	for (uint32_t i = 1; i <= len; i++)
		word[i] = i % 2 ? consonants[dice__below(dice, 16)] : vowels[dice__below(dice, 5)];
	word[len + 1] = '\0';
}

static void borrow(const struct kernel *kernel, struct dice *dice, const struct naming *naming,
		   const uint32_t *others, uint32_t other_count, char word[WORD_MAX])
{
	char words[WORDS_MAX][WORD_MAX];
	int count = split(kernel__text(kernel, others[dice__below(dice, other_count)]), words);

	if (!count || dice__chance(dice, naming->novel)) {
		invent(dice, word);
		return;
	}
	strcpy(word, words[dice__below(dice, (uint32_t)count)]);
}

static void join(char words[WORDS_MAX][WORD_MAX], int count, char name[NAME_MAX])
{
	char *end = name;

	*end = '\0';
	for (int i = 0; i < count; i++) {
		const char *word = words[i];

		/* borrowed from the front of a name, or from behind */
		if (i && *word != '_')
			*end++ = '_';
		else if (!i && *word == '_' && word[1] != '_')
			word++;
		end = stpcpy(end, word);
	}
}

uint32_t name__derive(struct kernel *kernel, struct dice *dice, const struct naming *naming,
		      uint32_t model, const uint32_t *others, uint32_t other_count)
{
	char words[WORDS_MAX][WORD_MAX], name[NAME_MAX];
	int count, first;

	do {
		count = split(kernel__text(kernel, model), words);
		/* all but one word stays; or the front half does */
		if (dice__chance(dice, naming->one_word)) {
			first = (int)dice__below(dice, (uint32_t)count + 1);
			if (first == count && count < WORDS_MAX)
				count++;
			borrow(kernel, dice, naming, others, other_count, words[first]);
		} else {
			first = count > 1 ? count / 2 : 0;
			if (count == 1 && dice__chance(dice, .5))
				count = 2;
			for (int i = first; i < count; i++)
				borrow(kernel, dice, naming, others, other_count, words[i]);
		}
		join(words, count, name);
		model = others[dice__below(dice, other_count)];
	} while (!*name || kernel__knows(kernel, name));
	return kernel__string(kernel, name);
}
