/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "coder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void coder__free(struct coder *coder)
{
	for (size_t i = 0; i < REF_CLASSES; i++)
		dictionary__free(&coder->refs[i]);
	for (size_t i = 0; i < NAME_CLASSES; i++)
		dictionary__free(&coder->names[i]);
	dictionary__free(&coder->pairs);
	for (size_t i = 0; i < BODIES_MAX; i++)
		numbers__free(&coder->bodies[i]);
	buf__free(&coder->aligns);
	free(coder->under_way);
}

void coder__fail(struct coder *coder, int err)
{
	if (!coder->err)
		coder->err = err;
}

uint32_t coder__byte(struct coder *coder, unsigned int column, uint32_t value)
{
	if (!coder->following) {
		buf__add_u8(&coder->out->items[column], (uint8_t)value);
		return value;
	}
	/* by far the most that is done: not by way of cursor__take() */
	struct cursor *in = &coder->in[column];

	if (in->pos < in->len)
		return in->data[in->pos++];
	coder__fail(coder, -EBADMSG);
	return 0;
}

uint64_t coder__varint(struct coder *coder, unsigned int column, uint64_t value)
{
	if (!coder->following) {
		buf__add_varint(&coder->out->items[column], value);
		return value;
	}
	value = cursor__varint(&coder->in[column]);
	if (cursor__failed(&coder->in[column]))
		coder__fail(coder, -EBADMSG);
	return value;
}

uint32_t coder__u32(struct coder *coder, unsigned int column, uint32_t value)
{
	uint64_t told = coder__varint(coder, column, value);

	if (told > UINT32_MAX)
		coder__fail(coder, -EBADMSG);
	return (uint32_t)told;
}

static uint32_t zigzag(uint32_t value)
{
	return value << 1 ^ (uint32_t)-(int32_t)(value >> 31);
}

static uint32_t unzigzag(uint32_t value)
{
	return value >> 1 ^ (uint32_t)-(int32_t)(value & 1);
}

uint32_t coder__difference(struct coder *coder, unsigned int column, uint32_t value)
{
	return unzigzag(coder__u32(coder, column, zigzag(value)));
}

uint32_t coder__wide(struct coder *coder, unsigned int column, unsigned int bytes,
			  uint32_t value)
{
	uint32_t told = 0;

	for (unsigned int i = 0; i < bytes; i++)
		told |= coder__byte(coder, column + i, value >> 8 * i & 0xff) << 8 * i;
	if (!coder->following && told != value)
		coder__fail(coder, -E2BIG);
	return told;
}

/* ---- strings ------------------------------------------------------------------------------ */

static uint32_t place_of_string(const struct lineage *lineage, int stream, uint32_t string)
{
	const struct numbers *told = &lineage->told[stream];

	return string < told->count ? told->items[string] : 0;
}

static void note_string(struct coder *coder, uint32_t string)
{
	struct numbers *told = &coder->lineage->told[coder->stream];
	struct numbers *strings = &coder->lineage->strings[coder->stream];
	int err = 0;

	while (!err && told->count <= string)
		err = numbers__add(told, 0);
	if (!err)
		err = numbers__add(strings, string);
	if (err)
		coder__fail(coder, err);
	else
		told->items[string] = strings->count;
}

/* What it shares with the last one, and the rest. */
static uint32_t spell_string(struct coder *coder, unsigned int shared_column,
			     unsigned int rest_column, uint32_t last, uint32_t string)
{
	const char *before = pool__string(coder->pool, last);
	size_t before_len = strlen(before), rest_len;
	uint32_t shared = 0;
	char text[GRAPH_NAME_MAX];

	if (!coder->following) {
		const char *now = pool__string(coder->pool, string);

		while (shared < 255 && now[shared] && now[shared] == before[shared])
			shared++;
		coder__byte(coder, shared_column, shared);
		buf__add(&coder->out->items[rest_column], now + shared, strlen(now + shared) + 1);
		return string;
	}
	shared = coder__byte(coder, shared_column, 0);
	struct cursor *rest = &coder->in[rest_column];
	const uint8_t *begin = rest->data + rest->pos;
	const uint8_t *end = rest->len > rest->pos ? memchr(begin, '\0', rest->len - rest->pos) : NULL;

	rest_len = end ? (size_t)(end - begin) : 0;
	if (!end || shared > before_len || shared + rest_len >= sizeof(text)) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	cursor__take(rest, rest_len + 1);
	memcpy(text, before, shared);
	memcpy(text + shared, begin, rest_len);
	if (!(shared + rest_len))
		return 0;
	/* what a first kernel spells out is new */
	int err = (coder->first ? pool__append_string : pool__add_string)(
		coder->pool, text, shared + rest_len, &string);

	if (err)
		coder__fail(coder, err);
	return err ? 0 : string;
}

/* One that a stream has told before: which of them, in the lowest bit of its place. */
static uint32_t code_known(struct coder *coder, unsigned int column, uint32_t string)
{
	uint32_t place = place_of_string(coder->lineage, 0, string), value = 0;

	if (!coder->following)
		value = place ? 2 * (place - 1)
			      : 2 * (place_of_string(coder->lineage, 1, string) - 1) + 1;
	value = coder__wide(coder, column, 4, value);
	if (!coder->following)
		return string;
	if (value / 2 >= coder->lineage->strings[value & 1].count ||
	    (int)(value & 1) > coder->stream) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	return coder->lineage->strings[value & 1].items[value / 2];
}

static bool is_known(const struct coder *coder, uint32_t string)
{
	return place_of_string(coder->lineage, 0, string) ||
	       (coder->stream && place_of_string(coder->lineage, 1, string));
}

uint32_t coder__token(struct coder *coder, struct dictionary *dictionary, uint64_t item)
{
	uint32_t found = 0;
	int err = coder->following ? 0 : dictionary__find(dictionary, item, &found);

	if (err)
		coder__fail(coder, err);
	return found ? found - 1 + TOKEN_FIRST : TOKEN_NEW;
}

uint32_t coder__name_in(struct coder *coder, enum name_class class,
			     const struct name_columns *columns, uint32_t string)
{
	struct dictionary *names = &coder->names[class];
	uint32_t token = coder__token(coder, names, string);
	int err;

	if (token == TOKEN_NEW && !coder->following && is_known(coder, string))
		token = TOKEN_KNOWN;
	token = coder__wide(coder, columns->token, 3, token);
	if (token >= TOKEN_FIRST) {
		if (token - TOKEN_FIRST < names->count)
			return (uint32_t)names->items[token - TOKEN_FIRST];
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	if (token == TOKEN_KNOWN) {
		string = code_known(coder, columns->known, string);
	} else {
		string = spell_string(coder, columns->shared, columns->rest, coder->last[class],
				      string);
		coder->last[class] = string;
		if (!coder->err)
			note_string(coder, string);
	}
	err = coder->err ? 0 : dictionary__add(names, string);
	if (err)
		coder__fail(coder, err);
	return string;
}

uint32_t coder__name(struct coder *coder, enum name_class class, uint32_t string)
{
	const unsigned int first = BODY_NAMES + 5 * (unsigned int)class;
	const struct name_columns columns = { first, first + 3, first + 4, BODY_KNOWN };

	return coder__name_in(coder, class, &columns, string);
}

void coder__add_word(struct coder *coder, struct numbers *words, uint32_t word)
{
	int err = numbers__add(words, word);

	if (err)
		coder__fail(coder, err);
}
