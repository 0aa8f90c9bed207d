/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define WORD_SPACE " \t\r\n\f\v"

char **words__split(const char *text)
{
	_cleanup_words_ char **words = calloc(1, sizeof(*words));

	if (!words)
		return NULL;
	for (text = text ? text : "";;) {
		size_t len;

		text += strspn(text, WORD_SPACE);
		len = strcspn(text, WORD_SPACE);
		if (!len)
			return steal_ptr(words);

		_cleanup_free_ char *word = strndup(text, len);

		if (!word || words__add(&words, word))
			return NULL;
		text += len;
	}
}

void words__free(char **words)
{
	int saved = errno;

	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
	errno = saved;
}

size_t words__count(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

bool words__allow(const char *const *words, const char *word)
{
	if (!words)
		return true;
	for (; *words; words++)
		if (!strcasecmp(*words, word))
			return true;
	return false;
}

int words__add(char ***words, const char *word)
{
	size_t count = words__count((const char *const *)*words);
	_cleanup_free_ char *copy = strdup(word);
	char **grown;

	if (!copy)
		return -ENOMEM;
	grown = reallocarray(*words, count + 2, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[count] = steal_ptr(copy);
	grown[count + 1] = NULL;
	*words = grown;
	return 0;
}

char *words__join(const char *const *words)
{
	_cleanup_buf_ struct buf buf = { 0 };

	for (size_t i = 0; words && words[i]; i++)
		buf__printf(&buf, "%s%s", i ? ", " : "", words[i]);
	if (!buf__cstr(&buf))
		return NULL;
	return (char *)buf__steal(&buf, &(size_t){ 0 });
}
