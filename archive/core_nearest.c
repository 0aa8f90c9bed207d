/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_nearest.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core_likeness.h"
#include "core_words.h"

#define NAME_MAX_COMPARED 63
#define DEPTH_MAX 16
#define MEMBERS_MAX (1u << 18)

/* ---- names ---------------------------------------------------------------------------------- */

/* Letters to add, drop or change; more than `most` is as good as any. */
static uint32_t distance_of(const char *a, size_t a_len, const char *b, size_t b_len, uint32_t most)
{
	uint8_t row[NAME_MAX_COMPARED + 1];

	if (a_len > NAME_MAX_COMPARED || b_len > NAME_MAX_COMPARED ||
	    (a_len > b_len ? a_len - b_len : b_len - a_len) > most)
		return most + 1;
	for (size_t k = 0; k <= b_len; k++)
		row[k] = (uint8_t)k;
	for (size_t i = 1; i <= a_len; i++) {
		uint8_t corner = row[0], best;

		best = row[0] = (uint8_t)i;
		for (size_t k = 1; k <= b_len; k++) {
			uint8_t change = (uint8_t)(corner + (a[i - 1] != b[k - 1]));
			uint8_t above = (uint8_t)(row[k] + 1), left = (uint8_t)(row[k - 1] + 1);

			corner = row[k];
			row[k] = above < left ? above : left;
			row[k] = change < row[k] ? change : row[k];
			best = row[k] < best ? row[k] : best;
		}
		if (best > most)
			return most + 1;
	}
	return row[b_len];
}

/* The likest name so far. */
struct likest {
	const char *name;
	size_t len;      /* without its flavour */
	uint32_t limit;  /* a distance that is too much */
	uint32_t type;
};

static struct likest likest__of(const char *name)
{
	size_t len = core_name__essential(name);

	/* a quarter of it may be another */
	return (struct likest){ .name = name, .len = len,
				.limit = (uint32_t)(len < 4 ? 2 : len / 4 + 1) };
}

/* "state" and "__state", "exit_code" and "exit_code_ns": one has the other in it. */
static bool contains(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len >= 4 && b_len > a_len && memmem(b, b_len, a, a_len);
}

static bool likest__takes(struct likest *likest, const char *name)
{
	size_t len = core_name__essential(name);
	uint32_t distance;

	if (!len)
		return false;
	distance = distance_of(likest->name, likest->len, name, len, likest->limit);
	/* less than a small distance, but better than nothing */
	if (distance >= likest->limit &&
	    (likest->type || (!contains(likest->name, likest->len, name, len) &&
			      !contains(name, len, likest->name, likest->len))))
		return false;
	if (distance < likest->limit)
		likest->limit = distance;
	return true;
}

/* ---- types ------------------------------------------------------------------------------------ */

/* What has the very name, but is no candidate: "union x" where it is a struct, or declared. */
static bool is_other_kind(const struct graph_type *type, uint8_t kind)
{
	return !core_kinds__agree(type->kind, kind) &&
	       (core_kind__is_composite(type->kind) || core_kind__is_enum(type->kind) ||
		type->kind == TYPE_FWD || type->kind == TYPE_TYPEDEF || type->kind == TYPE_INT);
}

/* Whether a name was compared before: BTF that was not deduplicated has it many times. */
static bool is_seen(uint8_t *seen, uint32_t string)
{
	bool before = seen && seen[string / 8] >> string % 8 & 1;

	if (seen)
		seen[string / 8] |= (uint8_t)(1u << string % 8);
	return before;
}

static void nearest_type(const struct core_target *target, uint8_t kind, const char *name,
			 struct buf *nearest)
{
	/* without memory names are compared again, which does no harm */
	_cleanup_free_ uint8_t *seen = calloc(target->types.graph->string_count / 8 + 1, 1);
	struct likest likest = likest__of(name);

	core_types__look_at_all(&target->types);
	for (uint32_t i = 1; i < target->types.graph->type_count; i++) {
		const struct graph_type *type = core_types__at(&target->types, i);

		if (!type->name)
			continue;
		if (is_other_kind(type, kind) &&
		    core_names__agree(name, core_types__string(&target->types, type->name))) {
			likest.type = i;
			break;
		}
		if (!core_kinds__agree(type->kind, kind) || is_seen(seen, type->name))
			continue;
		if (likest__takes(&likest, core_types__string(&target->types, type->name)))
			likest.type = i;
	}
	if (likest.type)
		core_words__type(&target->types, likest.type, nearest);
}

