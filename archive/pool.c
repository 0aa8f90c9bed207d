/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "canonical.h"

/* ---- words ----------------------------------------------------------------------------- */

int numbers__append(struct numbers *words, const uint32_t *items, uint32_t count)
{
	uint64_t needed = (uint64_t)words->count + count;

	if (needed > words->room) {
		uint64_t room = needed + needed / 2 + 64;
		uint32_t *grown = room > UINT32_MAX ? NULL : realloc(words->items, room * 4);

		if (!grown)
			return -ENOMEM;
		words->items = grown;
		words->room = (uint32_t)room;
	}
	if (count)
		memcpy(words->items + words->count, items, (size_t)count * 4);
	words->count += count;
	return 0;
}

int numbers__add(struct numbers *words, uint32_t word)
{
	return numbers__append(words, &word, 1);
}

void numbers__free(struct numbers *words)
{
	free(words->items);
	*words = (struct numbers){};
}

/* ---- interning --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = length, value;

	for (; length >= 8; bytes += 8, length -= 8) {
		memcpy(&value, bytes, 8);
		hash = mix(hash, value);
	}
	value = 0;
	memcpy(&value, bytes, length);
	return mix(mix(hash, value), 0);
}

static uint64_t hash_words(const uint32_t *words, uint32_t count)
{
	uint64_t hash = count;

	for (uint32_t i = 0; i < count; i++)
		hash = mix(hash, words[i]);
	return mix(hash, 0);
}

/*
 * The slot of what `equal` says is the same, or the empty one where it belongs. Room is
 * made before: the table is never more than half full.
 */
static uint32_t *find_slot(const struct intern *index, uint64_t hash,
			   bool (*equal)(const void *ctx, uint32_t number), const void *ctx)
{
	uint32_t at = (uint32_t)(hash >> 20) & index->mask;

	while (index->slots[at] && !equal(ctx, index->slots[at] - 1))
		at = (at + 1) & index->mask;
	return &index->slots[at];
}

/* What an index is of. */
struct content {
	uint64_t (*hash)(const struct pool *pool, uint32_t number);
	bool (*alike)(const struct pool *pool, uint32_t number, uint32_t other);
	bool (*is_wanted)(const struct pool *pool, uint32_t number); /* NULL: all are */
};

struct twin {
	const struct content *content;
	const struct pool *pool;
	uint32_t number;
};

static bool is_twin(const void *ctx, uint32_t number)
{
	const struct twin *twin = ctx;

	return twin->content->alike(twin->pool, twin->number, number);
}

/*
 * Brings all `count` that there are into the index, which has room for one more then. Of
 * those that are alike the last is found: it is the one that the last kernel has, if it has
 * any. A follower appends again what went and comes back, and a damaged stream may repeat
 * one content so often that no index should hold it more than once.
 */
static int bring_in(struct intern *index, uint32_t count, const struct pool *pool,
		    const struct content *content)
{
	struct twin twin = { content, pool, 0 };

	if (!index->slots || count >= index->mask / 2) {
		uint64_t slots = 1024;

		while (slots / 4 <= count)
			slots *= 2;
		if (slots > UINT32_MAX)
			return -ENOMEM;
		free(index->slots);
		index->slots = calloc(slots, sizeof(*index->slots));
		index->mask = (uint32_t)slots - 1;
		index->count = 0;
		if (!index->slots)
			return -ENOMEM;
	}
	for (; index->count < count; index->count++) {
		twin.number = index->count;
		if (!content->is_wanted || content->is_wanted(pool, twin.number))
			*find_slot(index, content->hash(pool, twin.number), is_twin, &twin) =
				twin.number + 1;
	}
	return 0;
}

/* ---- strings ------------------------------------------------------------------------------- */

struct wanted_string {
	const struct pool *pool;
	const char *text;
	size_t length;
};

static size_t string_length(const struct pool *pool, uint32_t number)
{
	const struct numbers *strings = &pool->strings;
	size_t end = number + 1 < strings->count ? strings->items[number + 1] : pool->text_size;

	return end - strings->items[number] - 1;
}

