/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "base/json_text.h"
#include "difference_text.h"
#include "type_text.h"

static json_t *buf_json(struct buf *text)
{
	const char *words = buf__cstr(text);

	return words ? json_text(words) : json_null();
}

static json_t *member_json(const struct type_shape *shape, const struct shape_member *member)
{
	_cleanup_buf_ struct buf type = {};
	json_t *object = json_object();

	if (!member) {
		json_decref(object);
		return json_null();
	}
	shape_member__type(shape, member, member->is_body ? 0 : TYPE_TEXT_BODIES, &type);
	json_object_set_new(object, "name", json_text(member->path));
	json_object_set_new(object, "bit_offset", json_integer((json_int_t)member->offset));
	if (member->bits)
		json_object_set_new(object, "bits", json_integer(member->bits));
	json_object_set_new(object, "type", buf_json(&type));
	return object;
}

static json_t *members_json(const struct type_change *change)
{
	json_t *list = json_array();

	for (size_t i = 0; i < change->member_count; i++) {
		const struct member_change *pair = &change->members[i];
		json_t *what = json_array();
		const struct {
			bool is;
			const char *word;
		} words[] = {
			{ !pair->a, "added" }, { !pair->b, "removed" }, { pair->moved, "moved" },
			{ pair->renamed, "renamed" }, { pair->retyped, "retyped" },
			{ pair->respelled, "respelled" },
		};

		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (words[k].is)
				json_array_append_new(what, json_string(words[k].word));
		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "change", what, "a",
						      member_json(&change->a, pair->a), "b",
						      member_json(&change->b, pair->b)));
	}
	return list;
}

static json_t *value_json(const struct shape_enumerator *enumerator)
{
	return enumerator ? json_integer(enumerator->value) : json_null();
}

static json_t *enumerators_json(const struct type_change *change)
{
	json_t *list = json_array();

	for (size_t i = 0; i < change->enumerator_count; i++) {
		const struct enumerator_change *pair = &change->enumerators[i];

		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "name",
						      json_text((pair->a ?: pair->b)->name), "a",
						      value_json(pair->a), "b",
						      value_json(pair->b)));
	}
	return list;
}

/* null: it is not there. */
static json_t *shape_json(const struct type_shape *shape, size_t count)
{
	_cleanup_buf_ struct buf declaration = {}, target = {};
	json_t *object;

	if (!shape->text)
		return json_null();
	object = json_object();
	type_shape__declare(shape, &declaration);
	type_shape__target(shape, TYPE_TEXT_BODIES, &target);
	json_object_set_new(object, "declaration", buf_json(&declaration));
	if (target.len)
		json_object_set_new(object, "type", buf_json(&target));
	if (type_shape__has_size(shape))
		json_object_set_new(object, "size", json_integer(shape->body->size));
	if (btf_is_any_enum(shape->body))
		json_object_set_new(object, "signed", json_boolean(btf_kflag(shape->body)));
	json_object_set_new(object, "variants", json_integer((json_int_t)count));
	return object;
}

static json_t *change_json(const struct type_change *change)
{
	json_t *object = json_pack("{s:s, s:s, s:o, s:o, s:o}", "change",
				   change_how__name(change->how), "kind",
				   change_class__keyword(change->class), "name",
				   json_text(change->name), "a", shape_json(&change->a, change->a_count),
				   "b", shape_json(&change->b, change->b_count));

	if (change->member_count)
		json_object_set_new(object, "members", members_json(change));
	if (change->enumerator_count)
		json_object_set_new(object, "enumerators", enumerators_json(change));
	return object;
}

static json_t *counts_json(const struct difference *difference)
{
	json_t *all = json_object();

	for (enum change_class class = 0; class < CLASS_COUNT; class++) {
		json_t *counts = json_object();

		for (enum change_how how = 0; how <= CHANGE_RESPELLED; how++)
			json_object_set_new(counts, change_how__name(how),
					    json_integer((json_int_t)difference->counts[class][how]));
		json_object_set_new(counts, "same",
				    json_integer((json_int_t)difference->same[class]));
		json_object_set_new(all, change_class__keyword(class), counts);
	}
	return all;
}

json_t *difference__json(const struct difference *difference)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->count; i++)
		json_array_append_new(list, change_json(&difference->changes[i]));
	return json_pack("{s:o, s:o}", "counts", counts_json(difference), "changes", list);
}