/* ---- members ------------------------------------------------------------------------------------ */

/* How much may be looked at; members without names may nest so that there is no end to it. */
struct budget {
	uint32_t members;
};

/* The struct or union that has members; NULL: it is none, or enough was looked at. */
static const struct graph_type *enter(const struct core_types *types, uint32_t id,
				      unsigned int depth, struct budget *budget)
{
	const struct graph_type *type = core_types__strip(types, &id);

	if (!type || !core_kind__is_composite(type->kind) || depth == DEPTH_MAX ||
	    type->count > budget->members)
		return NULL;
	budget->members -= type->count;
	return type;
}

/* The member of this name, through unnamed ones. NULL: there is none. */
static const struct graph_slot *find_member(const struct core_types *types, uint32_t id,
					    const char *name, unsigned int depth,
					    struct budget *budget)
{
	const struct graph_type *type = enter(types, id, depth, budget);
	const struct graph_slot *slots;

	if (!type)
		return NULL;
	slots = core_types__slots(types, type);
	for (uint32_t i = 0; i < type->count; i++) {
		const struct graph_slot *found = &slots[i];

		if (slots[i].name ? strcmp(core_types__string(types, slots[i].name), name) != 0
				  : !(found = find_member(types, slots[i].type, name, depth + 1, budget)))
			continue;
		return found;
	}
	return NULL;
}

static void likest_member(const struct core_types *types, uint32_t id, unsigned int depth,
			  struct budget *budget, struct likest *likest, const char **found)
{
	const struct graph_type *type = enter(types, id, depth, budget);
	const struct graph_slot *slots;

	if (!type)
		return;
	slots = core_types__slots(types, type);
	for (uint32_t i = 0; i < type->count; i++) {
		const char *name = core_types__string(types, slots[i].name);

		if (!slots[i].name) {
			likest_member(types, slots[i].type, depth + 1, budget, likest, found);
		} else if (likest__takes(likest, name)) {
			*found = name;
			likest->type = 1;
		}
	}
}

/* The named one that begins at a bit, and its size. */
static const char *member_at(const struct core_types *types, uint32_t id, uint64_t bit,
			     int64_t size, unsigned int depth, struct budget *budget)
{
	const struct graph_type *type = enter(types, id, depth, budget);
	const struct graph_slot *slots;

	if (!type)
		return NULL;
	slots = core_types__slots(types, type);
	for (uint32_t i = 0; i < type->count; i++) {
		uint64_t begins = core_member__bit_offset(type, &slots[i]);
		const char *inner;

		if (!slots[i].name && bit >= begins) {
			inner = member_at(types, slots[i].type, bit - begins, size, depth + 1,
					  budget);
			if (inner)
				return inner;
		} else if (begins == bit && core_types__size(types, slots[i].type) == size &&
			   !core_member__bit_size(type, &slots[i])) {
			return core_types__string(types, slots[i].name);
		}
	}
	return NULL;
}

static void say_member(const struct core_types *types, uint32_t root, const struct core_place *local,
		       uint32_t steps, const char *name, struct buf *out)
{
	core_words__type(types, root, out);
	for (uint32_t i = 1; i < steps; i++)
		if (local->steps[i].name)
			buf__printf(out, ".%s", local->steps[i].name);
		else
			buf__printf(out, "[%u]", local->steps[i].index);
	buf__printf(out, ".%s", name);
}

/* `owner` does not have what step `at` wants. */
static void lacking_member(const struct core_object *object, const struct core_spec *spec,
			   const struct core_target *target, uint32_t root, uint32_t owner,
			   uint32_t at, struct buf *wrong, struct buf *nearest)
{
	const struct core_step *step = &spec->local.steps[at];
	const struct graph_type *local = core_types__at(&object->types, step->type);
	const struct graph_slot *member = core_types__slots(&object->types, local) + step->index;
	struct likest likest = likest__of(step->name);
	struct budget budget = { MEMBERS_MAX };
	const char *found = NULL, *how = "";

	core_words__type(&target->types, owner, wrong);
	buf__printf(wrong, " has no member %s", step->name);
	likest_member(&target->types, owner, 0, &budget, &likest, &found);
	if (!found) {
		found = member_at(&target->types, owner, core_member__bit_offset(local, member),
				  core_types__size(&object->types, member->type), 0, &budget);
		how = ", of the same size in the same place";
	}
	if (!found)
		return;
	say_member(&target->types, root, &spec->local, at, found, nearest);
	buf__printf(nearest, "%s", how);
}