static bool is_string(const void *ctx, uint32_t number)
{
	const struct wanted_string *wanted = ctx;

	return string_length(wanted->pool, number) == wanted->length &&
	       memcmp(pool__string(wanted->pool, number), wanted->text, wanted->length) == 0;
}

static uint64_t string_hash(const struct pool *pool, uint32_t number)
{
	return hash_bytes(pool__string(pool, number), string_length(pool, number));
}

static bool strings_alike(const struct pool *pool, uint32_t number, uint32_t other)
{
	const struct wanted_string wanted = { pool, pool__string(pool, number),
					      string_length(pool, number) };

	return is_string(&wanted, other);
}

static const struct content of_strings = { string_hash, strings_alike, NULL };

static int reserve_text(struct pool *pool, size_t size)
{
	size_t room = pool->text_size + size;

	if (room <= pool->text_room)
		return 0;
	room += room / 2;
	char *grown = room > UINT32_MAX ? NULL : realloc(pool->text, room);

	if (!grown)
		return -ENOMEM;
	pool->text = grown;
	pool->text_room = room;
	return 0;
}

int pool__append_string(struct pool *pool, const char *text, size_t length, uint32_t *string)
{
	int err;

	if ((err = reserve_text(pool, length + 1)) ||
	    (err = numbers__add(&pool->strings, (uint32_t)pool->text_size)))
		return err;
	memcpy(pool->text + pool->text_size, text, length);
	pool->text[pool->text_size + length] = '\0';
	pool->text_size += length + 1;
	*string = pool->strings.count - 1;
	return 0;
}

int pool__add_string(struct pool *pool, const char *text, size_t length, uint32_t *string)
{
	struct wanted_string wanted = { pool, text, length };
	uint32_t *slot;
	int err = bring_in(&pool->string_index, pool->strings.count, pool, &of_strings);

	if (err)
		return err;
	slot = find_slot(&pool->string_index, hash_bytes(text, length), is_string, &wanted);
	if (!*slot)
		return pool__append_string(pool, text, length, string);
	*string = *slot - 1;
	return 0;
}

/* ---- names and records ---------------------------------------------------------------------- */

struct wanted_words {
	const struct pool *pool;
	const uint32_t *words;
	uint32_t count;
};

static bool is_name(const void *ctx, uint32_t number)
{
	const struct wanted_words *wanted = ctx;

	return memcmp(wanted->pool->names.items + 3 * (size_t)number, wanted->words, 12) == 0;
}

static uint64_t name_hash(const struct pool *pool, uint32_t number)
{
	return hash_words(pool->names.items + 3 * (size_t)number, 3);
}

static bool names_alike(const struct pool *pool, uint32_t number, uint32_t other)
{
	const struct wanted_words wanted = { pool, pool->names.items + 3 * (size_t)number, 3 };

	return is_name(&wanted, other);
}

static const struct content of_names = { name_hash, names_alike, NULL };

int pool__append_name(struct pool *pool, uint8_t kind, uint32_t string, uint32_t variant,
		      uint32_t *name)
{
	const uint32_t words[3] = { kind, string, variant };

	*name = pool->names.count / 3;
	return numbers__append(&pool->names, words, 3);
}

int pool__add_name(struct pool *pool, uint8_t kind, uint32_t string, uint32_t variant,
		   uint32_t *name)
{
	const uint32_t words[3] = { kind, string, variant };
	struct wanted_words wanted = { pool, words, 3 };
	uint32_t *slot;
	int err = bring_in(&pool->name_index, pool->names.count / 3, pool, &of_names);

	if (err)
		return err;
	slot = find_slot(&pool->name_index, hash_words(words, 3), is_name, &wanted);
	if (!*slot)
		return pool__append_name(pool, kind, string, variant, name);
	*name = *slot - 1;
	return 0;
}

static uint32_t record_length(const uint32_t *record)
{
	return RECORD_SLOTS + SLOT_WORDS * record[RECORD_COUNT];
}

