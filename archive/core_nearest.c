/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_nearest.h"

#include <string.h>

#include "core_words.h"

#define NAME_MAX_COMPARED 63
#define DEPTH_MAX 16

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

static void nearest_type(const struct core_target *target, uint8_t kind, const char *name,
			 struct buf *nearest)
{
	struct likest likest = likest__of(name);

	core_types__look_at_all(&target->types);
	for (uint32_t i = 1; i < target->types.graph->type_count; i++) {
		const struct graph_type *type = core_types__at(&target->types, i);

		if (type->name && core_kinds__agree(type->kind, kind) &&
		    likest__takes(&likest, core_types__string(&target->types, type->name)))
			likest.type = i;
	}
	if (likest.type)
		core_words__type(&target->types, likest.type, nearest);
}

/* ---- members ------------------------------------------------------------------------------------ */

/* The member of this name, through unnamed ones. NULL: there is none. */
static const struct graph_slot *find_member(const struct core_types *types, uint32_t id,
					    const char *name, unsigned int depth)
{
	const struct graph_type *type = core_types__strip(types, &id);
	const struct graph_slot *slots;

	if (!type || !core_kind__is_composite(type->kind) || depth == DEPTH_MAX)
		return NULL;
	slots = core_types__slots(types, type);
	for (uint32_t i = 0; i < type->count; i++) {
		const struct graph_slot *found = &slots[i];

		if (slots[i].name ? strcmp(core_types__string(types, slots[i].name), name) != 0
				  : !(found = find_member(types, slots[i].type, name, depth + 1)))
			continue;
		return found;
	}
	return NULL;
}

static void likest_member(const struct core_types *types, uint32_t id, unsigned int depth,
			  struct likest *likest, const char **found)
{
	const struct graph_type *type = core_types__strip(types, &id);
	const struct graph_slot *slots;

	if (!type || !core_kind__is_composite(type->kind) || depth == DEPTH_MAX)
		return;
	slots = core_types__slots(types, type);
	for (uint32_t i = 0; i < type->count; i++) {
		const char *name = core_types__string(types, slots[i].name);

		if (!slots[i].name) {
			likest_member(types, slots[i].type, depth + 1, likest, found);
		} else if (likest__takes(likest, name)) {
			*found = name;
			likest->type = 1;
		}
	}
}

/* The named one that begins at a bit, and its size. */
static const char *member_at(const struct core_types *types, uint32_t id, uint64_t bit,
			     int64_t size, unsigned int depth)
{
	const struct graph_type *type = core_types__strip(types, &id);
	const struct graph_slot *slots;

	if (!type || !core_kind__is_composite(type->kind) || depth == DEPTH_MAX)
		return NULL;
	slots = core_types__slots(types, type);
	for (uint32_t i = 0; i < type->count; i++) {
		uint64_t begins = core_member__bit_offset(type, &slots[i]);
		const char *inner;

		if (!slots[i].name && bit >= begins) {
			inner = member_at(types, slots[i].type, bit - begins, size, depth + 1);
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
	const char *found = NULL, *how = "";

	core_words__type(&target->types, owner, wrong);
	buf__printf(wrong, " has no member %s", step->name);
	likest_member(&target->types, owner, 0, &likest, &found);
	if (!found) {
		found = member_at(&target->types, owner, core_member__bit_offset(local, member),
				  core_types__size(&object->types, member->type), 0);
		how = ", of the same size in the same place";
	}
	if (!found)
		return;
	say_member(&target->types, root, &spec->local, at, found, nearest);
	buf__printf(nearest, "%s", how);
}

static void nearest_field(const struct core_object *object, const struct core_spec *spec,
			  const struct core_target *target, uint32_t root, struct buf *wrong,
			  struct buf *nearest)
{
	const struct core_types *types = &target->types;
	uint32_t id = root;

	for (uint32_t i = 1; i < spec->local.step_count; i++) {
		const struct core_step *step = &spec->local.steps[i];
		const struct graph_type *type = core_types__strip(types, &id);
		const struct graph_slot *member;

		if (!type)
			break;
		if (!step->name) {
			if (type->kind != TYPE_ARRAY) {
				buf__printf(wrong, "it is no array there, but ");
				core_words__type(types, id, wrong);
				return;
			}
			id = core_types__slots(types, type)->type;
			continue;
		}
		member = find_member(types, id, step->name, 0);
		if (!member) {
			lacking_member(object, spec, target, root, id, i, wrong, nearest);
			return;
		}
		id = member->type;
	}
	core_types__strip(types, &id);
	buf__printf(wrong, "it is of another kind there: ");
	core_words__type(types, id, wrong);
}

static void nearest_enumerator(const struct core_spec *spec, const struct core_target *target,
			       uint32_t root, struct buf *wrong, struct buf *nearest)
{
	const struct graph_type *type = core_types__strip(&target->types, &root);
	const struct graph_slot *slots = core_types__slots(&target->types, type);
	struct likest likest = likest__of(spec->local.steps[0].name);
	const char *found = NULL;

	core_words__type(&target->types, root, wrong);
	buf__printf(wrong, " has no such enumerator");
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

void core_nearest__find(const struct core_object *object, const struct core_spec *spec,
			const struct core_target *target, struct buf *wrong, struct buf *nearest)
{
	const struct graph_type *local = core_types__at(&object->types, spec->local.root);
	const char *name = core_types__string(&object->types, local->name);
	uint32_t root = core_target__candidate(target, local->kind, name, 0);

	if (!root) {
		buf__printf(wrong, "the kernel has no such type");
		nearest_type(target, local->kind, name, nearest);
	} else if (core_kind__is_field(spec->kind)) {
		nearest_field(object, spec, target, root, wrong, nearest);
	} else if (core_kind__is_type(spec->kind)) {
		buf__printf(wrong, "the kernel's is another");
	} else {
		nearest_enumerator(spec, target, root, wrong, nearest);
	}
}
