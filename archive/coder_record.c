/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What is in a record, and what records it is told by. */
#include "coder.h"

#include <errno.h>
#include <string.h>

#include "canonical.h"

/* ---- sizes, as a compiler has them ------------------------------------------------------------- */

static uint32_t resolve(const struct coder *coder, uint32_t ref)
{
	uint32_t place;

	if (!(ref & POOL_NAME_BIT))
		return ref;
	ref &= ~POOL_NAME_BIT;
	place = ref < coder->place_count ? coder->record_place[ref] : 0;
	return place ? coder->records->items[place - 1] : 0;
}

static uint64_t size_of(const struct coder *coder, uint32_t ref, int depth)
{
	uint32_t number = resolve(coder, ref);
	const uint32_t *record = pool__record(coder->pool, number);

	if (!number || depth == NESTING_MAX)
		return 0;
	switch (record[RECORD_KIND] & 0xff) {
	case TYPE_PTR:
		return 8;
	case TYPE_ARRAY:
		return size_of(coder, record[RECORD_SLOTS + SLOT_TYPE], depth + 1) *
		       record[RECORD_SLOTS + SLOT_VALUE] & UINT32_MAX;
	case TYPE_TYPEDEF:
	case TYPE_VOLATILE:
	case TYPE_CONST:
	case TYPE_RESTRICT:
	case TYPE_TAG:
		return size_of(coder, record[RECORD_REF], depth + 1);
	default:
		return record[RECORD_SIZE];
	}
}

static uint32_t align_of(struct coder *coder, uint32_t ref, int depth);

static uint32_t find_align(struct coder *coder, const uint32_t *record, int depth)
{
	const uint32_t *slot = record + RECORD_SLOTS;
	uint32_t align = 1;

	switch (record[RECORD_KIND] & 0xff) {
	case TYPE_PTR:
		return 8;
	case TYPE_ARRAY:
		return align_of(coder, slot[SLOT_TYPE], depth + 1);
	case TYPE_TYPEDEF:
	case TYPE_VOLATILE:
	case TYPE_CONST:
	case TYPE_RESTRICT:
	case TYPE_TAG:
		return align_of(coder, record[RECORD_REF], depth + 1);
	case TYPE_STRUCT:
	case TYPE_UNION:
		for (uint32_t i = 0; i < record[RECORD_COUNT] && align < 8; i++, slot += SLOT_WORDS) {
			uint32_t own = align_of(coder, slot[SLOT_TYPE], depth + 1);

			align = own > align ? own : align;
		}
		return align;
	default:
		align = record[RECORD_SIZE];
		return align == 2 || align == 4 || align == 8 ? align : align > 8 ? 8 : 1;
	}
}

static bool room_for_align(struct coder *coder, uint32_t number)
{
	size_t more = (number < coder->pool->records.count ? coder->pool->records.count : number + 1) +
		      (size_t)1024 - coder->aligns.len;
	uint8_t *room = buf__reserve(&coder->aligns, more);

	if (!room) {
		coder__fail(coder, -ENOMEM);
		return false;
	}
	memset(room, 0, more);
	coder->aligns.len += more;
	return true;
}

/*
 * In bytes; of a struct that of its strictest member. What was found is kept, whatever is
 * told later: both sides ask in the same order.
 */
static uint32_t align_of(struct coder *coder, uint32_t ref, int depth)
{
	uint32_t number = resolve(coder, ref), align;

	if (!number || depth == NESTING_MAX)
		return 1;
	if (coder->aligns.len <= number && !room_for_align(coder, number))
		return 1;
	if (!coder->aligns.data[number]) {
		coder->aligns.data[number] = 1; /* for a circle, which no compiler makes */
		align = find_align(coder, pool__record(coder->pool, number), depth);
		coder->aligns.data[number] = (uint8_t)align;
	}
	return coder->aligns.data[number];
}

/* ---- references ------------------------------------------------------------------------------ */