static bool is_record(const void *ctx, uint32_t number)
{
	const struct wanted_words *wanted = ctx;
	const uint32_t *record = pool__record(wanted->pool, number);

	return record[RECORD_COUNT] == wanted->words[RECORD_COUNT] &&
	       memcmp(record, wanted->words, (size_t)wanted->count * 4) == 0;
}

static uint64_t record_hash(const struct pool *pool, uint32_t number)
{
	const uint32_t *record = pool__record(pool, number);

	return hash_words(record, record_length(record));
}

static bool is_indexed(const struct pool *pool, uint32_t number)
{
	const uint32_t *record = pool__record(pool, number);

	return pool->index_named || !record[RECORD_NAME] ||
	       (record[RECORD_KIND] & 0xff) == TYPE_TAG;
}

static bool records_alike(const struct pool *pool, uint32_t number, uint32_t other)
{
	const uint32_t *record = pool__record(pool, number);
	const struct wanted_words wanted = { pool, record, record_length(record) };

	return is_record(&wanted, other);
}

static const struct content of_records = { record_hash, records_alike, is_indexed };

void pool__index_named(struct pool *pool)
{
	if (pool->index_named)
		return;
	free(pool->record_index.slots);
	pool->record_index = (struct intern){};
	pool->index_named = true;
}

int pool__append_record(struct pool *pool, const uint32_t *words, uint32_t count,
			uint32_t *record)
{
	uint32_t at = pool->bodies.count;
	int err;

	if ((err = numbers__append(&pool->bodies, words, count)) ||
	    (err = numbers__add(&pool->records, at)))
		return err;
	*record = pool->records.count - 1;
	return 0;
}

int pool__add_record(struct pool *pool, const uint32_t *words, uint32_t count, uint32_t *record)
{
	struct wanted_words wanted = { pool, words, count };
	uint32_t *slot;
	int err = bring_in(&pool->record_index, pool->records.count, pool, &of_records);

	if (err)
		return err;
	slot = find_slot(&pool->record_index, hash_words(words, count), is_record, &wanted);
	/* what is not indexed is not found */
	if (!*slot)
		return pool__append_record(pool, words, count, record);
	*record = *slot - 1;
	return 0;
}

int pool__init(struct pool *pool)
{
	const uint32_t none[RECORD_SLOTS] = {};
	uint32_t zero;
	int err;

	*pool = (struct pool){};
	if ((err = pool__add_string(pool, "", 0, &zero)) ||
	    (err = pool__add_record(pool, none, RECORD_SLOTS, &zero)))
		pool__free(pool);
	return err;
}

void pool__free(struct pool *pool)
{
	free(pool->text);
	numbers__free(&pool->strings);
	numbers__free(&pool->names);
	numbers__free(&pool->bodies);
	numbers__free(&pool->records);
	free(pool->string_index.slots);
	free(pool->name_index.slots);
	free(pool->record_index.slots);
	*pool = (struct pool){};
}

void record_list__free(struct record_list *list)
{
	numbers__free(&list->records);
	numbers__free(&list->names);
}

void record_set__free(struct record_set *set)
{
	record_list__free(&set->data);
	record_list__free(&set->functions);
	numbers__free(&set->roots);
}

bool record_kind__is_function(uint8_t kind)
{
	return kind == TYPE_FUNC || kind == TYPE_DECL_TAG;
}

/* The variant of the next of this kind and name: it counts those before it. */
static uint32_t next_variant(const struct record_list *list, const struct pool *pool, uint32_t kind,
			     uint32_t string)
{
	const uint32_t *last;

	if (!list->names.count)
		return 0;
	last = pool->names.items + 3 * (size_t)list->names.items[list->names.count - 1];
	return last[0] == kind && last[1] == string ? last[2] + 1 : 0;
}

static int add_to_list(struct record_list *list, uint32_t record, uint32_t name)
{
	int err = numbers__add(&list->names, name);

	return err ? err : numbers__add(&list->records, record);
}

int record_list__add_name(struct record_list *list, struct pool *pool, uint32_t kind,
			  uint32_t string, bool fresh)
{
	uint32_t variant = next_variant(list, pool, kind, string), name;
	int err = (fresh ? pool__append_name : pool__add_name)(pool, (uint8_t)kind, string, variant,
							       &name);

	return err ? err : add_to_list(list, 0, name);
}

