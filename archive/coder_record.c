/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What is in a record, and what records it is told by. */
#include "coder.h"

#include <errno.h>
#include <string.h>

#include "canonical.h"

/* ---- sizes, as a compiler has them ------------------------------------------------------------- */

/* The record that a reference means in this kernel, if it is told already, or 0. */
static uint32_t resolve(const struct coder *coder, uint32_t ref)
{
	uint32_t record;

	if (!(ref & POOL_NAME_BIT))
		return ref;
	record = coder->lineage->by_name.items[ref & ~POOL_NAME_BIT];
	return record & LINEAGE_ARRIVING ? 0 : record;
}

static uint64_t size_of(const struct coder *coder, uint32_t ref, int depth)
{
	uint32_t number = resolve(coder, ref);
	const uint32_t *record = pool__record(coder->pool, number);

	if (!number || depth == NESTING_MAX)
		return 0;
	switch (record__kind(record)) {
	case TYPE_PTR:
		return 8;
	case TYPE_ARRAY:
		return size_of(coder, record[RECORD_SLOTS + ARRAY_ELEMENT], depth + 1) *
		       record[RECORD_SLOTS + ARRAY_LENGTH] & UINT32_MAX;
	case TYPE_TYPEDEF:
	case TYPE_VOLATILE:
	case TYPE_CONST:
	case TYPE_RESTRICT:
	case TYPE_TAG:
		return size_of(coder, record[RECORD_REF], depth + 1);
	default:
		return type_kind__has_ref(record__kind(record)) ? 0 : record[RECORD_SIZE];
	}
}

static uint32_t align_of(struct coder *coder, uint32_t ref, int depth);

