/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_wants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "numbers.h"

/* Names with what is wanted of them, in any order and more than once. */
struct collection {
	const struct core_object *object;
	struct core_want *items;
	size_t count, room;
	uint8_t *seen; /* by type */
};

static int by_name(const void *x, const void *y)
{
	const struct core_want *a = x, *b = y;
	int order = memcmp(a->name, b->name, a->length < b->length ? a->length : b->length);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int put(struct collection *it, const char *name, size_t length, struct kbtf_wants wants)
{
	if (!length)
		return 0;
	if (it->count == it->room) {
		size_t room = it->room ? 2 * it->room : 64;
		struct core_want *grown = reallocarray(it->items, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		it->items = grown;
		it->room = room;
	}
	it->items[it->count++] = (struct core_want){ name, length, wants };
	return 0;
}

/* The name of the kernel's: without flavour. */
static int put_type(struct collection *it, const struct graph_type *type, struct kbtf_wants wants)
{
	const char *name = core_types__string(&it->object->types, type->name);

	return put(it, name, core_name__essential(name), wants);
}

/* Bits of `seen`: a type was reached by value, and behind a pointer. */
enum { BY_VALUE = 1, BEHIND = 2 };

static int reach(struct numbers *todo, uint32_t type, uint32_t how)
{
	return type ? numbers__append(todo, (const uint32_t []){ type, how }, 2) : 0;
}

/* What a type that must match leads to. */
static int reach_parts(struct collection *it, struct numbers *todo, const struct graph_type *type,
		       uint32_t how)
{
	const struct graph_slot *slots = core_types__slots(&it->object->types, type);
	bool is_composite = core_kind__is_composite(type->kind);
	/* behind a pointer, arrays and functions begin anew */
	uint32_t inner = type->kind == TYPE_PTR ? BEHIND :
			 type->kind == TYPE_FUNC_PROTO || type->kind == TYPE_ARRAY ? BY_VALUE : how;
	int err = 0;

	if (core_kind__is_enum(type->kind) || (is_composite && how == BEHIND))
		return 0;
	for (uint32_t i = 0; !err && i < type->count; i++)
		err = reach(todo, slots[i].type, inner);
	return err || is_composite ? err : reach(todo, type->ref, inner);
}

/* Of a type that must match: its structs whole. Behind pointers nothing but a name counts. */
static int put_whole(struct collection *it, uint32_t root)
{
	struct numbers todo = {};
	int err = reach(&todo, root, BY_VALUE);

	while (!err && todo.count) {
		uint32_t id, how;
		const struct graph_type *type;

		todo.count -= 2;
		id = todo.items[todo.count];
		how = todo.items[todo.count + 1];
		type = core_types__at(&it->object->types, id);
		if (it->seen[id] & how)
			continue;
		it->seen[id] |= how;
		if (how == BY_VALUE && (core_kind__is_composite(type->kind) ||
					type->kind == TYPE_TYPEDEF))
			err = put_type(it, type, (struct kbtf_wants){ .whole = true });
		if (!err)
			err = reach_parts(it, &todo, type, how);
	}
	numbers__free(&todo);
	return err;
}

static int put_spec(struct collection *it, const struct core_spec *spec)
{
	const struct graph_type *root = core_types__at(&it->object->types, spec->local.root);
	struct kbtf_wants wants = {
		.candidates = 1u << root->kind,
		.followed = core_kind__is_type(spec->kind),
	};
	int err;

	/* both kinds of enumeration are candidates for one another */
	if (core_kind__is_enum(root->kind))
		wants.candidates = 1u << TYPE_ENUM | 1u << TYPE_ENUM64;
	err = put_type(it, root, wants);
	for (uint32_t i = 0; !err && core_kind__is_field(spec->kind) && i < spec->local.step_count; i++)
		if (spec->local.steps[i].name)
			err = put(it, spec->local.steps[i].name, strlen(spec->local.steps[i].name),
				  (struct kbtf_wants){ .as_member = true });
	if (!err && spec->kind == CORE_TYPE_MATCHES)
		err = put_whole(it, spec->local.root);
	return err;
}

static void join(struct kbtf_wants *to, const struct kbtf_wants *from)
{
	to->candidates |= from->candidates;
	to->followed |= from->followed;
	to->whole |= from->whole;
	to->as_member |= from->as_member;
}

/* Each name once. */
static void sort(struct core_want *items, size_t *count)
{
	size_t kept = 0;

	qsort(items, *count, sizeof(*items), by_name);
	for (size_t i = 0; i < *count; i++)
		if (kept && !by_name(&items[kept - 1], &items[i]))
			join(&items[kept - 1].wants, &items[i].wants);
		else
			items[kept++] = items[i];
	*count = kept;
}

int core_wants__add(struct core_wants *wants, const struct core_object *object)
{
	_cleanup_free_ uint8_t *seen = calloc(object->graph.type_count, 1);
	struct collection it = { .object = object, .items = wants->items, .count = wants->count,
				 .room = wants->count, .seen = seen };
	int err = seen ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < object->spec_count; i++)
		err = put_spec(&it, &object->specs[i]);
	wants->items = it.items;
	/* what a failed one added is forgotten: its names are not to outlive it */
	if (err)
		return err;
	if (it.count)
		sort(it.items, &it.count);
	wants->count = it.count;
	return 0;
}

void core_wants__free(struct core_wants *wants)
{
	free(wants->items);
	*wants = (struct core_wants){};
}

static struct kbtf_wants find(const struct core_wants *wants, const char *name, size_t length)
{
	const struct core_want key = { .name = name, .length = length };
	const struct core_want *found = !wants->count ? NULL :
		bsearch(&key, wants->items, wants->count, sizeof(key), by_name);

	return found ? found->wants : (struct kbtf_wants){};
}

struct kbtf_wants core_wants__of(const struct core_wants *wants, const char *name)
{
	struct kbtf_wants found = find(wants, name, core_name__essential(name));

	found.as_member = find(wants, name, strlen(name)).as_member;
	/* the size of pointers is known by it */
	if (core_name__is_long(name))
		found.candidates |= 1u << TYPE_INT;
	return found;
}