int record_list__keep(struct record_list *list, struct pool *pool, const struct record_list *old,
		      uint32_t place)
{
	uint32_t record = old->records.items[place], name = old->names.items[place];
	const uint32_t *words = pool->names.items + 3 * (size_t)name;

	if (next_variant(list, pool, words[0], words[1]) == words[2])
		return add_to_list(list, record, name);
	return record_list__add(list, pool, record);
}

int record_list__add(struct record_list *list, struct pool *pool, uint32_t record)
{
	const uint32_t *words = pool__record(pool, record);
	int err = record_list__add_name(list, pool, words[RECORD_KIND] & 0xff, words[RECORD_NAME],
					false);

	if (!err)
		list->records.items[list->records.count - 1] = record;
	return err;
}

/* ---- from a graph ------------------------------------------------------------------------------ */

struct intake {
	struct pool *pool;
	const struct type_graph *graph;
	uint32_t *strings; /* the pool's, by the graph's; 0: not asked for yet */
	uint32_t *refs;    /* how records refer to each type; 0: not yet */
};

static int take_string(struct intake *intake, uint32_t string, uint32_t *out)
{
	const char *text = type_graph__string(intake->graph, string);
	int err = 0;

	if (string && !intake->strings[string])
		err = pool__add_string(intake->pool, text, strlen(text), &intake->strings[string]);
	*out = string ? intake->strings[string] : 0;
	return err;
}

static int take_type(struct intake *intake, uint32_t type, uint32_t *record);

static int take_ref(struct intake *intake, uint32_t type, uint32_t *ref)
{
	int err = 0;

	/* with a name they have theirs by now; others are nested, and in no circle */
	if (type && !intake->refs[type])
		err = take_type(intake, type, &intake->refs[type]);
	*ref = type ? intake->refs[type] : 0;
	return err;
}

static int take_type(struct intake *intake, uint32_t number, uint32_t *record)
{
	const struct graph_type *type = &intake->graph->types[number];
	uint32_t length = RECORD_SLOTS + SLOT_WORDS * type->count;
	_cleanup_free_ uint32_t *words = calloc(length, sizeof(*words));
	int err;

	if (!words)
		return -ENOMEM;
	words[RECORD_KIND] = type->kind | (type->flag ? RECORD_FLAG : 0);
	words[RECORD_SIZE] = type->size;
	words[RECORD_EXTRA] = type->extra;
	words[RECORD_COUNT] = type->count;
	if ((err = take_string(intake, type->name, &words[RECORD_NAME])) ||
	    (err = take_ref(intake, type->ref, &words[RECORD_REF])))
		return err;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct graph_slot *slot = &intake->graph->slots[type->first + i];
		uint32_t *at = words + RECORD_SLOTS + SLOT_WORDS * i;

		at[SLOT_VALUE] = slot->value;
		at[SLOT_HIGH] = slot->high;
		if ((err = take_string(intake, slot->name, &at[SLOT_NAME])) ||
		    (err = take_ref(intake, slot->type, &at[SLOT_TYPE])))
			return err;
	}
	return pool__add_record(intake->pool, words, length, record);
}

/* Variants count among types of one kind and name, which follow each other. */
static int name_types(struct intake *intake)
{
	const struct graph_type *types = intake->graph->types;
	uint32_t variant = 0;

	for (uint32_t i = 1; i < intake->graph->type_count; i++) {
		const struct graph_type *type = &types[i];
		uint32_t string, name;
		int err;

		if (!graph_type__is_named(type))
			continue;
		variant = type->name == types[i - 1].name && type->kind == types[i - 1].kind ?
			  variant + 1 : 0;
		if ((err = take_string(intake, type->name, &string)) ||
		    (err = pool__add_name(intake->pool, type->kind, string, variant, &name)))
			return err;
		intake->refs[i] = name | POOL_NAME_BIT;
	}
	return 0;
}

