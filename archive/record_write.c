/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A set as BTF. Types are numbered in one walk and written in another. */
#include "record_set.h"

#include "base/cleanup.h"
#include "base/large.h"
#include "btf_bytes.h"
#include "canonical.h"

struct output {
	const struct pool *pool;
	uint32_t *name_ids;   /* type ID by name; 0: not in this set */
	uint32_t *record_ids; /* type ID by record, of types without a name */
	uint32_t *places;     /* by string: where in the text, once it is used */
	struct numbers order; /* records by type ID - 1 */
	uint8_t *text;
	size_t text_size;
	bool wrong;           /* there is a reference that leads nowhere, or too many of something */
};

/* ---- numbers ------------------------------------------------------------------------------ */

static int number_ref(struct output *out, uint32_t ref, int depth);

/* Of each type that a record refers to, in the order of its words. */
static int number_refs(struct output *out, const uint32_t *record, int depth)
{
	const uint32_t *slot = record + RECORD_SLOTS;
	uint8_t kind = record__kind(record);
	uint32_t words = type_kind__slot_words(kind), count = record[RECORD_COUNT];
	int err = 0;

	if (type_kind__has_ref(kind))
		err = number_ref(out, record[RECORD_REF], depth);
	if (kind == TYPE_ARRAY)
		return number_ref(out, slot[ARRAY_ELEMENT], depth) ?:
		       number_ref(out, slot[ARRAY_INDEX], depth);
	if (!words || kind == TYPE_ENUM || kind == TYPE_ENUM64)
		return err;
	slot += kind == TYPE_DATASEC ? VARIABLE_TYPE : MEMBER_TYPE;
	for (uint32_t i = 0; !err && i < count; i++, slot += words)
		err = number_ref(out, *slot, depth);
	return err;
}

static int number_unnamed(struct output *out, uint32_t number, int depth)
{
	int err;

	if (depth == CANONICAL_MAX_DEPTH)
		return -EBADMSG;
	err = numbers__add(&out->order, number);
	out->record_ids[number] = out->order.count;
	return err ? err : number_refs(out, pool__record(out->pool, number), depth + 1);
}

static inline int number_ref(struct output *out, uint32_t ref, int depth)
{
	if (!ref || ref & POOL_NAME_BIT || out->record_ids[ref])
		return 0;
	return number_unnamed(out, ref, depth);
}

/* Which of two named records comes first: by name's bytes, then by kind. */
static int compare_records(const struct pool *pool, uint32_t x, uint32_t y)
{
	const uint32_t *a = pool__record(pool, x), *b = pool__record(pool, y);
	int order = a[RECORD_NAME] == b[RECORD_NAME] ? 0 :
		    strcmp(pool__string(pool, a[RECORD_NAME]), pool__string(pool, b[RECORD_NAME]));

	return order ? order : (int)record__kind(a) - (int)record__kind(b);
}

static int add_all(struct record_list *all, const struct record_list *from, uint32_t at,
		   uint32_t count)
{
	return numbers__copy(&all->records, &from->records, at, count) ?:
	       numbers__copy(&all->names, &from->names, at, count);
}

/* Data types and functions as one list. */
static int merge(const struct pool *pool, const struct record_set *set, bool functions,
		 struct record_list *all)
{
	const struct record_list *a = &set->data, *b = &set->functions;
	uint32_t i = 0, k_count = functions ? b->records.count : 0;
	uint32_t count = a->records.count + k_count;
	int err = numbers__reserve(&all->records, count) ?: numbers__reserve(&all->names, count);

	for (uint32_t k = 0; !err && k < k_count; k++) {
		uint32_t before = i;

		while (i < a->records.count && compare_records(pool, a->records.items[i],
							       b->records.items[k]) <= 0)
			i++;
		err = add_all(all, a, before, i - before) ?: add_all(all, b, k, 1);
	}
	return err ? err : add_all(all, a, i, a->records.count - i);
}

static int number_all(struct output *out, const struct record_set *set,
		      const struct record_list *all)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < all->records.count; i++)
		err = number_refs(out, pool__record(out->pool, all->records.items[i]), 0);
	for (uint32_t i = 0; !err && i < set->roots.count; i++)
		err = number_ref(out, set->roots.items[i], 0);
	for (uint32_t i = 0; !err && i < all->records.count; i++)
		out->name_ids[all->names.items[i]] = out->order.count + i + 1;
	return err ? err : numbers__append(&out->order, all->records.items, all->records.count);
}

/* ---- the bytes ----------------------------------------------------------------------------------------- */

/* INT, VAR and DECL_TAG have a word for it; a function's linkage stands where others count. */
static bool has_extra_word(uint8_t kind)
{
	return kind == TYPE_INT || kind == TYPE_VAR || kind == TYPE_DECL_TAG;
}

/* Words of all types in BTF: kind and count share one. */
static uint64_t count_words(const struct output *out)
{
	uint64_t words = 0;

	for (uint32_t i = 0; i < out->order.count; i++) {
		const uint32_t *record = pool__record(out->pool, out->order.items[i]);

		words += record__length(record) - 1 + has_extra_word(record__kind(record));
	}
	return words;
}