/* A type with a name, by its place in the kernel. */
static uint32_t code_named(struct coder *coder, uint32_t ref)
{
	uint32_t name = ref & ~POOL_NAME_BIT, place = NOT_NAMED;

	if (!coder->following && name < coder->place_count && coder->place[name])
		place = coder->place[name] - 1;
	else if (!coder->following && coder->coming)
		coder__fail(coder, -ENOTSUP); /* a function, in the data types' stream */
	place = coder__wide(coder, BODY_NAMED, 3, place);
	if (!coder->following)
		return ref;
	if (place >= coder->named->count) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	return coder->named->items[place] | POOL_NAME_BIT;
}

/* One that is empty, until it is given back; NULL and failed, where too many are under way. */
static struct numbers *take_body(struct coder *coder)
{
	struct numbers *body;

	if (coder->body_count == BODIES_MAX) {
		coder__fail(coder, -EBADMSG);
		return NULL;
	}
	body = &coder->bodies[coder->body_count++];
	body->count = 0;
	return body;
}

static void give_back(struct coder *coder)
{
	coder->body_count--;
}

uint32_t coder__nested(struct coder *coder, uint32_t ref, uint32_t spelling, int depth)
{
	struct numbers *body = take_body(coder);
	int err;

	if (!body)
		return 0;

	if (coder->following) {
		const uint32_t none[RECORD_SLOTS] = {
			[RECORD_KIND] = ((spelling & ~SPELL_FLAG) - SPELL_KIND) |
					(spelling & SPELL_FLAG ? RECORD_FLAG : 0),
		};

		err = numbers__append(body, none, RECORD_SLOTS);
	} else {
		const uint32_t *record = pool__record(coder->pool, ref);

		err = numbers__append(body, record,
				    RECORD_SLOTS + SLOT_WORDS * record[RECORD_COUNT]);
	}
	if (err)
		coder__fail(coder, err);
	else
		coder__body(coder, body, depth + 1);
	if (!coder->err && coder->following &&
	    (err = pool__add_record(coder->pool, body->items, body->count, &ref)))
		coder__fail(coder, err);
	give_back(coder);
	return ref;
}

static uint32_t spelling_of(const struct coder *coder, uint32_t ref)
{
	uint32_t kind;

	if (!ref || ref & POOL_NAME_BIT)
		return ref ? SPELL_NAMED : 0;
	kind = pool__record(coder->pool, ref)[RECORD_KIND];
	return ((kind & 0xff) + SPELL_KIND) | (kind & RECORD_FLAG ? SPELL_FLAG : 0);
}

static uint32_t spell_ref(struct coder *coder, uint32_t ref, int depth)
{
	uint32_t spelling = coder->following ? 0 : spelling_of(coder, ref);

	spelling = coder__byte(coder, BODY_SPELLING, spelling);
	if (spelling == 0)
		return 0;
	if (spelling == SPELL_NAMED)
		return code_named(coder, ref);
	if (depth >= CANONICAL_MAX_DEPTH || (spelling & ~SPELL_FLAG) <= SPELL_KIND ||
	    (spelling & ~SPELL_FLAG) >= SPELL_KIND + TYPE_KIND_END) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	return coder__nested(coder, ref, spelling, depth);
}