static int take_set(struct intake *intake, const bool *used, struct record_set *set)
{
	for (uint32_t i = 1; i < intake->graph->type_count; i++) {
		const struct graph_type *type = &intake->graph->types[i];
		uint32_t record;
		int err;

		if (!graph_type__is_named(type) && used[i])
			continue;
		err = take_type(intake, i, &record);
		if (err)
			return err;
		if (!graph_type__is_named(type))
			err = numbers__add(&set->roots, record);
		else
			err = record_list__add(record_kind__is_function(type->kind) ?
					       &set->functions : &set->data,
					       intake->pool, record);
		if (err)
			return err;
	}
	return 0;
}

int record_set__from_graph(struct pool *pool, const struct type_graph *graph,
			   struct record_set *set)
{
	_cleanup_free_ uint32_t *strings = calloc(graph->string_count, sizeof(*strings));
	_cleanup_free_ uint32_t *refs = calloc(graph->type_count, sizeof(*refs));
	_cleanup_free_ bool *used = calloc(graph->type_count, sizeof(*used));
	struct intake intake = { pool, graph, strings, refs };
	int err;

	*set = (struct record_set){};
	if (!strings || !refs || !used)
		return -ENOMEM;
	for (uint32_t i = 1; i < graph->type_count; i++)
		used[graph->types[i].ref] = true;
	for (size_t i = 0; i < graph->slot_count; i++)
		used[graph->slots[i].type] = true;
	if ((err = name_types(&intake)) || (err = take_set(&intake, used, set)))
		record_set__free(set);
	return err;
}

/* ---- as BTF ---------------------------------------------------------------------------------------- */

struct output {
	const struct pool *pool;
	uint32_t *name_ids;   /* type ID by name; 0: not in this set */
	uint32_t *record_ids; /* type ID by record, of types without a name */
	struct numbers order;   /* records by type ID - 1 */
	bool functions;
};

static int number_ref(struct output *out, uint32_t ref, int depth);

static int number_refs(struct output *out, const uint32_t *record, int depth)
{
	const uint32_t *slot = record + RECORD_SLOTS;
	int err = number_ref(out, record[RECORD_REF], depth);

	for (uint32_t i = 0; !err && i < record[RECORD_COUNT]; i++, slot += SLOT_WORDS)
		err = number_ref(out, slot[SLOT_TYPE], depth);
	return err;
}

static int number_ref(struct output *out, uint32_t ref, int depth)
{
	int err;

	if (!ref || ref & POOL_NAME_BIT || out->record_ids[ref])
		return 0;
	if (depth == CANONICAL_MAX_DEPTH)
		return -EBADMSG;
	err = numbers__add(&out->order, ref);
	out->record_ids[ref] = out->order.count;
	return err ? err : number_refs(out, pool__record(out->pool, ref), depth + 1);
}

/* Which of two named records comes first: by name's bytes, then by kind. */
static int compare_records(const struct pool *pool, uint32_t x, uint32_t y)
{
	const uint32_t *a = pool__record(pool, x), *b = pool__record(pool, y);
	int order = a[RECORD_NAME] == b[RECORD_NAME] ? 0 :
		    strcmp(pool__string(pool, a[RECORD_NAME]), pool__string(pool, b[RECORD_NAME]));

	return order ? order : (int)(a[RECORD_KIND] & 0xff) - (int)(b[RECORD_KIND] & 0xff);
}

/* Data types and functions as one list. */
static int merge(const struct pool *pool, const struct record_set *set, bool functions,
		 struct record_list *all)
{
	const struct record_list *a = &set->data, *b = &set->functions;
	uint32_t i = 0, k = 0, k_count = functions ? b->records.count : 0;
	int err = 0;

	while (!err && (i < a->records.count || k < k_count)) {
		bool first = k == k_count ||
			     (i < a->records.count && compare_records(pool, a->records.items[i],
								      b->records.items[k]) <= 0);
		const struct record_list *from = first ? a : b;
		uint32_t at = first ? i++ : k++;

		err = numbers__add(&all->records, from->records.items[at]);
		if (!err)
			err = numbers__add(&all->names, from->names.items[at]);
	}
	return err;
}