static uint8_t *put_name(struct output *out, uint8_t *at, uint32_t string)
{
	uint32_t place = out->places[string];

	if (!place && string) {
		size_t size = (size_t)pool__string_length(out->pool, string) + 1;

		memcpy(out->text + out->text_size, pool__string(out->pool, string), size);
		out->places[string] = place = (uint32_t)out->text_size;
		out->text_size += size;
	}
	return btf_bytes__put(at, place);
}

static uint32_t id_of(struct output *out, uint32_t ref)
{
	uint32_t id = !ref ? 0 : ref & POOL_NAME_BIT ? out->name_ids[ref & ~POOL_NAME_BIT]
						     : out->record_ids[ref];

	out->wrong |= ref && !id;
	return id;
}

static uint8_t *put_ref(struct output *out, uint8_t *at, uint32_t ref)
{
	return btf_bytes__put(at, id_of(out, ref));
}

static uint8_t *put_slot(struct output *out, uint8_t *at, uint8_t kind, const uint32_t *slot)
{
	switch (kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		at = put_name(out, at, slot[MEMBER_NAME]);
		at = put_ref(out, at, slot[MEMBER_TYPE]);
		return btf_bytes__put(at, slot[MEMBER_OFFSET]);
	case TYPE_FUNC_PROTO:
		at = put_name(out, at, slot[PARAMETER_NAME]);
		return put_ref(out, at, slot[PARAMETER_TYPE]);
	case TYPE_DATASEC:
		at = put_ref(out, at, slot[VARIABLE_TYPE]);
		at = btf_bytes__put(at, slot[VARIABLE_OFFSET]);
		return btf_bytes__put(at, slot[VARIABLE_SIZE]);
	default: /* enumerators */
		at = put_name(out, at, slot[ENUMERATOR_NAME]);
		at = btf_bytes__put(at, slot[ENUMERATOR_VALUE]);
		return kind == TYPE_ENUM64 ? btf_bytes__put(at, slot[ENUMERATOR_HIGH]) : at;
	}
}

static uint8_t *put_record(struct output *out, uint8_t *at, const uint32_t *record)
{
	const uint32_t *slot = record + RECORD_SLOTS;
	uint8_t kind = record__kind(record);
	uint32_t words = type_kind__slot_words(kind), extra = record[RECORD_EXTRA];
	uint32_t count = words || kind == TYPE_FUNC ? extra : 0;

	/* BTF has 16 bits for it */
	out->wrong |= count > 0xffff;
	at = put_name(out, at, record[RECORD_NAME]);
	at = btf_bytes__put_info(at, kind, record[RECORD_KIND] & RECORD_FLAG, count & 0xffff);
	if (type_kind__has_ref(kind))
		at = put_ref(out, at, record[RECORD_REF]);
	else
		at = btf_bytes__put(at, record[RECORD_SIZE]);
	if (kind == TYPE_ARRAY) {
		at = put_ref(out, at, slot[ARRAY_ELEMENT]);
		at = put_ref(out, at, slot[ARRAY_INDEX]);
		return btf_bytes__put(at, slot[ARRAY_LENGTH]);
	}
	if (has_extra_word(kind))
		return btf_bytes__put(at, extra);
	for (uint32_t i = 0; words && i < count; i++, slot += words)
		at = put_slot(out, at, kind, slot);
	return at;
}

static int write_order(struct output *out, void **data, size_t *size)
{
	uint64_t types_size = 4 * count_words(out);
	uint64_t room = BTF_HEADER_SIZE + types_size + out->pool->text_size;
	_cleanup_free_ uint8_t *bytes = room > UINT32_MAX ? NULL : large__alloc(room);
	uint8_t *at;

	if (!bytes)
		return -ENOMEM;
	out->text = bytes + BTF_HEADER_SIZE + types_size;
	out->text[0] = '\0';
	out->text_size = 1;
	at = bytes + BTF_HEADER_SIZE;
	for (uint32_t i = 0; i < out->order.count; i++)
		at = put_record(out, at, pool__record(out->pool, out->order.items[i]));
	if (out->wrong)
		return -EBADMSG;
	btf_bytes__put_header(bytes, (uint32_t)types_size, (uint32_t)out->text_size);
	*size = BTF_HEADER_SIZE + types_size + out->text_size;
	*data = steal_ptr(bytes);
	return 0;
}

/* ---- a graph -------------------------------------------------------------------------------------------- */

void set_graph__free(struct set_graph *it)
{
	free(it->graph.types);
	free(it->graph.slots);
	record_list__free(&it->named);
	*it = (struct set_graph){};
}