static uint32_t code_ref(struct coder *coder, enum ref_class class, uint32_t ref, int depth)
{
	struct dictionary *refs = &coder->refs[class];
	uint32_t token = coder__token(coder, refs, ref);
	int err;

	token = coder__wide(coder, BODY_REFS + 3 * (unsigned int)class, 3, token);
	if (coder->err)
		return 0;
	if (token >= TOKEN_FIRST) {
		if (token - TOKEN_FIRST < refs->count)
			return (uint32_t)refs->items[token - TOKEN_FIRST];
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	ref = spell_ref(coder, ref, depth);
	err = coder->err ? 0 : dictionary__add(refs, ref);
	if (err)
		coder__fail(coder, err);
	return ref;
}

/* ---- bodies ------------------------------------------------------------------------------------ */

/* Room for one more slot, where it is not there already. */
static uint32_t *slot_at(struct coder *coder, struct numbers *body, uint32_t index)
{
	const uint32_t none[SLOT_WORDS] = {};
	uint32_t at = RECORD_SLOTS + SLOT_WORDS * index;
	int err = 0;

	if (at == body->count)
		err = numbers__append(body, none, SLOT_WORDS);
	if (err)
		coder__fail(coder, err);
	return err ? NULL : body->items + at;
}

static void settle(struct coder *coder, uint32_t ref, int depth);

/* Where a compiler would put the next member, in bits. */
static uint32_t expected_offset(uint64_t end, uint32_t align, bool is_union)
{
	return is_union ? 0 : (uint32_t)((end + 8 * align - 1) / (8 * align) * (8 * align));
}

/* The upper byte of a struct's offsets holds bits, where its flag says so. */
static uint32_t code_offset(struct coder *coder, bool flag, uint32_t expected, uint64_t end,
			    uint32_t value)
{
	uint32_t bits = flag ? value >> 24 : 0, place = PLACE_EXPECTED;

	if (bits)
		place = PLACE_BITS;
	else if (value != expected)
		place = PLACE_OTHER;
	place = coder__byte(coder, BODY_PLACE, place);
	if (place == PLACE_BITS) {
		bits = coder__byte(coder, BODY_BITS, bits);
		value = coder__difference(coder, BODY_OFFSET, (value & 0xffffff) - (uint32_t)end) +
			(uint32_t)end;
		return (value & 0xffffff) | bits << 24;
	}
	if (place == PLACE_OTHER)
		return coder__difference(coder, BODY_OFFSET, value - expected) + expected;
	return expected;
}

static void code_members(struct coder *coder, struct numbers *body, int depth)
{
	bool is_union = (body->items[RECORD_KIND] & 0xff) == TYPE_UNION;
	bool flag = body->items[RECORD_KIND] & RECORD_FLAG;
	uint32_t count = coder__u32(coder, BODY_MEMBERS, body->items[RECORD_COUNT]), strictest = 1;
	uint64_t end = 0;

	body->items[RECORD_COUNT] = count;
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		uint32_t *slot = slot_at(coder, body, i), name, type, value, align;
		uint64_t size;

		if (!slot)
			return;
		name = coder__name(coder, NAME_MEMBER, slot[SLOT_NAME]);
		type = code_ref(coder, REF_MEMBER, slot[SLOT_TYPE], depth);
		settle(coder, type, 0);
		if (coder->err)
			return;
		align = align_of(coder, type, 0);
		size = 8 * size_of(coder, type, 0);
		slot = slot_at(coder, body, i);
		value = code_offset(coder, flag, expected_offset(end, align, is_union), end,
				    slot[SLOT_VALUE]);
		slot[SLOT_NAME] = name;
		slot[SLOT_TYPE] = type;
		slot[SLOT_VALUE] = value;
		strictest = align > strictest ? align : strictest;
		size = flag && value >> 24 ? value >> 24 : size;
		value = flag ? value & 0xffffff : value;
		end = is_union && size < end ? end : value + size;
	}
	end = (end + 8 * strictest - 1) / (8 * strictest) * strictest;
	body->items[RECORD_SIZE] = coder__difference(coder, BODY_STRUCT_SIZE,
						   body->items[RECORD_SIZE] - (uint32_t)end) +
				   (uint32_t)end;
}

static void code_enumerators(struct coder *coder, struct numbers *body)
{
	bool wide = (body->items[RECORD_KIND] & 0xff) == TYPE_ENUM64;
	uint32_t count = coder__u32(coder, BODY_ENUMERATORS, body->items[RECORD_COUNT]), before = -1;
	uint32_t high_before = 0;

	body->items[RECORD_COUNT] = count;
	body->items[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, body->items[RECORD_SIZE]);
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		uint32_t *slot = slot_at(coder, body, i);

		if (!slot)
			return;
		slot[SLOT_NAME] = coder__name(coder, NAME_ENUMERATOR, slot[SLOT_NAME]);
		slot[SLOT_VALUE] = coder__difference(coder, BODY_VALUE, slot[SLOT_VALUE] - before - 1) +
				   before + 1;
		if (wide)
			slot[SLOT_HIGH] = coder__difference(coder, BODY_VALUE,
							  slot[SLOT_HIGH] - high_before) + high_before;
		before = slot[SLOT_VALUE];
		high_before = slot[SLOT_HIGH];
	}
}

