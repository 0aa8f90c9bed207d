/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "core_match.h"

#include <string.h>

#include "core_likeness.h"

struct search {
	const struct core_types *local, *target;
	struct core_place *found;
	const char **why;
	uint32_t *steps;
};

static enum core_fit unknown(struct search *search, const char *why)
{
	*search->why = why;
	return CORE_FIT_UNKNOWN;
}

static enum core_fit circle(struct search *search)
{
	if (!*search->steps)
		return unknown(search, "more types and members than can be compared");
	return unknown(search, "types that refer to each other in a circle, or nest too deep");
}

static enum core_fit fit_of(struct search *search, int likeness)
{
	return likeness < 0 ? circle(search) : likeness ? CORE_FITS : CORE_FITS_NOT;
}

/* ---- members -------------------------------------------------------------------------------- */

static enum core_fit find_member(struct search *search, const struct core_step *wanted,
				 uint32_t *id);

/* The member of this index, with a name or without: is it, or has it, what is wanted? */
static enum core_fit try_member(struct search *search, const struct core_step *wanted,
				const struct graph_type *type, uint32_t index, uint32_t *id)
{
	const struct core_types *local = search->local, *target = search->target;
	const struct graph_slot *member = core_types__slots(target, type) + index;
	const struct graph_type *owner = core_types__at(local, wanted->type);
	const struct graph_slot *own = core_types__slots(local, owner) + wanted->index;
	struct core_place *found = search->found;
	const char *name = core_types__string(target, member->name);
	uint32_t inner = member->type;
	enum core_fit fit;

	if (!*name) {
		fit = find_member(search, wanted, &inner);
	} else {
		if (strcmp(wanted->name, name) != 0)
			return CORE_FITS_NOT;
		found->steps[found->step_count++] = (struct core_step){ *id, index, name };
		fit = fit_of(search, core_likeness__of_fields(local, own->type, target, inner));
	}
	if (fit == CORE_FITS)
		*id = inner;
	return fit;
}

/*
 * In the struct or union `*id`, or in those without a name inside it, a member of the wanted
 * one's name. *id becomes its type. The first one of this name counts, even if it is not
 * alike.
 */
static enum core_fit find_member(struct search *search, const struct core_step *wanted,
				 uint32_t *id)
{
	const struct graph_type *type = core_types__strip(search->target, id);
	struct core_place *found = search->found;

	if (!type)
		return circle(search);
	if (!core_kind__is_composite(type->kind))
		return CORE_FITS_NOT;
	if (found->path_count == CORE_PATH_MAX && type->count)
		return unknown(search, "members that nest deeper than 64 levels");
	for (uint32_t i = 0; i < type->count; i++) {
		const struct graph_slot *member = core_types__slots(search->target, type) + i;
		uint32_t steps = found->step_count;
		enum core_fit fit;

		if (!*search->steps)
			return circle(search);
		--*search->steps;
		found->path[found->path_count++] = i;
		found->bit_offset += core_member__bit_offset(type, member);
		fit = try_member(search, wanted, type, i, id);
		/* one of the name that is not alike ends the search */
		if (fit != CORE_FITS_NOT || found->step_count != steps)
			return fit;
		found->path_count--;
		found->bit_offset -= core_member__bit_offset(type, member);
	}
	return CORE_FITS_NOT;
}

static enum core_fit find_element(struct search *search, const struct core_step *wanted, bool first,
				  uint32_t *id)
{
	const struct core_types *target = search->target;
	const struct graph_type *type = core_types__strip(target, id);
	struct core_place *found = search->found;
	int64_t size;

	if (!type)
		return circle(search);
	/* the first one is an array of the type itself, as a pointer has it */
	if (!first) {
		const struct graph_slot *array = core_types__slots(target, type);

		if (type->kind != TYPE_ARRAY ||
		    (wanted->index >= array->value && !core_place__is_open(target, found, array)))
			return CORE_FITS_NOT;
		*id = array->type;
		if (!core_types__strip(target, id))
			return circle(search);
	}
	if (found->path_count == CORE_PATH_MAX)
		return unknown(search, "members that nest deeper than 64 levels");
	size = core_types__size(target, *id);
	if (size < 0)
		return unknown(search, "a type whose size is unknown");
	found->steps[found->step_count++] = (struct core_step){ *id, wanted->index, NULL };
	found->path[found->path_count++] = wanted->index;
	found->bit_offset += 8 * (uint64_t)size * wanted->index;
	return CORE_FITS;
}

static enum core_fit find_field(struct search *search, const struct core_place *wanted,
				uint32_t type)
{
	uint32_t id = type;

	for (uint32_t i = 0; i < wanted->step_count; i++) {
		const struct core_step *step = &wanted->steps[i];
		enum core_fit fit = step->name ? find_member(search, step, &id)
					       : find_element(search, step, i == 0, &id);

		if (fit != CORE_FITS)
			return fit;
		if (search->found->bit_offset > UINT32_MAX)
			return unknown(search, "a place beyond 512 MiB");
	}
	return CORE_FITS;
}

/* ---- enumerators and types ---------------------------------------------------------------------- */

static enum core_fit find_enumerator(struct search *search, const struct core_step *wanted,
				     uint32_t id)
{
	const struct graph_type *type = core_types__strip(search->target, &id);
	struct core_place *found = search->found;

	if (!type)
		return circle(search);
	if (!core_kind__is_enum(type->kind))
		return CORE_FITS_NOT;
	for (uint32_t i = 0; i < type->count; i++) {
		uint32_t string = core_types__slots(search->target, type)[i].name;
		const char *name = core_types__string(search->target, string);

		if (!*search->steps)
			return circle(search);
		--*search->steps;
		if (!core_names__agree(wanted->name, name))
			continue;
		found->steps[found->step_count++] = (struct core_step){ id, i, name };
		found->path[found->path_count++] = i;
		return CORE_FITS;
	}
	return CORE_FITS_NOT;
}

enum core_fit core_match(const struct core_types *local, const struct core_spec *spec,
			 const struct core_types *target, uint32_t type, struct core_place *found,
			 uint32_t *steps, const char **why)
{
	struct search search = { local, target, found, why, steps };

	/* what lies behind the counts is not looked at, and there is much of it */
	found->root = type;
	found->bit_offset = 0;
	found->step_count = found->path_count = 0;
	if (spec->kind == CORE_TYPE_MATCHES)
		return fit_of(&search, core_likeness__of_members(local, spec->local.root, target,
								 type, steps));
	if (core_kind__is_type(spec->kind))
		return fit_of(&search, core_likeness__of_types(local, spec->local.root, target,
							       type, steps));
	if (core_kind__is_field(spec->kind))
		return find_field(&search, &spec->local, type);
	return find_enumerator(&search, &spec->local.steps[0], type);
}
