/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_likeness.h"

#include <errno.h>

#define INT_OFFSET(extra) ((extra) >> 16 & 0xff)
#define INT_SIGN(extra) ((extra) >> 24 & 1)

/* Two types on the way, and how much further the way may go. */
struct pair {
	const struct core_types *local, *target;
	uint32_t *steps;
};

static const char *name_of(const struct core_types *types, const struct graph_type *type)
{
	return core_types__string(types, type->name);
}

static const struct graph_slot *array_of(const struct core_types *types,
					 const struct graph_type *type)
{
	return core_types__slots(types, type);
}

static bool take_step(struct pair *pair)
{
	return *pair->steps && (*pair->steps)--;
}

/* Integers of a past form, that lie within their bytes somewhere, are like none. */
static bool ints_alike(const struct graph_type *a, const struct graph_type *b)
{
	return !INT_OFFSET(a->extra) && !INT_OFFSET(b->extra);
}

/* ---- what is read -------------------------------------------------------------------------- */

int core_likeness__of_fields(const struct core_types *local, uint32_t a,
			     const struct core_types *target, uint32_t b)
{
	for (unsigned int i = 0; i < CORE_CHAIN_MAX; i++) {
		const struct graph_type *x = core_types__strip(local, &a);
		const struct graph_type *y = core_types__strip(target, &b);

		if (!x || !y)
			return -ELOOP;
		if (core_kind__is_composite(x->kind) && core_kind__is_composite(y->kind))
			return 1;
		if (!core_kinds__agree(x->kind, y->kind))
			return 0;
		switch (x->kind) {
		case TYPE_PTR:
		case TYPE_FLOAT:
			return 1;
		case TYPE_FWD:
		case TYPE_ENUM:
		case TYPE_ENUM64:
			return !x->name || !y->name ||
			       core_names__agree(name_of(local, x), name_of(target, y));
		case TYPE_INT:
			return ints_alike(x, y);
		case TYPE_ARRAY:
			a = array_of(local, x)->type;
			b = array_of(target, y)->type;
			break;
		default:
			return 0;
		}
	}
	return -ELOOP;
}

/* ---- what is looked for --------------------------------------------------------------------- */

static int types_alike(struct pair *pair, uint32_t a, uint32_t b, int depth);

/* Of functions: as many parameters, each alike. */
static int parameters_alike(struct pair *pair, const struct graph_type *x,
			    const struct graph_type *y, int depth,
			    int (*alike)(struct pair *pair, uint32_t a, uint32_t b, int depth))
{
	if (x->count != y->count)
		return 0;
	for (uint32_t i = 0; i < x->count; i++) {
		int res = alike(pair, core_types__slots(pair->local, x)[i].type,
				core_types__slots(pair->target, y)[i].type, depth - 1);

		if (res <= 0)
			return res;
	}
	return 1;
}

static int types_alike(struct pair *pair, uint32_t a, uint32_t b, int depth)
{
	for (int left = CORE_LIKENESS_DEPTH; left > 0; left--) {
		const struct graph_type *x = core_types__strip(pair->local, &a);
		const struct graph_type *y = core_types__strip(pair->target, &b);
		int res;

		if (depth < 0 || !x || !y || !take_step(pair))
			return -ELOOP;
		if (!core_kinds__agree(x->kind, y->kind))
			return 0;
		switch (x->kind) {
		case 0: case TYPE_STRUCT: case TYPE_UNION: case TYPE_ENUM: case TYPE_ENUM64:
		case TYPE_FWD:
			return 1;
		case TYPE_INT:
			return ints_alike(x, y);
		case TYPE_PTR:
			break;
		case TYPE_ARRAY:
			a = array_of(pair->local, x)->type;
			b = array_of(pair->target, y)->type;
			continue;
		case TYPE_FUNC_PROTO:
			res = parameters_alike(pair, x, y, depth, types_alike);
			if (res <= 0)
				return res;
			break;
		default:
			return 0;
		}
		a = x->ref;
		b = y->ref;
	}
	return -ELOOP;
}

int core_likeness__of_types(const struct core_types *local, uint32_t a,
			    const struct core_types *target, uint32_t b, uint32_t *steps)
{
	struct pair pair = { local, target, steps };

	/* as they stand, with typedefs: a typedef is like no struct, whatever it is for */
	if (!core_kinds__agree(core_types__at(local, a)->kind, core_types__at(target, b)->kind))
		return 0;
	return types_alike(&pair, a, b, CORE_LIKENESS_DEPTH);
}

/* ---- member by member ------------------------------------------------------------------------ */

static bool slots_agree(const struct pair *pair, const struct graph_slot *a,
			const struct graph_slot *b)
{
	if (!b->name || !a->name)
		return !b->name && !a->name;
	return core_names__agree(core_types__string(pair->local, a->name),
				 core_types__string(pair->target, b->name));
}