/* A type and a name go together so often that the two are one number. */
static void code_parameter(struct coder *coder, uint32_t *slot, int depth)
{
	uint64_t item = (uint64_t)slot[SLOT_NAME] << 32 | slot[SLOT_TYPE];
	uint32_t token = coder__token(coder, &coder->pairs, item);
	int err;

	token = coder__wide(coder, BODY_PAIR, 3, token);
	if (token >= TOKEN_FIRST) {
		if (token - TOKEN_FIRST >= coder->pairs.count) {
			coder__fail(coder, -EBADMSG);
			return;
		}
		item = coder->pairs.items[token - TOKEN_FIRST];
		slot[SLOT_NAME] = (uint32_t)(item >> 32);
		slot[SLOT_TYPE] = (uint32_t)item;
		return;
	}
	slot[SLOT_NAME] = coder__name(coder, NAME_PARAMETER, slot[SLOT_NAME]);
	slot[SLOT_TYPE] = code_ref(coder, REF_PARAMETER, slot[SLOT_TYPE], depth);
	item = (uint64_t)slot[SLOT_NAME] << 32 | slot[SLOT_TYPE];
	err = coder->err ? 0 : dictionary__add(&coder->pairs, item);
	if (err)
		coder__fail(coder, err);
}

static void code_parameters(struct coder *coder, struct numbers *body, int depth)
{
	uint32_t count = coder__u32(coder, BODY_PARAMETERS, body->items[RECORD_COUNT]);

	body->items[RECORD_COUNT] = count;
	body->items[RECORD_REF] = code_ref(coder, REF_RETURN, body->items[RECORD_REF], depth);
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		uint32_t *slot = slot_at(coder, body, i);

		if (slot)
			code_parameter(coder, slot, depth);
	}
}

static void code_variables(struct coder *coder, struct numbers *body, int depth)
{
	uint32_t count = coder__u32(coder, BODY_VARIABLES, body->items[RECORD_COUNT]), end = 0;

	body->items[RECORD_COUNT] = count;
	body->items[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, body->items[RECORD_SIZE]);
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		uint32_t *slot = slot_at(coder, body, i);

		if (!slot)
			return;
		slot[SLOT_TYPE] = code_ref(coder, REF_OTHER, slot[SLOT_TYPE], depth);
		slot[SLOT_VALUE] = coder__difference(coder, BODY_VARIABLE_OFFSET,
						   slot[SLOT_VALUE] - end) + end;
		slot[SLOT_HIGH] = coder__u32(coder, BODY_VARIABLE_SIZE, slot[SLOT_HIGH]);
		end = slot[SLOT_VALUE] + slot[SLOT_HIGH];
	}
}

static void code_array(struct coder *coder, struct numbers *body, int depth)
{
	uint32_t *element = slot_at(coder, body, 0), *index = element ? slot_at(coder, body, 1) : NULL;

	if (!index)
		return;
	element = body->items + RECORD_SLOTS;
	body->items[RECORD_COUNT] = 2;
	body->items[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, body->items[RECORD_SIZE]);
	element[SLOT_TYPE] = code_ref(coder, REF_ELEMENT, element[SLOT_TYPE], depth);
	index[SLOT_TYPE] = code_ref(coder, REF_INDEX, index[SLOT_TYPE], depth);
	element[SLOT_VALUE] = coder__u32(coder, BODY_LENGTH, element[SLOT_VALUE]);
}