/* What is at both ends of a path, where the one is not like the other. */
static void say_kinds(const struct core_object *object, uint32_t local,
		      const struct core_target *target, uint32_t there, struct buf *wrong)
{
	core_words__whole_type(&target->types, there, wrong);
	buf__printf(wrong, ", and here ");
	core_words__whole_type(&object->types, local, wrong);
}

/* An element; false: it is not there. */
static bool enter_element(const struct core_step *step, const struct core_target *target,
			  uint32_t *id, struct buf *wrong)
{
	const struct graph_type *type = core_types__strip(&target->types, id);
	const struct graph_slot *array;

	if (!type || type->kind != TYPE_ARRAY) {
		buf__printf(wrong, "it is no array there, but ");
		core_words__whole_type(&target->types, *id, wrong);
		return false;
	}
	array = core_types__slots(&target->types, type);
	/* one of no length at the end of a struct has any */
	if (array->value && step->index >= array->value) {
		buf__printf(wrong, "the array has %u elements there, and no [%u]", array->value,
			    step->index);
		return false;
	}
	*id = array->type;
	return true;
}

/* The member's type if it is like the object's; false: it is not, or not there. */
static bool enter_member(const struct core_object *object, const struct core_spec *spec, uint32_t at,
			 const struct core_target *target, uint32_t root, uint32_t *id,
			 struct buf *wrong, struct buf *nearest)
{
	const struct core_step *step = &spec->local.steps[at];
	const struct graph_type *owner = core_types__at(&object->types, step->type);
	uint32_t own = core_types__slots(&object->types, owner)[step->index].type;
	struct budget budget = { MEMBERS_MAX };
	const struct graph_slot *member = find_member(&target->types, *id, step->name, 0, &budget);

	if (!member) {
		lacking_member(object, spec, target, root, *id, at, wrong, nearest);
		return false;
	}
	if (core_likeness__of_fields(&object->types, own, &target->types, member->type) > 0) {
		*id = member->type;
		return true;
	}
	buf__printf(wrong, "%s is of another kind there: ",
		    at + 1 == spec->local.step_count ? "it" : step->name);
	say_kinds(object, own, target, member->type, wrong);
	return false;
}

static void nearest_field(const struct core_object *object, const struct core_spec *spec,
			  const struct core_target *target, uint32_t root, struct buf *wrong,
			  struct buf *nearest)
{
	uint32_t id = root;

	for (uint32_t i = 1; i < spec->local.step_count; i++) {
		const struct core_step *step = &spec->local.steps[i];

		if (step->name ? !enter_member(object, spec, i, target, root, &id, wrong, nearest)
			       : !enter_element(step, target, &id, wrong))
			return;
	}
	buf__printf(wrong, "it does not lead there");
}

static void nearest_enumerator(const struct core_spec *spec, const struct core_target *target,
			       uint32_t root, struct buf *wrong, struct buf *nearest)
{
	const struct graph_type *type = core_types__strip(&target->types, &root);
	struct likest likest = likest__of(spec->local.steps[0].name);
	const struct graph_slot *slots;
	const char *found = NULL;

	if (!type || !core_kind__is_enum(type->kind)) {
		buf__printf(wrong, "it is no enumeration there");
		return;
	}
	slots = core_types__slots(&target->types, type);
	core_words__type(&target->types, root, wrong);
	buf__printf(wrong, " has no enumerator %s", spec->local.steps[0].name);
	for (uint32_t i = 0; i < type->count; i++) {
		const char *name = core_types__string(&target->types, slots[i].name);

		if (likest__takes(&likest, name)) {
			found = name;
			likest.type = 1;
		}
	}
	if (found) {
		core_words__type(&target->types, root, nearest);
		buf__printf(nearest, ".%s", found);
	}
}

/* ---- types as a whole ----------------------------------------------------------------------------- */

