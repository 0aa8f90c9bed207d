/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/type_records.h"

#include <bpf/btf.h>
#include <errno.h>
#include <kbtf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* More than any kernel has types, or a type has members. */
#define RECORDS_MAX (1u << 24)
#define SLOTS_MAX 0xffffu

/* Numbers by hash: open addressing, at most half full. */
struct number_table {
	struct number_slot {
		uint32_t hash, number; /* the number plus 1; 0: none */
	} *slots;
	uint32_t mask, used;
};

struct stored_record {
	struct type_record record;
	uint32_t first;      /* of its slots */
	bool is_single;      /* reserved: equal to no other */
};

struct type_records {
	struct stored_record *items;
	uint32_t count, room;
	struct type_slot *slots;
	uint32_t slot_count, slot_room;
	char *text;                  /* strings, each with its 0 */
	uint32_t text_size, text_room;
	uint32_t *strings;           /* where each is in the text */
	uint32_t string_count, string_room;
	struct number_table by_content, by_text;
};

/* ---- memory ----------------------------------------------------------------------------------- */

static int grow(void **items, uint32_t *room, uint32_t wanted, size_t size)
{
	uint64_t more = *room ? *room : 64;
	void *grown;

	if (wanted <= *room)
		return 0;
	while (more < wanted)
		more *= 2;
	if (more > UINT32_MAX)
		return -E2BIG;
	grown = reallocarray(*items, more, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*room = (uint32_t)more;
	return 0;
}

static int number_table__reserve(struct number_table *table)
{
	struct number_table larger = { .mask = table->slots ? table->mask * 2 + 1 : 255 };

	if (table->slots && table->used < table->mask / 2)
		return 0;
	larger.slots = calloc((size_t)larger.mask + 1, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
		uint32_t at = table->slots[i].hash & larger.mask;

		if (!table->slots[i].number)
			continue;
		while (larger.slots[at].number)
			at = (at + 1) & larger.mask;
		larger.slots[at] = table->slots[i];
		larger.used++;
	}
	free(table->slots);
	*table = larger;
	return 0;
}

/* The next slot from *at on that has this hash, or the empty one where it would be put. */
static struct number_slot *number_table__next(const struct number_table *table, uint32_t hash,
					      uint32_t *at)
{
	struct number_slot *slot;

	do {
		slot = &table->slots[*at & table->mask];
		++*at;
	} while (slot->number && slot->hash != hash);
	return slot;
}

struct type_records *type_records__new(void)
{
	struct type_records *records = calloc(1, sizeof(*records));
	uint32_t none;

	if (records && type_records__string(records, "", &none)) {
		type_records__free(records);
		return NULL;
	}
	return records;
}

void type_records__free(struct type_records *records)
{
	if (!records)
		return;
	free(records->items);
	free(records->slots);
	free(records->text);
	free(records->strings);
	free(records->by_content.slots);
	free(records->by_text.slots);
	free(records);
}

/* ---- strings and records ------------------------------------------------------------------------ */

/* FNV-1a, with the high bits mixed into those that choose the slot. */
static uint32_t hash_of(uint32_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash ^ hash >> 15;
}

#define HASH_SEED 2166136261u

int type_records__string(struct type_records *records, const char *text, uint32_t *number)
{
	size_t size = strlen(text) + 1;
	uint32_t hash = hash_of(HASH_SEED, text, size), at = hash;
	struct number_slot *slot;
	int err = number_table__reserve(&records->by_text);

	if (!err && size > UINT32_MAX - records->text_size)
		err = -E2BIG;
	if (err)
		return err;
	while ((slot = number_table__next(&records->by_text, hash, &at))->number)
		if (!strcmp(records->text + records->strings[slot->number - 1], text)) {
			*number = slot->number - 1;
			return 0;
		}
	err = grow((void **)&records->text, &records->text_room,
		   records->text_size + (uint32_t)size, 1);
	if (!err)
		err = grow((void **)&records->strings, &records->string_room,
			   records->string_count + 1, sizeof(*records->strings));
	if (err)
		return err;
	memcpy(records->text + records->text_size, text, size);
	records->strings[records->string_count] = records->text_size;
	records->text_size += (uint32_t)size;
	*number = records->string_count++;
	*slot = (struct number_slot){ hash, *number + 1 };
	records->by_text.used++;
	return 0;
}

static int put_slots(struct type_records *records, struct stored_record *stored,
		     const struct type_slot *slots)
{
	uint32_t count = stored->record.count;
	int err;

	if (count > SLOTS_MAX || records->slot_count > UINT32_MAX - count)
		return -E2BIG;
	err = grow((void **)&records->slots, &records->slot_room, records->slot_count + count,
		   sizeof(*slots));
	if (err)
		return err;
	stored->first = records->slot_count;
	if (count)
		memcpy(records->slots + records->slot_count, slots, count * sizeof(*slots));
	records->slot_count += count;
	return 0;
}

static int put_record(struct type_records *records, const struct stored_record *stored,
		      uint32_t *number)
{
	int err = records->count >= RECORDS_MAX ? -E2BIG : 0;

	if (!err)
		err = grow((void **)&records->items, &records->room, records->count + 1,
			   sizeof(*records->items));
	if (err)
		return err;
	records->items[records->count++] = *stored;
	*number = records->count;
	return 0;
}

static bool is_equal(const struct type_records *records, const struct stored_record *stored,
		     const struct type_record *record, const struct type_slot *slots)
{
	return !stored->is_single && !memcmp(&stored->record, record, sizeof(*record)) &&
	       (!record->count || !memcmp(records->slots + stored->first, slots,
					  record->count * sizeof(*slots)));
}

int type_records__add(struct type_records *records, const struct type_record *record,
		      const struct type_slot *slots, uint32_t *number)
{
	uint32_t hash = hash_of(HASH_SEED, record, sizeof(*record)), at;
	struct stored_record stored = { .record = *record };
	struct number_slot *slot;
	int err = number_table__reserve(&records->by_content);

	if (err)
		return err;
	hash = hash_of(hash, slots, record->count * sizeof(*slots));
	at = hash;
	while ((slot = number_table__next(&records->by_content, hash, &at))->number)
		if (is_equal(records, &records->items[slot->number - 1], record, slots)) {
			*number = slot->number;
			return 0;
		}
	err = put_slots(records, &stored, slots);
	if (!err)
		err = put_record(records, &stored, number);
	if (err)
		return err;
	*slot = (struct number_slot){ hash, *number };
	records->by_content.used++;
	return 0;
}

int type_records__reserve(struct type_records *records, uint32_t *number)
{
	return put_record(records, &(struct stored_record){ .is_single = true }, number);
}

int type_records__fill(struct type_records *records, uint32_t number,
		       const struct type_record *record, const struct type_slot *slots)
{
	struct stored_record stored = { .record = *record, .is_single = true };
	int err = put_slots(records, &stored, slots);

	if (!err)
		records->items[number - 1] = stored;
	return err;
}

/* ---- one set behind another ---------------------------------------------------------------------- */

struct appending {
	struct type_records *to;
	const struct type_records *from;
	uint32_t *numbers; /* in `to`, by number in `from` */
	uint32_t *strings;
};

static void translate(const struct appending *it, const struct stored_record *stored,
		     struct type_record *record, struct type_slot *slots)
{
	*record = stored->record;
	record->name = it->strings[record->name];
	record->type = it->numbers[record->type];
	for (uint32_t i = 0; i < record->count; i++) {
		slots[i] = it->from->slots[stored->first + i];
		slots[i].name = it->strings[slots[i].name];
		slots[i].type = it->numbers[slots[i].type];
		if (record->kind == BTF_KIND_ARRAY)
			slots[i].bit_offset = it->numbers[slots[i].bit_offset];
	}
}

/* In order: what an ordinary record refers to has its number by then. */
static int append_all(const struct appending *it, struct type_slot *slots)
{
	const struct type_records *from = it->from;
	struct type_record record;
	int err = 0;

	for (uint32_t i = 0; !err && i < from->string_count; i++)
		err = type_records__string(it->to, from->text + from->strings[i], &it->strings[i]);
	for (uint32_t i = 0; !err && i < from->count; i++)
		if (from->items[i].is_single) {
			err = type_records__reserve(it->to, &it->numbers[i + 1]);
		} else {
			translate(it, &from->items[i], &record, slots);
			err = type_records__add(it->to, &record, slots, &it->numbers[i + 1]);
		}
	for (uint32_t i = 0; !err && i < from->count; i++)
		if (from->items[i].is_single) {
			translate(it, &from->items[i], &record, slots);
			err = type_records__fill(it->to, it->numbers[i + 1], &record, slots);
		}
	return err;
}

int type_records__append(struct type_records *records, const struct type_records *more)
{
	_cleanup_free_ uint32_t *numbers = calloc((size_t)more->count + 1, sizeof(*numbers));
	_cleanup_free_ uint32_t *strings = calloc((size_t)more->string_count + 1, sizeof(*strings));
	_cleanup_free_ struct type_slot *slots = calloc(SLOTS_MAX + 1, sizeof(*slots));
	const struct appending it = { records, more, numbers, strings };

	return numbers && strings && slots ? append_all(&it, slots) : -ENOMEM;
}

/* ---- declarations ------------------------------------------------------------------------------------ */

enum definable { DEFINES_STRUCT, DEFINES_UNION, DEFINES_ENUM, DEFINABLE_COUNT };

#define DISPUTED UINT32_MAX

/* What it defines or declares, of its name. */
static enum definable definable_of(const struct type_record *record)
{
	switch (record->kind) {
	case BTF_KIND_STRUCT: return DEFINES_STRUCT;
	case BTF_KIND_UNION:  return DEFINES_UNION;
	case BTF_KIND_FWD:    return record->flags ? DEFINES_UNION : DEFINES_STRUCT;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64: return DEFINES_ENUM;
	default:              return DEFINABLE_COUNT;
	}
}

/* No definition of C's has an enumeration without values. */
static bool is_declaration(const struct type_record *record)
{
	return record->kind == BTF_KIND_FWD ||
	       (definable_of(record) == DEFINES_ENUM && !record->count);
}

/* By itself, whatever it refers to. */
static bool is_alike(const struct type_records *records, const struct stored_record *a,
		     const struct stored_record *b)
{
	const struct type_slot *x = records->slots + a->first, *y = records->slots + b->first;
	bool alike = a->record.kind == b->record.kind && a->record.size == b->record.size &&
		     a->record.count == b->record.count;

	for (uint32_t i = 0; alike && i < a->record.count; i++)
		alike = x[i].name == y[i].name && x[i].bit_offset == y[i].bit_offset &&
			x[i].bit_size == y[i].bit_size && x[i].value == y[i].value;
	return alike;
}

/* The first definition of each name, by what it defines and the name's number, or DISPUTED. */
static void find_definitions(const struct type_records *records, uint32_t *definitions)
{
	for (uint32_t i = 0; i < records->count; i++) {
		const struct stored_record *stored = &records->items[i];
		enum definable defines = definable_of(&stored->record);
		uint32_t *known;

		if (defines == DEFINABLE_COUNT || !stored->record.name || is_declaration(&stored->record))
			continue;
		known = &definitions[(size_t)defines * records->string_count + stored->record.name];
		if (!*known)
			*known = i + 1;
		else if (*known != DISPUTED && !is_alike(records, &records->items[*known - 1], stored))
			*known = DISPUTED;
	}
}

/* The number of the record that a declaration stands for; 0: it is none, or stays one. */
static uint32_t definition_of(const struct type_records *records, const uint32_t *definitions,
			      const struct type_record *record)
{
	size_t defines = definable_of(record);
	uint32_t number = !is_declaration(record) ? 0 :
			  definitions[defines * records->string_count + record->name];

	return number == DISPUTED ? 0 : number;
}

/*
 * For each record what stands for it, by number: for a declaration its definition, if all that
 * define it agree. So libbpf's deduplication has it, and with it pahole.
 */
static int resolve(const struct type_records *records, uint32_t *numbers)
{
	_cleanup_free_ uint32_t *definitions =
		calloc((size_t)DEFINABLE_COUNT * records->string_count, sizeof(*definitions));

	if (!definitions)
		return -ENOMEM;
	find_definitions(records, definitions);
	for (uint32_t i = 0; i < records->count; i++) {
		uint32_t number = definition_of(records, definitions, &records->items[i].record);

		numbers[i + 1] = number ? number : i + 1;
	}
	return 0;
}

/* ---- as BTF ------------------------------------------------------------------------------------------ */

static const char *text_of(const struct type_records *records, uint32_t string)
{
	return records->text + records->strings[string];
}

struct writing {
	const struct type_records *records;
	struct btf *btf;
	uint32_t *numbers; /* of the record that stands for one, by number */
	uint32_t *ids;     /* in BTF, by number */
};

static void writing__free(struct writing *it)
{
	btf__free(it->btf);
	free(it->numbers);
	free(it->ids);
}

static int id_of(const struct writing *it, uint32_t number)
{
	return (int)it->ids[it->numbers[number]];
}

static int write_slots(const struct writing *it, const struct stored_record *stored)
{
	struct btf *btf = it->btf;
	uint32_t kind = stored->record.kind;
	int err = 0;

	for (uint32_t i = 0; !err && i < stored->record.count; i++) {
		const struct type_slot *slot = &it->records->slots[stored->first + i];
		const char *name = text_of(it->records, slot->name);

		if (kind == BTF_KIND_ENUM)
			err = btf__add_enum_value(btf, name, slot->value);
		else if (kind == BTF_KIND_ENUM64)
			err = btf__add_enum64_value(btf, name, (uint64_t)slot->value);
		else if (kind == BTF_KIND_FUNC_PROTO)
			err = btf__add_func_param(btf, name, id_of(it, slot->type));
		else
			err = btf__add_field(btf, name, id_of(it, slot->type), slot->bit_offset,
					     slot->bit_size);
	}
	return err;
}

static int write_array(const struct writing *it, const struct stored_record *stored)
{
	const struct type_slot *slot = &it->records->slots[stored->first];

	return btf__add_array(it->btf, id_of(it, slot->bit_offset), id_of(it, slot->type), slot->bit_size);
}

/* The ID, or an error. */
static int write_record(const struct writing *it, const struct stored_record *stored)
{
	struct btf *btf = it->btf;
	const struct type_record *record = &stored->record;
	const char *name = text_of(it->records, record->name);
	int type = id_of(it, record->type);

	switch (record->kind) {
	case BTF_KIND_INT:       return btf__add_int(btf, name, record->size, (int)record->flags);
	case BTF_KIND_FLOAT:     return btf__add_float(btf, name, record->size);
	case BTF_KIND_PTR:       return btf__add_ptr(btf, type);
	case BTF_KIND_CONST:     return btf__add_const(btf, type);
	case BTF_KIND_VOLATILE:  return btf__add_volatile(btf, type);
	case BTF_KIND_RESTRICT:  return btf__add_restrict(btf, type);
	case BTF_KIND_TYPEDEF:   return btf__add_typedef(btf, name, type);
	case BTF_KIND_ARRAY:     return write_array(it, stored);
	case BTF_KIND_STRUCT:    return btf__add_struct(btf, name, record->size);
	case BTF_KIND_UNION:     return btf__add_union(btf, name, record->size);
	case BTF_KIND_ENUM:      return btf__add_enum(btf, name, record->size);
	case BTF_KIND_ENUM64:    return btf__add_enum64(btf, name, record->size, record->flags);
	case BTF_KIND_FUNC_PROTO: return btf__add_func_proto(btf, type);
	case BTF_KIND_FWD:
		return btf__add_fwd(btf, name, record->flags ? BTF_FWD_UNION : BTF_FWD_STRUCT);
	default:                 return -EINVAL;
	}
}

static int copy_raw(struct btf *btf, bool big_endian, void **copy, size_t *size)
{
	const void *raw;
	uint32_t raw_size;
	int err = btf__set_endianness(btf, big_endian ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN);

	if (err)
		return err;
	raw = btf__raw_data(btf, &raw_size);
	*copy = raw ? malloc(raw_size) : NULL;
	if (!*copy)
		return -ENOMEM;
	memcpy(*copy, raw, raw_size);
	*size = raw_size;
	return 0;
}

/*
 * What led to a declaration may be equal by now to what led to its definition, and so may be
 * circles: canonical form has no types that can't be told apart. Its order is none of units and
 * threads. It is of little endian.
 */
static int merge_equal(struct btf **btf)
{
	_cleanup_free_ void *raw = NULL, *canonical = NULL;
	struct btf *merged;
	size_t size;
	int err = copy_raw(*btf, false, &raw, &size);

	if (!err)
		err = kbtf_btf__canonical(raw, size, &canonical, &size);
	if (err)
		return err;
	merged = btf__new(canonical, (uint32_t)size);
	if (!merged)
		return -errno;
	btf__free(*btf);
	*btf = merged;
	return 0;
}

static int write_types(struct writing *it)
{
	const struct type_records *records = it->records;
	uint32_t last = 0;
	int err = resolve(records, it->numbers);

	for (uint32_t i = 1; !err && i <= records->count; i++)
		it->ids[i] = it->numbers[i] == i ? ++last : 0;
	for (uint32_t i = 1; err >= 0 && i <= records->count; i++) {
		const struct stored_record *stored = &records->items[i - 1];

		if (!it->ids[i])
			continue;
		err = write_record(it, stored);
		if (err >= 0 && stored->record.kind != BTF_KIND_ARRAY)
			err = write_slots(it, stored);
	}
	return err < 0 ? err : 0;
}

int type_records__write(const struct type_records *records, bool big_endian, void **btf,
			size_t *size)
{
	cleanup(writing__free) struct writing it = {
		.records = records,
		.btf = btf__new_empty(),
		.numbers = calloc((size_t)records->count + 1, sizeof(*it.numbers)),
		.ids = calloc((size_t)records->count + 1, sizeof(*it.ids)),
	};
	int err = it.btf && it.numbers && it.ids ? write_types(&it) : -ENOMEM;

	*btf = NULL;
	if (!err)
		err = merge_equal(&it.btf);
	return err ? err : copy_raw(it.btf, big_endian, btf, size);
}
