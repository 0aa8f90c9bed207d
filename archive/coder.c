/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "coder.h"

#include <string.h>

void coder__free(struct coder *coder)
{
	for (size_t i = 0; i < REF_CLASSES; i++)
		dictionary__free(&coder->refs[i]);
	for (size_t i = 0; i < NAME_CLASSES; i++)
		dictionary__free(&coder->names[i]);
	dictionary__free(&coder->pairs);
	buf__free(&coder->aligns);
}

void coder__fail(struct coder *coder, int err)
{
	if (!coder->err)
		coder->err = err;
}

void coder__put_byte(struct coder *coder, unsigned int column, uint32_t value)
{
	buf__add_u8(&coder->out->items[column], (uint8_t)value);
}

void coder__put_wide(struct coder *coder, unsigned int column, unsigned int bytes,
		     uint32_t value)
{
	for (unsigned int i = 0; i < bytes; i++)
		coder__put_byte(coder, column + i, value >> 8 * i & 0xff);
	if (bytes < sizeof(value) && value >> 8 * bytes)
		coder__fail(coder, -E2BIG);
}

uint32_t coder__long_u32(struct coder *coder, unsigned int column, uint32_t value)
{
	uint64_t told;

	if (!coder->following) {
		buf__add_varint(&coder->out->items[column], value);
		return value;
	}
	told = cursor__varint(&coder->in[column]);
	if (cursor__failed(&coder->in[column]) || told > UINT32_MAX)
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

/* ---- strings ------------------------------------------------------------------------------ */

static uint32_t find_anywhere(struct coder *coder, struct told *told, uint32_t item, uint32_t count)
{
	uint32_t value = 0;
	int err = told__find(told, item, count, &value);

	if (err)
		coder__fail(coder, err);
	return value;
}

uint32_t coder__find_told(struct coder *coder, struct told *told, uint32_t item, uint32_t count)
{
	uint32_t value = find_anywhere(coder, told, item, count);

	return value & 1 || coder->stream ? value : 0;
}

uint32_t coder__told(struct coder *coder, const struct told *told, unsigned int column,
		     uint32_t value)
{
	value = coder__wide(coder, column, 4, value);
	if ((int)(value & 1) <= coder->stream && value / 2 < told->items[value & 1].count)
		return told->items[value & 1].items[value / 2];
	coder__fail(coder, -EBADMSG);
	return 0;
}

bool coder__also(struct coder *coder, struct told *told, unsigned int column, uint32_t count,
		 uint32_t *value, uint32_t *item)
{
	uint32_t place, stream;

	*value = coder__u32(coder, column,
			    coder->following ? 0 : find_anywhere(coder, told, *item, count));
	if (!*value)
		return false;
	place = (*value - 1) / 2;
	stream = (*value - 1) & 1;
	if (place < told->items[stream].count) {
		*item = told->items[stream].items[place];
		return true;
	}
	/* a function stream's may not be there */
	if (!stream || coder->stream)
		coder__fail(coder, -EBADMSG);
	return false;
}

/* While following: a new one, of what it shares with the last one and the rest. */
static uint32_t follow_string(struct coder *coder, const struct name_columns *columns,
			      uint32_t last, uint32_t also)
{
	uint32_t shared = coder__byte(coder, columns->shared, 0), string = 0;
	struct cursor *in = &coder->in[columns->rest];
	const char *rest = (const char *)in->data + in->pos;
	const char *end = in->len > in->pos ? memchr(rest, '\0', in->len - in->pos) : NULL;
	size_t length = end ? (size_t)(end - rest) : 0;
	int err;

	if (!end || shared > pool__string_length(coder->pool, last) ||
	    shared + length >= GRAPH_NAME_MAX) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	in->pos += length + 1;
	if (also || !(shared + length))
		return also;
	err = pool__append_string(coder->pool, last, shared, rest, length, &string);
	if (err)
		coder__fail(coder, err);
	return string;
}

/* One that this stream has not told. */
static uint32_t spell_string(struct coder *coder, const struct name_columns *columns,
			     uint32_t last, uint32_t string)
{
	const char *before = pool__string(coder->pool, last);
	const char *now = pool__string(coder->pool, string);
	uint32_t shared = 0, also = string, value;

	if (coder->first || coder->stream ||
	    !coder__also(coder, &coder->lineage->strings, columns->also,
			 coder->pool->strings.count, &value, &also))
		also = 0;
	if (coder->following)
		return follow_string(coder, columns, last, also);
	while (shared < 255 && now[shared] && now[shared] == before[shared])
		shared++;
	coder__put_byte(coder, columns->shared, shared);
	buf__add(&coder->out->items[columns->rest], now + shared, strlen(now + shared) + 1);
	return string;
}

static uint32_t find_string(struct coder *coder, uint32_t string)
{
	return coder__find_told(coder, &coder->lineage->strings, string,
				coder->pool->strings.count);
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
	uint32_t token = coder__token(coder, names, string), known = 1;
	int err;

	if (token == TOKEN_NEW && !coder->following && (known = find_string(coder, string)))
		token = TOKEN_KNOWN;
	token = coder__wide(coder, columns->token, 3, token);
	if (token >= TOKEN_FIRST) {
		if (token - TOKEN_FIRST < names->count)
			return (uint32_t)names->items[token - TOKEN_FIRST];
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	if (token == TOKEN_KNOWN) {
		string = coder__told(coder, &coder->lineage->strings, columns->known, known - 1);
	} else {
		string = spell_string(coder, columns, coder->last[class], string);
		coder->last[class] = string;
		if (!coder->err)
			coder__add_word(coder, &coder->lineage->strings.items[coder->stream],
					string);
	}
	err = coder->err ? 0 : dictionary__add(names, string);
	if (err)
		coder__fail(coder, err);
	return string;
}

uint32_t coder__name(struct coder *coder, enum name_class class, uint32_t string)
{
	const unsigned int first = BODY_NAMES + 5 * (unsigned int)class;
	const struct name_columns columns = { first, first + 3, first + 4, BODY_KNOWN,
					      BODY_ALSO };

	return coder__name_in(coder, class, &columns, string);
}

void coder__add_word(struct coder *coder, struct numbers *words, uint32_t word)
{
	int err = numbers__add(words, word);

	if (err)
		coder__fail(coder, err);
}