/* Each enumerator has one of its name; their values are not compared. */
static int enums_match(struct pair *pair, const struct graph_type *x, const struct graph_type *y)
{
	if (!core_kind__is_enum(y->kind) || x->size != y->size || x->count > y->count)
		return 0;
	for (uint32_t i = 0; i < x->count; i++) {
		uint32_t k = 0;

		while (k < y->count && !slots_agree(pair, &core_types__slots(pair->local, x)[i],
						    &core_types__slots(pair->target, y)[k]))
			k += take_step(pair) ? 1 : y->count;
		if (!*pair->steps)
			return -ELOOP;
		if (k == y->count)
			return 0;
	}
	return 1;
}

static int members_match(struct pair *pair, uint32_t a, uint32_t b, bool behind, int depth);

static int member_matches(struct pair *pair, const struct graph_slot *member,
			  const struct graph_type *y, int depth)
{
	for (uint32_t i = 0; i < y->count; i++) {
		const struct graph_slot *other = &core_types__slots(pair->target, y)[i];
		int res;

		if (!take_step(pair))
			return -ELOOP;
		if (!slots_agree(pair, member, other))
			continue;
		res = members_match(pair, member->type, other->type, false, depth - 1);
		if (res)
			return res;
	}
	return 0;
}

static int composites_match(struct pair *pair, const struct graph_type *x,
			    const struct graph_type *y, int depth)
{
	if (x->kind != y->kind || x->count > y->count)
		return 0;
	for (uint32_t i = 0; i < x->count; i++) {
		int res = member_matches(pair, &core_types__slots(pair->local, x)[i], y, depth);

		if (res <= 0)
			return res;
	}
	return 1;
}

/* A struct and its declaration, or a union and its own. */
static bool declares(const struct graph_type *fwd, const struct graph_type *type)
{
	return fwd->kind == TYPE_FWD &&
	       type->kind == (fwd->flag ? TYPE_UNION : TYPE_STRUCT);
}

static int declaration_matches(const struct graph_type *x, const struct graph_type *y, bool behind)
{
	if (x->kind == y->kind)
		return x->flag == y->flag;
	return behind && declares(x, y);
}

/* `behind` a pointer nothing but the kind and the name of a struct counts. */
static int pointed_match(const struct graph_type *x, const struct graph_type *y)
{
	return x->kind == y->kind || declares(y, x);
}

static int behind_match(struct pair *pair, uint32_t a, uint32_t b, int depth)
{
	return members_match(pair, a, b, true, depth);
}

static int beside_match(struct pair *pair, uint32_t a, uint32_t b, int depth)
{
	return members_match(pair, a, b, false, depth);
}

static int members_match(struct pair *pair, uint32_t a, uint32_t b, bool behind, int depth)
{
	for (int left = CORE_LIKENESS_DEPTH; left > 0; left--) {
		const struct graph_type *x = core_types__strip(pair->local, &a);
		const struct graph_type *y = core_types__strip(pair->target, &b);
		int res;

		if (depth <= 0 || !x || !y || !take_step(pair))
			return -ELOOP;
		if (!x->name || !y->name ? x->name || y->name :
		    !core_names__agree(name_of(pair->local, x), name_of(pair->target, y)))
			return 0;
		switch (x->kind) {
		case TYPE_FWD:
			return declaration_matches(x, y, behind);
		case TYPE_ENUM:
		case TYPE_ENUM64:
			return enums_match(pair, x, y);
		case TYPE_STRUCT:
		case TYPE_UNION:
			return behind ? pointed_match(x, y) : composites_match(pair, x, y, depth);
		default:
			if (x->kind != y->kind)
				return 0;
		}
		switch (x->kind) {
		case 0:
			return 1;
		case TYPE_INT:
			return x->size == y->size && INT_SIGN(x->extra) == INT_SIGN(y->extra);
		case TYPE_ARRAY:
			if (array_of(pair->local, x)->value != array_of(pair->target, y)->value)
				return 0;
			a = array_of(pair->local, x)->type;
			b = array_of(pair->target, y)->type;
			continue;
		case TYPE_PTR:
			behind = true;
			break;
		case TYPE_FUNC_PROTO:
			res = parameters_alike(pair, x, y, depth,
					       behind ? behind_match : beside_match);
			if (res <= 0)
				return res;
			break;
		default:
			return 0;
		}
		a = x->ref;
		b = y->ref;
	}
	return -ELOOP;
}

int core_likeness__of_members(const struct core_types *local, uint32_t a,
			      const struct core_types *target, uint32_t b, uint32_t *steps)
{
	struct pair pair = { local, target, steps };

	return members_match(&pair, a, b, false, CORE_LIKENESS_DEPTH);
}