static struct graph_slot slot_of(struct output *out, uint8_t kind, const uint32_t *slot)
{
	switch (kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		return (struct graph_slot){ slot[MEMBER_NAME], id_of(out, slot[MEMBER_TYPE]),
					    slot[MEMBER_OFFSET], 0 };
	case TYPE_FUNC_PROTO:
		return (struct graph_slot){ slot[PARAMETER_NAME], id_of(out, slot[PARAMETER_TYPE]),
					    0, 0 };
	case TYPE_DATASEC:
		return (struct graph_slot){ 0, id_of(out, slot[VARIABLE_TYPE]),
					    slot[VARIABLE_OFFSET], slot[VARIABLE_SIZE] };
	default: /* enumerators */
		return (struct graph_slot){ slot[ENUMERATOR_NAME], 0, slot[ENUMERATOR_VALUE],
					    kind == TYPE_ENUM64 ? slot[ENUMERATOR_HIGH] : 0 };
	}
}

static void fill_type(struct output *out, const uint32_t *record, struct graph_type *type,
		      struct type_graph *graph)
{
	const uint32_t *slot = record + RECORD_SLOTS;
	uint8_t kind = record__kind(record);
	uint32_t words = type_kind__slot_words(kind);

	*type = (struct graph_type){ .name = record[RECORD_NAME], .kind = kind,
				     .flag = record[RECORD_KIND] & RECORD_FLAG,
				     .first = (uint32_t)graph->slot_count };
	if (type_kind__has_ref(kind))
		type->ref = id_of(out, record[RECORD_REF]);
	else
		type->size = record[RECORD_SIZE];
	*(words ? &type->count : &type->extra) = record[RECORD_EXTRA];
	if (kind == TYPE_ARRAY) {
		type->count = 2;
		type->extra = 0;
		graph->slots[graph->slot_count++] = (struct graph_slot){
			.type = id_of(out, slot[ARRAY_ELEMENT]), .value = slot[ARRAY_LENGTH] };
		graph->slots[graph->slot_count++] = (struct graph_slot){
			.type = id_of(out, slot[ARRAY_INDEX]) };
		return;
	}
	/* BTF has 16 bits for it */
	out->wrong |= type->count > 0xffff;
	for (uint32_t i = 0; i < type->count; i++, slot += words)
		graph->slots[graph->slot_count++] = slot_of(out, kind, slot);
}

static int graph_order(struct output *out, struct type_graph *graph)
{
	size_t slots = 0;

	for (uint32_t i = 0; i < out->order.count; i++) {
		const uint32_t *record = pool__record(out->pool, out->order.items[i]);
		uint8_t kind = record__kind(record);

		slots += kind == TYPE_ARRAY ? 2 :
			 type_kind__slot_words(kind) ? record[RECORD_EXTRA] : 0;
	}
	*graph = (struct type_graph){
		.types = calloc((size_t)out->order.count + 1, sizeof(*graph->types)),
		.type_count = out->order.count + 1,
		.slots = malloc((slots + 1) * sizeof(*graph->slots)),
		.text = out->pool->text,
		.strings = out->pool->strings.items,
		.string_count = out->pool->strings.count,
	};
	for (uint32_t i = 0; graph->types && graph->slots && i < out->order.count; i++)
		fill_type(out, pool__record(out->pool, out->order.items[i]), &graph->types[i + 1],
			  graph);
	if (!graph->types || !graph->slots)
		return -ENOMEM;
	return out->wrong ? -EBADMSG : 0;
}

int record_set__to_graph(const struct pool *pool, const struct record_set *set,
			 struct set_graph *graph)
{
	_cleanup_free_ uint32_t *name_ids = calloc((size_t)pool__name_count(pool) + 1, 4);
	_cleanup_free_ uint32_t *record_ids = calloc((size_t)pool->records.count + 1, 4);
	struct output out = { .pool = pool, .name_ids = name_ids, .record_ids = record_ids };
	int err;

	*graph = (struct set_graph){};
	err = name_ids && record_ids ? merge(pool, set, false, &graph->named) : -ENOMEM;
	if (!err)
		err = number_all(&out, set, &graph->named);
	if (!err)
		err = graph_order(&out, &graph->graph);
	if (!err)
		graph->first_named = graph->graph.type_count - graph->named.records.count;
	else
		set_graph__free(graph);
	numbers__free(&out.order);
	return err;
}

int record_set__write(const struct pool *pool, const struct record_set *set, bool functions,
		      void **data, size_t *size)
{
	_cleanup_free_ uint32_t *name_ids = calloc((size_t)pool__name_count(pool) + 1, 4);
	_cleanup_free_ uint32_t *record_ids = calloc((size_t)pool->records.count + 1, 4);
	_cleanup_free_ uint32_t *places = calloc(pool->strings.count, 4);
	struct output out = { .pool = pool, .name_ids = name_ids, .record_ids = record_ids,
			      .places = places };
	struct record_list all = {};
	int err;

	if (!name_ids || !record_ids || !places)
		return -ENOMEM;
	err = merge(pool, set, functions, &all) ?: number_all(&out, set, &all);
	record_list__free(&all);
	if (!err)
		err = write_order(&out, data, size);
	numbers__free(&out.order);
	return err;
}