void coder__body(struct coder *coder, struct numbers *body, int depth)
{
	uint32_t *items = body->items;
	enum ref_class class = REF_OTHER;

	switch (items[RECORD_KIND] & 0xff) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		code_members(coder, body, depth);
		return;
	case TYPE_ENUM:
	case TYPE_ENUM64:
		code_enumerators(coder, body);
		return;
	case TYPE_FUNC_PROTO:
		code_parameters(coder, body, depth);
		return;
	case TYPE_DATASEC:
		code_variables(coder, body, depth);
		return;
	case TYPE_ARRAY:
		code_array(coder, body, depth);
		return;
	case TYPE_INT:
		items[RECORD_EXTRA] = coder__u32(coder, BODY_EXTRA, items[RECORD_EXTRA]);
		items[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, items[RECORD_SIZE]);
		return;
	case TYPE_FWD:
	case TYPE_FLOAT:
		items[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, items[RECORD_SIZE]);
		return;
	case TYPE_TAG:
		items[RECORD_NAME] = coder__name(coder, NAME_TYPE, items[RECORD_NAME]);
		class = REF_MODIFIER;
		break;
	case TYPE_PTR:
		class = REF_POINTER;
		break;
	case TYPE_VOLATILE:
	case TYPE_CONST:
	case TYPE_RESTRICT:
		class = REF_MODIFIER;
		break;
	case TYPE_TYPEDEF:
		class = REF_TYPEDEF;
		break;
	case TYPE_FUNC:
		class = REF_FUNCTION;
		/* fall through */
	default: /* VAR, DECL_TAG */
		items[RECORD_EXTRA] = coder__difference(coder, BODY_EXTRA, items[RECORD_EXTRA]);
	}
	items[RECORD_REF] = code_ref(coder, class, items[RECORD_REF], depth);
}

/* ---- what comes ---------------------------------------------------------------------------------- */

void coder__coming(struct coder *coder, uint32_t place)
{
	uint32_t record = coder->coming->items[place];
	struct numbers *body;
	int err;

	if (!coder->under_way || coder->under_way[place])
		return;
	body = take_body(coder);
	if (!body)
		return;
	coder->under_way[place] = true;
	if (coder->following) {
		/* so far it is its head: kind and name */
		err = numbers__append(body, coder->heads + 2 * (size_t)(place - coder->heads_first), 2);
		for (int i = 2; !err && i < RECORD_SLOTS; i++)
			err = numbers__add(body, 0);
	} else {
		const uint32_t *words = pool__record(coder->pool, coder->own[place]);

		err = numbers__append(body, words, RECORD_SLOTS + SLOT_WORDS * words[RECORD_COUNT]);
	}
	if (err)
		coder__fail(coder, err);
	else
		coder__body(coder, body, 0);
	if (!coder->err) {
		/* whether a follower had it before does not matter, but for tidiness */
		err = (coder->following ? pool__append_record : pool__add_record)(
			coder->pool, body->items, body->count, &record);
		if (err)
			coder__fail(coder, err);
		coder->coming->items[place] = record;
	}
	give_back(coder);
}

/* For one more record and for what it is nested in: what does not fit is told in its turn. */
static bool has_room(const struct coder *coder)
{
	return coder->body_count < BODIES_MAX - CANONICAL_MAX_DEPTH - 1;
}

/* What a member holds is told before its offset. */
static void settle(struct coder *coder, uint32_t ref, int depth)
{
	for (; ref && !coder->err && depth < NESTING_MAX && coder->coming; depth++) {
		const uint32_t *record;
		uint32_t kind, place;

		if (ref & POOL_NAME_BIT) {
			uint32_t name = ref & ~POOL_NAME_BIT;

			place = name < coder->place_count ? coder->place[name] : 0;
			if (!place || place > coder->coming->count)
				return;
			if (!coder->coming->items[place - 1] && has_room(coder))
				coder__coming(coder, place - 1);
		}
		if (coder->err || !resolve(coder, ref))
			return;
		record = pool__record(coder->pool, resolve(coder, ref));
		kind = record[RECORD_KIND] & 0xff;
		if (kind == TYPE_ARRAY)
			ref = record[RECORD_SLOTS + SLOT_TYPE];
		else if (kind == TYPE_TYPEDEF || kind == TYPE_VOLATILE || kind == TYPE_CONST ||
			 kind == TYPE_RESTRICT || kind == TYPE_TAG)
			ref = record[RECORD_REF];
		else
			return;
	}
}