static int number_all(struct output *out, const struct record_set *set)
{
	struct record_list all = {};
	int err = merge(out->pool, set, out->functions, &all);

	for (uint32_t i = 0; !err && i < all.records.count; i++)
		err = number_refs(out, pool__record(out->pool, all.records.items[i]), 0);
	for (uint32_t i = 0; !err && i < set->roots.count; i++)
		err = number_ref(out, set->roots.items[i], 0);
	for (uint32_t i = 0; !err && i < all.records.count; i++) {
		err = numbers__add(&out->order, all.records.items[i]);
		if (!err)
			out->name_ids[all.names.items[i]] = out->order.count;
	}
	record_list__free(&all);
	return err;
}

/* ---- the bytes ----------------------------------------------------------------------------------------- */

/* The ID of a type, by how a record refers to it; false if the set has none. */
static bool id_of(const struct output *out, uint32_t ref, uint32_t *id)
{
	*id = !ref ? 0 : ref & POOL_NAME_BIT ? out->name_ids[ref & ~POOL_NAME_BIT]
					     : out->record_ids[ref];
	return !ref || *id;
}

/* BTF has 16 bits for what is counted, and for a function's linkage. */
static bool fits_btf(const struct graph_type *type)
{
	return type->count <= 0xffff && (type->kind != TYPE_FUNC || type->extra <= 0xffff);
}

/* Fills a graph's types and slots: numbers of strings stay the pool's. */
static int fill_graph(const struct output *out, struct type_graph *graph)
{
	for (uint32_t i = 0; i < out->order.count; i++) {
		const uint32_t *record = pool__record(out->pool, out->order.items[i]);
		const uint32_t *slot = record + RECORD_SLOTS;
		struct graph_type *type = &graph->types[i + 1];

		*type = (struct graph_type){
			.name = record[RECORD_NAME], .kind = record[RECORD_KIND] & 0xff,
			.flag = record[RECORD_KIND] & RECORD_FLAG, .size = record[RECORD_SIZE],
			.extra = record[RECORD_EXTRA], .count = record[RECORD_COUNT],
			.first = (uint32_t)graph->slot_count,
		};
		if (!id_of(out, record[RECORD_REF], &type->ref) || !fits_btf(type))
			return -EBADMSG;
		for (uint32_t k = 0; k < type->count; k++, slot += SLOT_WORDS) {
			struct graph_slot *at = &graph->slots[graph->slot_count++];

			*at = (struct graph_slot){ .name = slot[SLOT_NAME],
						   .value = slot[SLOT_VALUE],
						   .high = slot[SLOT_HIGH] };
			if (!id_of(out, slot[SLOT_TYPE], &at->type))
				return -EBADMSG;
		}
	}
	return 0;
}

static int write_order(const struct output *out, void **data, size_t *size)
{
	size_t slots = 0;
	struct type_graph graph = {
		.type_count = out->order.count + 1,
		.text = out->pool->text,
		.strings = out->pool->strings.items,
		.string_count = out->pool->strings.count,
	};
	int err = -ENOMEM;

	for (uint32_t i = 0; i < out->order.count; i++)
		slots += pool__record(out->pool, out->order.items[i])[RECORD_COUNT];
	graph.types = calloc(graph.type_count, sizeof(*graph.types));
	graph.slots = malloc((slots + 1) * sizeof(*graph.slots));
	if (graph.types && graph.slots)
		err = fill_graph(out, &graph);
	if (!err)
		err = type_graph__write(&graph, data, size);
	free(graph.types);
	free(graph.slots);
	return err;
}

int record_set__write(const struct pool *pool, const struct record_set *set, bool functions,
		      void **data, size_t *size)
{
	_cleanup_free_ uint32_t *name_ids = calloc(pool->names.count / 3 + 1, 4);
	_cleanup_free_ uint32_t *record_ids = calloc(pool->records.count + 1, 4);
	struct output out = { pool, name_ids, record_ids, {}, functions };
	int err;

	if (!name_ids || !record_ids)
		return -ENOMEM;
	err = number_all(&out, set);
	if (!err)
		err = write_order(&out, data, size);
	numbers__free(&out.order);
	return err;
}