/* Of a type that is to match member by member: the first member that does not. */
static void first_mismatch(const struct core_object *object, const struct graph_type *local,
			   const struct core_target *target, uint32_t root, struct buf *wrong)
{
	const struct graph_type *there = core_types__strip(&target->types, &root);
	const struct graph_slot *own = core_types__slots(&object->types, local);
	uint32_t steps = 1u << 20;

	core_words__type(&target->types, root, wrong);
	for (uint32_t i = 0; i < local->count; i++) {
		const char *name = core_types__string(&object->types, own[i].name);
		const struct graph_slot *other = NULL;

		for (uint32_t k = 0; k < there->count && !other; k++) {
			const struct graph_slot *slot = core_types__slots(&target->types, there) + k;

			if (core_names__agree(name, core_types__string(&target->types, slot->name)))
				other = slot;
		}
		if (!other) {
			buf__printf(wrong, " has no %s", *name ? name : "such unnamed member");
			return;
		}
		if (core_kind__is_composite(local->kind) && *name &&
		    !core_likeness__of_members(&object->types, own[i].type, &target->types,
					       other->type, &steps)) {
			buf__printf(wrong, ".%s does not match: it is ", name);
			say_kinds(object, own[i].type, target, other->type, wrong);
			return;
		}
	}
	buf__printf(wrong, " does not match");
}

/* What pointers lead to; NULL: circles. */
static const struct graph_type *behind_pointers(const struct core_types *types, uint32_t id)
{
	const struct graph_type *type = core_types__strip(types, &id);

	for (unsigned int i = 0; type && type->kind == TYPE_PTR && i < CORE_CHAIN_MAX; i++) {
		id = type->ref;
		type = core_types__strip(types, &id);
	}
	return type;
}

static void other_type(const struct core_object *object, uint32_t own,
		       const struct core_target *target, uint32_t there, struct buf *wrong)
{
	const struct graph_type *a = behind_pointers(&object->types, own);
	const struct graph_type *b = behind_pointers(&target->types, there);

	if (a && b && a->kind == TYPE_FUNC_PROTO && b->kind == TYPE_FUNC_PROTO &&
	    a->count != b->count) {
		buf__printf(wrong, "its functions have %u parameters there, and here %u", b->count,
			    a->count);
		return;
	}
	buf__printf(wrong, "it is of another type there: ");
	say_kinds(object, own, target, there, wrong);
}

static void nearest_whole(const struct core_object *object, const struct core_spec *spec,
			  const struct core_target *target, uint32_t root, struct buf *wrong)
{
	uint32_t own = spec->local.root, there = root;
	const struct graph_type *a = core_types__strip(&object->types, &own);
	const struct graph_type *b = core_types__strip(&target->types, &there);

	if (!a || !b) {
		buf__printf(wrong, "types that refer to each other in a circle");
	} else if (!core_kinds__agree(a->kind, b->kind)) {
		buf__printf(wrong, "it is of another kind there: ");
		say_kinds(object, own, target, there, wrong);
	} else if (spec->kind == CORE_TYPE_MATCHES && core_kind__is_enum(a->kind) &&
		   a->size != b->size) {
		buf__printf(wrong, "it has %u bytes there, and here %u", b->size, a->size);
	} else if (spec->kind == CORE_TYPE_MATCHES &&
		   (core_kind__is_composite(a->kind) || core_kind__is_enum(a->kind))) {
		first_mismatch(object, a, target, there, wrong);
	} else {
		other_type(object, own, target, there, wrong);
	}
}

void core_nearest__of(const struct core_object *object, const struct core_spec *spec,
		      const struct core_target *target, uint32_t candidate, struct buf *wrong,
		      struct buf *nearest)
{
	if (core_kind__is_field(spec->kind))
		nearest_field(object, spec, target, candidate, wrong, nearest);
	else if (core_kind__is_type(spec->kind))
		nearest_whole(object, spec, target, candidate, wrong);
	else
		nearest_enumerator(spec, target, candidate, wrong, nearest);
}

void core_nearest__find(const struct core_object *object, const struct core_spec *spec,
			const struct core_target *target, struct buf *wrong, struct buf *nearest)
{
	const struct graph_type *local = core_types__at(&object->types, spec->local.root);
	const char *name = core_types__string(&object->types, local->name);
	uint32_t root = core_target__candidate(target, local->kind, name, 0);

	if (root) {
		core_nearest__of(object, spec, target, root, wrong, nearest);
		return;
	}
	buf__printf(wrong, "the kernel has no such type");
	nearest_type(target, local->kind, name, nearest);
}