static uint32_t find_align(struct coder *coder, const uint32_t *record, int depth)
{
	const uint32_t *slot = record + RECORD_SLOTS;
	uint32_t align = 1;

	switch (record__kind(record)) {
	case TYPE_PTR:
		return 8;
	case TYPE_ARRAY:
		return align_of(coder, slot[ARRAY_ELEMENT], depth + 1);
	case TYPE_TYPEDEF:
	case TYPE_VOLATILE:
	case TYPE_CONST:
	case TYPE_RESTRICT:
	case TYPE_TAG:
		return align_of(coder, record[RECORD_REF], depth + 1);
	case TYPE_STRUCT:
	case TYPE_UNION:
		for (uint32_t i = 0; i < record[RECORD_COUNT] && align < 8; i++) {
			uint32_t own = align_of(coder, slot[MEMBER_TYPE], depth + 1);

			align = own > align ? own : align;
			slot += type_kind__slot_words(TYPE_STRUCT);
		}
		return align;
	default:
		align = type_kind__has_ref(record__kind(record)) ? 0 : record[RECORD_SIZE];
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

static uint32_t name_at(const struct record_set *kernel, uint32_t place)
{
	const struct numbers *data = &kernel->data.names;

	return place < data->count ? data->items[place]
				   : kernel->functions.names.items[place - data->count];
}

/* A type with a name, by its place in the kernel. */
static uint32_t code_named(struct coder *coder, uint32_t ref)
{
	uint32_t name = ref & ~POOL_NAME_BIT, place = NOT_NAMED;

	if (!coder->following && coder->places[name])
		place = coder->places[name] - 1;
	else if (!coder->following && coder->arrivals)
		coder__fail(coder, -ENOTSUP); /* a function, in the data types' stream */
	place = coder__wide(coder, BODY_NAMED, 3, place);
	if (!coder->following)
		return ref;
	if (place >= coder->place_count) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	return name_at(coder->kernel, place) | POOL_NAME_BIT;
}

/* One more record is under way; false and failed, where too many are. */
static bool enter(struct coder *coder)
{
	if (coder->body_count == BODIES_MAX) {
		coder__fail(coder, -EBADMSG);
		return false;
	}
	coder->body_count++;
	return true;
}

static void leave(struct coder *coder)
{
	coder->body_count--;
}

/*
 * What was told anew may have been told all the same: by a function stream, of which data
 * streams do not know; before, if it is a root; or in the middle of itself, if something came
 * there. Then its place is asked.
 */
static uint32_t end_nested(struct coder *coder, uint32_t at, uint32_t ref, bool asks)
{
	struct told *nested = &coder->lineage->nested;
	uint32_t value = 0;
	bool is_told = asks && coder__also(coder, nested, BODY_SAME, coder->pool->records.count,
					   &value, &ref);
	int err = 0;

	if (coder->following && is_told)
		pool__drop_record(coder->pool, at);
	else if (coder->following && !coder->err)
		err = pool__end_record(coder->pool, at, &ref);
	if (err)
		coder__fail(coder, err);
	/* what this stream can refer to needs no second place */
	if (!(value & 1) && !(value && coder->stream))
		coder__add_word(coder, &nested->items[coder->stream], ref);
	return ref;
}

/* A type without a name: all of it but its spelling. */
static uint32_t code_nested(struct coder *coder, uint32_t ref, uint32_t spelling, bool root,
			    int depth)
{
	uint32_t kind = ((spelling & ~SPELL_FLAG) - SPELL_KIND) |
			(spelling & SPELL_FLAG ? RECORD_FLAG : 0);
	uint32_t arrived = coder->arrived, at;
	int err = 0;

	if (!enter(coder))
		return 0;
	if (coder->following)
		err = pool__begin_record(coder->pool, kind, 0, &at);
	else
		at = coder->pool->records.items[ref];
	if (err)
		coder__fail(coder, err);
	else
		coder__body(coder, at, depth + 1);
	if (!coder->err)
		ref = end_nested(coder, at, ref, root || coder->arrived != arrived ||
				 (!coder->first && !coder->stream));
	leave(coder);
	return ref;
}

uint32_t coder__root(struct coder *coder, uint32_t ref, uint32_t spelling)
{
	return code_nested(coder, ref, spelling, true, 0);
}

static uint32_t spelling_of(struct coder *coder, uint32_t ref, uint32_t *told)
{
	uint32_t kind;

	if (!ref || ref & POOL_NAME_BIT)
		return ref ? SPELL_NAMED : 0;
	*told = coder__find_told(coder, &coder->lineage->nested, ref, coder->pool->records.count);
	if (*told)
		return SPELL_TOLD;
	kind = pool__record(coder->pool, ref)[RECORD_KIND];
	return ((kind & 0xff) + SPELL_KIND) | (kind & RECORD_FLAG ? SPELL_FLAG : 0);
}

static uint32_t spell_ref(struct coder *coder, uint32_t ref, int depth)
{
	uint32_t told = 1, spelling = coder->following ? 0 : spelling_of(coder, ref, &told);

	spelling = coder__byte(coder, BODY_SPELLING, spelling);
	if (spelling == 0)
		return 0;
	if (spelling == SPELL_NAMED)
		return code_named(coder, ref);
	if (spelling == SPELL_TOLD)
		return coder__told(coder, &coder->lineage->nested, BODY_TOLD, told - 1);
	if (depth >= CANONICAL_MAX_DEPTH || (spelling & ~SPELL_FLAG) <= SPELL_KIND ||
	    (spelling & ~SPELL_FLAG) >= SPELL_KIND + TYPE_KIND_END) {
		coder__fail(coder, -EBADMSG);
		return 0;
	}
	return code_nested(coder, ref, spelling, false, depth);
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

/* It moves whenever another record begins. */
static uint32_t *record_at(const struct coder *coder, uint32_t at)
{
	return coder->pool->bodies.items + at;
}

/*
 * How many slots it has, and room for them. Each takes a byte of a column, so no more are
 * believed than there are.
 */
static uint32_t code_count(struct coder *coder, uint32_t at, unsigned int column,
			   unsigned int slot_column)
{
	uint32_t *record = record_at(coder, at);
	uint32_t words = type_kind__slot_words(record__kind(record));
	uint32_t count = coder__u32(coder, column, record[RECORD_COUNT]);
	const struct cursor *slots = &coder->in[slot_column];
	int err = 0;

	if (!coder->following)
		return count;
	record[RECORD_COUNT] = count;
	if (count > slots->len - slots->pos)
		err = -EBADMSG;
	else
		err = pool__extend_record(coder->pool, count * words);
	if (err)
		coder__fail(coder, err);
	return err ? 0 : count;
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

static void code_members(struct coder *coder, uint32_t at, int depth)
{
	uint32_t kind = record_at(coder, at)[RECORD_KIND], strictest = 1, *record;
	bool is_union = (kind & 0xff) == TYPE_UNION, flag = kind & RECORD_FLAG;
	uint32_t count = code_count(coder, at, BODY_MEMBERS, BODY_NAMES + 5 * NAME_MEMBER);
	uint32_t slot_at = at + RECORD_SLOTS;
	uint64_t end = 0;

	for (uint32_t i = 0; i < count; i++, slot_at += type_kind__slot_words(TYPE_STRUCT)) {
		uint32_t *slot = record_at(coder, slot_at), name, type, value, align;
		uint64_t size;

		name = coder__name(coder, NAME_MEMBER, slot[MEMBER_NAME]);
		type = code_ref(coder, REF_MEMBER, slot[MEMBER_TYPE], depth);
		settle(coder, type, 0);
		if (coder->err)
			return;
		align = align_of(coder, type, 0);
		size = 8 * size_of(coder, type, 0);
		slot = record_at(coder, slot_at);
		value = code_offset(coder, flag, expected_offset(end, align, is_union), end,
				    slot[MEMBER_OFFSET]);
		slot[MEMBER_NAME] = name;
		slot[MEMBER_TYPE] = type;
		slot[MEMBER_OFFSET] = value;
		strictest = align > strictest ? align : strictest;
		size = flag && value >> 24 ? value >> 24 : size;
		value = flag ? value & 0xffffff : value;
		end = is_union && size < end ? end : value + size;
	}
	end = (end + 8 * strictest - 1) / (8 * strictest) * strictest;
	record = record_at(coder, at);
	record[RECORD_SIZE] = coder__difference(coder, BODY_STRUCT_SIZE,
						record[RECORD_SIZE] - (uint32_t)end) +
			      (uint32_t)end;
}

static void code_enumerators(struct coder *coder, uint32_t at)
{
	bool wide = record__kind(record_at(coder, at)) == TYPE_ENUM64;
	uint32_t count = code_count(coder, at, BODY_ENUMERATORS, BODY_NAMES + 5 * NAME_ENUMERATOR);
	uint32_t *record = record_at(coder, at), *slot = record + RECORD_SLOTS;
	uint32_t before = -1, high_before = 0;

	record[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, record[RECORD_SIZE]);
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		slot[ENUMERATOR_NAME] = coder__name(coder, NAME_ENUMERATOR, slot[ENUMERATOR_NAME]);
		slot[ENUMERATOR_VALUE] = coder__difference(coder, BODY_VALUE,
				slot[ENUMERATOR_VALUE] - before - 1) + before + 1;
		before = slot[ENUMERATOR_VALUE];
		if (wide)
			high_before = slot[ENUMERATOR_HIGH] = coder__difference(coder, BODY_VALUE,
					slot[ENUMERATOR_HIGH] - high_before) + high_before;
		slot += wide ? type_kind__slot_words(TYPE_ENUM64) : type_kind__slot_words(TYPE_ENUM);
	}
}

/* A type and a name go together so often that the two are one number. */
static void code_parameter(struct coder *coder, uint32_t slot_at, int depth)
{
	uint32_t *slot = record_at(coder, slot_at), name, type, token;
	uint64_t item = (uint64_t)slot[PARAMETER_NAME] << 32 | slot[PARAMETER_TYPE];
	int err;

	token = coder__token(coder, &coder->pairs, item);
	token = coder__wide(coder, BODY_PAIR, 3, token);
	if (token >= TOKEN_FIRST) {
		if (token - TOKEN_FIRST >= coder->pairs.count) {
			coder__fail(coder, -EBADMSG);
			return;
		}
		item = coder->pairs.items[token - TOKEN_FIRST];
		slot[PARAMETER_NAME] = (uint32_t)(item >> 32);
		slot[PARAMETER_TYPE] = (uint32_t)item;
		return;
	}
	name = coder__name(coder, NAME_PARAMETER, slot[PARAMETER_NAME]);
	type = code_ref(coder, REF_PARAMETER, slot[PARAMETER_TYPE], depth);
	slot = record_at(coder, slot_at);
	slot[PARAMETER_NAME] = name;
	slot[PARAMETER_TYPE] = type;
	err = coder->err ? 0 : dictionary__add(&coder->pairs, (uint64_t)name << 32 | type);
	if (err)
		coder__fail(coder, err);
}

/* A reference, at this place. */
static void code_ref_at(struct coder *coder, enum ref_class class, uint32_t at, int depth)
{
	uint32_t ref = code_ref(coder, class, *record_at(coder, at), depth);

	*record_at(coder, at) = ref;
}

static void code_parameters(struct coder *coder, uint32_t at, int depth)
{
	uint32_t count = code_count(coder, at, BODY_PARAMETERS, BODY_PAIR);
	uint32_t slot_at = at + RECORD_SLOTS;

	code_ref_at(coder, REF_RETURN, at + RECORD_REF, depth);
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		code_parameter(coder, slot_at, depth);
		slot_at += type_kind__slot_words(TYPE_FUNC_PROTO);
	}
}

static void code_variables(struct coder *coder, uint32_t at, int depth)
{
	uint32_t count = code_count(coder, at, BODY_VARIABLES, BODY_REFS + 3 * REF_OTHER);
	uint32_t *record = record_at(coder, at), slot_at = at + RECORD_SLOTS, end = 0;

	record[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, record[RECORD_SIZE]);
	for (uint32_t i = 0; !coder->err && i < count; i++) {
		uint32_t *slot;

		code_ref_at(coder, REF_OTHER, slot_at + VARIABLE_TYPE, depth);
		slot = record_at(coder, slot_at);
		slot[VARIABLE_OFFSET] = coder__difference(coder, BODY_VARIABLE_OFFSET,
							  slot[VARIABLE_OFFSET] - end) + end;
		slot[VARIABLE_SIZE] = coder__u32(coder, BODY_VARIABLE_SIZE, slot[VARIABLE_SIZE]);
		end = slot[VARIABLE_OFFSET] + slot[VARIABLE_SIZE];
		slot_at += type_kind__slot_words(TYPE_DATASEC);
	}
}

static void code_array(struct coder *coder, uint32_t at, int depth)
{
	uint32_t words = at + RECORD_SLOTS, *record;
	int err = coder->following ? pool__extend_record(coder->pool, ARRAY_WORDS) : 0;

	if (err) {
		coder__fail(coder, err);
		return;
	}
	record = record_at(coder, at);
	record[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, record[RECORD_SIZE]);
	code_ref_at(coder, REF_ELEMENT, words + ARRAY_ELEMENT, depth);
	code_ref_at(coder, REF_INDEX, words + ARRAY_INDEX, depth);
	record = record_at(coder, words);
	record[ARRAY_LENGTH] = coder__u32(coder, BODY_LENGTH, record[ARRAY_LENGTH]);
}

void coder__body(struct coder *coder, uint32_t at, int depth)
{
	uint32_t *record = record_at(coder, at);
	enum ref_class class = REF_OTHER;

	switch (record__kind(record)) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		code_members(coder, at, depth);
		return;
	case TYPE_ENUM:
	case TYPE_ENUM64:
		code_enumerators(coder, at);
		return;
	case TYPE_FUNC_PROTO:
		code_parameters(coder, at, depth);
		return;
	case TYPE_DATASEC:
		code_variables(coder, at, depth);
		return;
	case TYPE_ARRAY:
		code_array(coder, at, depth);
		return;
	case TYPE_INT:
		record[RECORD_EXTRA] = coder__u32(coder, BODY_EXTRA, record[RECORD_EXTRA]);
		record[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, record[RECORD_SIZE]);
		return;
	case TYPE_FWD:
	case TYPE_FLOAT:
		record[RECORD_SIZE] = coder__u32(coder, BODY_SIZE, record[RECORD_SIZE]);
		return;
	case TYPE_TAG:
		record[RECORD_NAME] = coder__name(coder, NAME_TYPE, record[RECORD_NAME]);
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
		record[RECORD_EXTRA] = coder__difference(coder, BODY_EXTRA, record[RECORD_EXTRA]);
	}
	code_ref_at(coder, class, at + RECORD_REF, depth);
}

/* ---- what comes ---------------------------------------------------------------------------------- */

void coder__arrival(struct coder *coder, uint32_t number)
{
	struct arrivals *arrivals = coder->arrivals;
	const uint32_t *head = arrivals->heads.items + 2 * (size_t)number;
	uint32_t at, record;
	int err = 0;

	if (arrivals->records.items[number] || !enter(coder))
		return;
	arrivals->records.items[number] = ARRIVAL_UNDER_WAY;
	coder->arrived++;
	record = coder->following ? 0 : arrivals->own[number];
	if (coder->following)
		err = pool__begin_record(coder->pool, head[RECORD_KIND], head[RECORD_NAME], &at);
	else
		at = coder->pool->records.items[record];
	if (!err)
		coder__body(coder, at, 0);
	/* whether a follower had it before does not matter */
	if (!err && !coder->err && coder->following)
		err = pool__end_record(coder->pool, at, &record);
	if (err)
		coder__fail(coder, err);
	arrivals->records.items[number] = record;
	coder->lineage->by_name.items[arrivals->names.items[number]] = record;
	leave(coder);
}

/* For one more record and for what it is nested in: what does not fit is told in its turn. */
static bool has_room(const struct coder *coder)
{
	return coder->body_count < BODIES_MAX - CANONICAL_MAX_DEPTH - 1;
}

/* What a member holds is told before its offset. */
static void settle(struct coder *coder, uint32_t ref, int depth)
{
	for (; ref && !coder->err && depth < NESTING_MAX && coder->arrivals; depth++) {
		const uint32_t *record;
		uint32_t number;

		if (ref & POOL_NAME_BIT) {
			number = coder->lineage->by_name.items[ref & ~POOL_NAME_BIT];
			if (number & LINEAGE_ARRIVING && has_room(coder))
				coder__arrival(coder, number & ~LINEAGE_ARRIVING);
		}
		number = resolve(coder, ref);
		if (coder->err || !number)
			return;
		record = pool__record(coder->pool, number);
		switch (record__kind(record)) {
		case TYPE_ARRAY:
			ref = record[RECORD_SLOTS + ARRAY_ELEMENT];
			break;
		case TYPE_TYPEDEF:
		case TYPE_VOLATILE:
		case TYPE_CONST:
		case TYPE_RESTRICT:
		case TYPE_TAG:
			ref = record[RECORD_REF];
			break;
		default:
			return;
		}
	}
}
