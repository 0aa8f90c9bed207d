/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "record_set.h"

#include "base/cleanup.h"

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

/* The words of a slot, as its kind has them. */
static int take_slot(struct intake *intake, uint8_t kind, const struct graph_slot *slot,
		     uint32_t *words)
{
	int err = 0;

	if (kind != TYPE_DATASEC)
		err = take_string(intake, slot->name, words++);
	if (!err && kind != TYPE_ENUM && kind != TYPE_ENUM64)
		err = take_ref(intake, slot->type, words++);
	if (kind != TYPE_FUNC_PROTO)
		*words++ = slot->value;
	if (kind == TYPE_DATASEC || kind == TYPE_ENUM64)
		*words = slot->high;
	return err;
}

static int take_slots(struct intake *intake, const struct graph_type *type, uint32_t *words)
{
	const struct graph_slot *slots = &intake->graph->slots[type->first];
	uint32_t slot_words = type_kind__slot_words(type->kind);
	int err = 0;

	if (type->kind == TYPE_ARRAY) {
		words[ARRAY_LENGTH] = slots[0].value;
		return take_ref(intake, slots[0].type, &words[ARRAY_ELEMENT]) ?:
		       take_ref(intake, slots[1].type, &words[ARRAY_INDEX]);
	}
	for (uint32_t i = 0; !err && i < type->count; i++, words += slot_words)
		err = take_slot(intake, type->kind, &slots[i], words);
	return err;
}

static int take_type(struct intake *intake, uint32_t number, uint32_t *record)
{
	const struct graph_type *type = &intake->graph->types[number];
	bool has_slots = type_kind__slot_words(type->kind);
	const uint32_t head[RECORD_SLOTS] = {
		[RECORD_KIND] = type->kind | (type->flag ? RECORD_FLAG : 0),
		[RECORD_SIZE] = type->size,
		[RECORD_EXTRA] = has_slots ? type->count : type->extra,
	};
	uint32_t length = record__length(head);
	_cleanup_free_ uint32_t *words = calloc(length, sizeof(*words));
	int err;

	if (!words)
		return -ENOMEM;
	memcpy(words, head, sizeof(head));
	if ((err = take_string(intake, type->name, &words[RECORD_NAME])) ||
	    (type_kind__has_ref(type->kind) &&
	     (err = take_ref(intake, type->ref, &words[RECORD_REF]))) ||
	    (err = take_slots(intake, type, words + RECORD_SLOTS)))
		return err;
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
		    (err = pool__add_name(intake->pool, type->kind, string, variant,
					  variant ? intake->refs[i - 1] & ~POOL_NAME_BIT : 0,
					  &name)))
			return err;
		intake->refs[i] = name | POOL_NAME_BIT;
	}
	return 0;
}

static int take_set(struct intake *intake, const bool *used, struct record_set *set)
{
	for (uint32_t i = 1; i < intake->graph->type_count; i++) {
		const struct graph_type *type = &intake->graph->types[i];
		bool named = graph_type__is_named(type);
		struct record_list *list = record_kind__is_function(type->kind) ? &set->functions
										: &set->data;
		uint32_t record;
		int err;

		if (!named && used[i])
			continue;
		err = take_type(intake, i, &record);
		if (err)
			return err;
		if (named)
			err = numbers__add(&list->records, record) ?:
			      numbers__add(&list->names, intake->refs[i] & ~POOL_NAME_BIT);
		else
			err = numbers__add(&set->roots, record);
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
